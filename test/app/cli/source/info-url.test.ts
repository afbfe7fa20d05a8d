// `platter info URL`: what a file on a server is, by parts of it.
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { seededBytes } from '../../../lab/lab.ts';
import { answerWith, ignoreRanges, serve, WebServer, type Behaviour } from '../../download/web-server.ts';
import { Folder, lacks } from '../../parsers/source-files.ts';
import { MiB, platter, type JsonObject } from '../support.ts';

const missing = [...decoderLacks(), ...['zip', 'zstd', 'qemu-img'].flatMap((tool) => lacks(tool) ?? [])];
const skip = missing.length > 0 ? ` (without ${missing.join(', ')})` : '';

/** `disk.img`, 40 MiB with a GPT: a FAT at 1 MiB, and at 30 MiB an ext4 after bytes that do not pack. */
async function imaged(): Promise<Folder> {
  const folder = new Folder();
  await folder.run(`
    truncate -s 40M disk.img
    printf 'label: gpt\\nstart=2048, size=8M, type=U, name=boot\\nstart=61440, size=8M, type=L, name=root\\n' |
      sfdisk -q disk.img
    truncate -s 8M fat && mkfs.vfat -F 12 -n FIRMWARE -i 1234abcd fat
    truncate -s 8M ext && mke2fs -q -t ext4 -L rootfs -U 01234567-89ab-cdef-0123-456789abcdef ext
    dd if=fat of=disk.img bs=1M seek=1 conv=notrunc
    dd if=/dev/urandom of=disk.img bs=1M seek=10 count=9 conv=notrunc
    dd if=ext of=disk.img bs=1M seek=30 conv=notrunc`);
  return folder;
}

/** The same, made into \`made\` by a command. */
async function served(command: string, behaviour: Behaviour = serve): Promise<WebServer> {
  using folder = await imaged();
  await folder.run(command);
  const server = await WebServer.start(readFileSync(folder.at('made')));
  server.otherwise = behaviour;
  return server;
}

const BOOT = { number: 1, start: MiB, name: 'boot', signatures: [{ type: 'vfat', label: 'FIRMWARE' }] };
const ROOT = { number: 2, start: 30 * MiB, name: 'root', signatures: [{ type: 'ext4', label: 'rootfs' }] };

const env = { http_proxy: '', https_proxy: '', no_proxy: '*' };
const info = (...args: string[]): ReturnType<typeof platter> => platter(['info', ...args], { env });

interface Printed extends JsonObject {
  code: number | null;
  remote: { name: string; ranges: string; fetched: number; complete: boolean };
}
async function document(...args: string[]): Promise<Printed> {
  const { code, stdout, stderr } = await info('--json', ...args);
  expect(stderr).toBe('');
  return { ...(JSON.parse(stdout) as Omit<Printed, 'code'>), code } as Printed;
}

/** Bytes of the bodies that were asked for; null when the whole file was. */
const asked = ({ headers }: IncomingMessage): number | null => {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/u.exec(headers.range ?? '') ?? [];
  return first === undefined ? null : Number(last) - Number(first) + 1;
};

describe(`platter info of a URL${skip}`, { skip: missing.length > 0 }, () => {
  test('shows the partitions of a raw image, and fetches little of it', async () => {
    await using server = await served('mv disk.img made');
    const { code, remote, ...found } = await document(server.url('/images/disk.img?key=secret'));
    expect([code, found.problem]).toEqual([0, null]);
    expect(found).toMatchObject({
      path: server.url('/images/disk.img?...'),
      kind: 'file',
      disk: null,
      bytes: 40 * MiB,
      size: 40 * MiB,
      sizeIs: 'exact',
      packed: null,
      content: { kind: 'image', format: 'GPT' },
      table: { kind: 'gpt', backup: 'right', backupAtEnd: true, partitions: [BOOT, ROOT] },
      checksum: null,
      unclear: [],
      bmap: null,
      copied: null,
    });
    expect(remote).toMatchObject({ name: 'disk.img', ranges: 'yes', complete: true });
    const bytes = server.requests.map(asked);
    expect(bytes).not.toContain(null);
    expect(bytes.reduce<number>((sum, one) => sum + one!, 0)).toBe(remote.fetched);
    expect(remote.fetched).toBeLessThan(2 * MiB);
    // Every part but the first is of the version that the first one was of.
    expect(server.requests.slice(1).map(({ headers }) => headers['if-range'])).toEqual(
      server.requests.slice(1).map(() => server.etag),
    );
  });

  test('shows people what the server gives', async () => {
    await using server = await served('mv disk.img made');
    const { code, stdout } = await info(server.url());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}Name {7}disk\.img$/mu);
    expect(stdout).toMatch(/^ {2}Size {7}41\.9 MB \(41,943,040 bytes\)$/mu);
    expect(stdout).toMatch(/^ {2}Server {5}gives parts of the file; \d+(\.\d)? [kM]B were fetched$/mu);
  });

  test.each([
    ['xz', 'xz -1 --block-size=4M -T2 -c disk.img', [BOOT, ROOT]],
    ['zstd', "split -b 2M --filter='cat > one && zstd -q -1 -c one' disk.img", [BOOT, ROOT]],
    ['qcow2', 'qemu-img convert -O qcow2 disk.img made && cat made', [BOOT, ROOT]],
    ['vmdk', 'qemu-img convert -O vmdk disk.img made && cat made', [BOOT, ROOT]],
    ['vdi', 'qemu-img convert -O vdi disk.img made && cat made', [BOOT, ROOT]],
    ['vhdx', 'qemu-img convert -O vhdx disk.img made && cat made', [BOOT, ROOT]],
    ['vhd', 'qemu-img convert -O vpc -o subformat=fixed,force_size=on disk.img made && cat made', [BOOT, ROOT]],
  ])('shows the size and the partitions of an image in %s', async (format, command, partitions) => {
    await using server = await served(`(${command}) > other && mv other made`);
    const found = await document(server.url());
    const exact = format !== 'zstd';
    expect(found).toMatchObject({
      code: 0,
      bytes: server.content.length,
      packed: { format },
      size: exact ? 40 * MiB : (expect.any(Number) as unknown),
      sizeIs: exact ? 'exact' : 'atLeast',
      table: { kind: 'gpt', partitions },
      problem: null,
    });
    expect(server.requests.map(asked)).not.toContain(null);
  });

  test.each([
    ['gzip', 'gzip -1 -c disk.img'],
    ['bzip2', 'bzip2 -1 -c disk.img'],
  ])('shows what an image in %s is at least', async (format, command) => {
    await using server = await served(`${command} > made`);
    const found = await document(server.url());
    expect(found).toMatchObject({
      packed: { format },
      size: 40 * MiB,
      sizeIs: 'atLeast',
      table: { partitions: [BOOT, {}] },
    });
    expect(found.remote.fetched).toBeLessThanOrEqual(16 * MiB);
  });

  test.each([
    ['', 'zip -q'],
    [' (zip64)', 'zip -q -fz'],
  ])('shows the files in a ZIP%s, and the one that is named', async (_, zip) => {
    await using server = await served(
      `head -c 18M /dev/urandom > first.bin; echo hi > README; ${zip} a.zip first.bin README disk.img; mv a.zip made`,
    );
    const found = await document(server.url());
    expect(found).toMatchObject({
      code: 1,
      packed: {
        format: 'zip',
        entries: [
          { name: 'first.bin', size: 18 * MiB },
          { name: 'README', size: 3 },
          { name: 'disk.img', size: 40 * MiB },
        ],
        entry: null,
      },
    });
    expect(found.remote).toMatchObject({ ranges: 'yes', complete: true });
    expect(found.remote.fetched).toBeLessThan(2 * MiB);
    const entry = await document(server.url(), '--entry', 'disk.img');
    expect(entry).toMatchObject({
      code: 0,
      packed: { entry: 'disk.img' },
      size: 40 * MiB,
      sizeIs: 'exact',
      table: { partitions: [BOOT, {}] },
    });
  });

  test('ends at 16 MiB, and says so', async () => {
    using folder = new Folder();
    // The second partition is behind more packed bytes than are fetched.
    await folder.run(`
      truncate -s 60M disk.img
      printf 'label: gpt\\nstart=2048, size=8M, name=boot\\nstart=98304, size=8M, name=root\\n' | sfdisk -q disk.img
      dd if=/dev/urandom of=disk.img bs=1M seek=10 count=30 conv=notrunc && gzip -1 disk.img`);
    await using server = await WebServer.start(readFileSync(folder.at('disk.img.gz')));
    const found = await document(server.url('/disk.img.gz'));
    expect(found).toMatchObject({
      code: 0,
      table: { partitions: [{ name: 'boot' }, { signatures: null }] },
      problem: null,
    });
    expect(found.remote.complete).toBe(false);
    expect(found.remote.fetched).toBeLessThanOrEqual(16 * MiB);
    expect((await info(server.url())).stdout).toContain('and more would have told more');
  });

  test.each([
    [
      'a raw image',
      'mv disk.img made',
      {
        packed: null,
        size: 40 * MiB,
        sizeIs: 'exact',
        table: { backup: 'unread', partitions: [{ name: 'boot' }, { name: 'root', signatures: null }] },
      },
    ],
    [
      'xz',
      'xz -1 -c disk.img > made',
      { packed: { format: 'xz' }, size: 40 * MiB, sizeIs: 'atLeast', table: { partitions: [{ name: 'boot' }, {}] } },
    ],
    [
      'ZIP',
      'zip -q a.zip disk.img; mv a.zip made',
      { packed: { format: 'zip', entries: null }, size: null, sizeIs: 'unknown', table: null },
    ],
  ])('looks at the start of %s where the server gives no parts', async (_, command, expected) => {
    await using server = await served(command, ignoreRanges);
    const found = await document(server.url());
    expect(found).toMatchObject({ code: 0, bytes: server.content.length, problem: null, ...expected });
    expect(found.remote).toMatchObject({ ranges: 'no', complete: false });
    expect(found.remote.fetched).toBeLessThan(2 * MiB);
    expect(server.requests).toHaveLength(1);
    const { stdout } = await info(server.url());
    expect(stdout).toMatch(/Server +does not give parts of the file, so only the first 1\.\d MB were looked at/u);
    expect(stdout).not.toContain('the format does not keep it');
  });

  test('takes only the first part where nothing marks the version of the file', async () => {
    await using server = await served('mv disk.img made', (request, response, self) => {
      const unmarked = response.writeHead.bind(response) as (code: number, headers: object) => typeof response;
      response.writeHead = ((code: number, { etag: _, ...headers }: Record<string, unknown>) =>
        unmarked(code, headers)) as typeof response.writeHead;
      serve(request, response, self);
    });
    const found = await document(server.url());
    expect(found).toMatchObject({
      code: 0,
      table: { backup: 'unread' },
      remote: { ranges: 'unpinned', complete: false },
    });
    expect(server.requests).toHaveLength(1);
  });

  const otherPart: Behaviour = (_request, response, { content, etag }) => {
    response
      .writeHead(206, { etag, 'content-length': 1000, 'content-range': `bytes 7-1006/${String(content.length)}` })
      .end(content.subarray(7, 1007));
  };
  const changed: Behaviour = (request, response, server) => {
    server.content = Buffer.concat([server.content.subarray(0, 40 * MiB - 1), Buffer.from([1])]);
    serve(request, response, server);
  };
  /** It says that it is of the old version. */
  const shorter: Behaviour = (_request, response, { content, etag }) => {
    response
      .writeHead(206, { etag, 'content-length': 10, 'content-range': `bytes 0-9/${String(content.length - 1)}` })
      .end(content.subarray(0, 10));
  };
  test.each([
    ['another part', otherPart, 'did not answer with the part of the file that was asked for'],
    ['the whole file', ignoreRanges, 'did not answer with the part of the file that was asked for'],
    ['a file that has changed', changed, 'changed while it was read'],
    ['another length', shorter, 'changed while it was read'],
    ['an error', answerWith(403), 'answered "403 Forbidden"'],
  ])('believes no server that answers with %s', async (_, behaviour, said) => {
    await using server = await served('mv disk.img made');
    server.next.push(serve, behaviour);
    const found = await document(server.url());
    expect(found).toMatchObject({ code: 1, problem: { code: 'DOWNLOAD_FAILED', path: server.url() } });
    expect(found.problem).toMatchObject({ message: expect.stringContaining(said) as unknown });
    expect(found).toMatchObject({ table: { backup: 'unread' } });
    expect(server.requests).toHaveLength(2);
  });

  test('asks again after a cut', async () => {
    await using server = await served('mv disk.img made');
    const cut: Behaviour = (request, response, { content, etag }) => {
      const [first, last] = /\d+-\d+/u.exec(request.headers.range!)![0].split('-').map(Number) as [number, number];
      response.writeHead(206, {
        etag,
        'content-length': last - first + 1,
        'content-range': `bytes ${String(first)}-${String(last)}/${String(content.length)}`,
      });
      response.write(content.subarray(first, first + 100), () => setTimeout(() => response.socket?.destroy(), 20));
    };
    server.next.push(cut, serve, cut);
    expect(await document(server.url())).toMatchObject({
      code: 0,
      table: { backup: 'right', partitions: [BOOT, ROOT] },
    });
  });

  test('follows redirects, each time anew', async () => {
    await using server = await served('mv disk.img made');
    await using first = await WebServer.start(Buffer.alloc(0));
    first.otherwise = answerWith(302, { location: server.url('/far/away.img') });
    expect(await document(first.url('/near.img'))).toMatchObject({
      code: 0,
      path: first.url('/near.img'),
      remote: { name: 'near.img' },
      table: { partitions: [BOOT, ROOT] },
    });
    expect(first.requests.length).toBe(server.requests.length);
  });

  test('describes an empty file, and refuses one of untold length', async () => {
    await using server = await WebServer.start(Buffer.alloc(0));
    expect((await info(server.url())).stdout).toContain('an empty file');
    server.content = seededBytes(3 * MiB, 1);
    server.otherwise = (_request, response, { content }) => response.writeHead(200).end(content);
    const { code, stderr } = await info(server.url());
    expect([code, stderr]).toEqual([2, expect.stringContaining('does not say how large the file is')]);
  });

  test('refuses what is not there, and shows no secrets', async () => {
    const { code, stderr } = await info('http://me:secret@127.0.0.1:1/disk.img?key=1');
    expect([code, stderr]).toEqual([2, expect.stringContaining('http://127.0.0.1:1/disk.img?...')]);
    expect(stderr).not.toMatch(/secret|key=1/u);
  });
});
