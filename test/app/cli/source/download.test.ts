// URLs and standard input as sources of the command line: downloaded, used, and removed.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyOf } from '../../../../app/download/addresses.ts';
import { seededBytes } from '../../../lab/lab.ts';
import { answerWith, cutAfter, serve, WebServer, type Behaviour } from '../../download/web-server.ts';
import { errorsOf, PLATTER, platter, start, stateDirectory, type Run, type RunOptions } from '../support.ts';

const SIZE = 3_000_000;
/** An image with a partition table, so that it is recognised as one. */
const content = seededBytes(SIZE, 5);
content.writeUInt16BE(0x55aa, 510);

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'platter-download-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const cache = (): string => at('cache');
const options = (env: NodeJS.ProcessEnv = {}): RunOptions => ({
  cwd: folder,
  env: { XDG_CACHE_HOME: cache(), http_proxy: '', https_proxy: '', no_proxy: '*', ...env },
});
const run = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Run> => platter(args, options(env));

/** Everything in the folder of downloads, by relative path. */
const kept = (directory = join(cache(), 'platter/downloads')): string[] =>
  existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort() : [];
/** The names of the files in it. */
const files = (directory?: string): string[] => kept(directory).map((path) => basename(path));

const events = (ended: Run): unknown[] => ended.lines.map(({ event }) => event);

describe('a URL as a source', () => {
  test('is downloaded, copied and removed, and kept in the history without its secrets', async () => {
    await using server = await WebServer.start(content);
    const url = server.url('/images/disk.img?key=secret').replace('//', '//me:word@');
    const shown = server.url('/images/disk.img?...');
    const ended = await run(['copy', url, 'copy.img']);
    expect(ended.code, ended.stderr).toBe(0);
    expect(readFileSync(at('copy.img')).equals(content)).toBe(true);
    expect(ended.stdout).toContain(`Downloading ${shown} (3.0 MB) to ${cache()}`);
    expect(ended.stdout).toContain(`Copying ${shown} (3.0 MB) to 1 destination`);
    expect(kept()).toEqual([]);

    const history = await run(['history', '--json']);
    expect(JSON.parse(history.stdout)).toMatchObject([{ origin: shown, request: { origin: shown } }]);
    const log = readFileSync(join(stateDirectory(), 'platter.log'), 'utf8');
    for (const text of [history.stdout, ended.stdout, ended.stderr, log]) {
      expect(text).not.toContain('secret');
      expect(text).not.toContain('word');
    }
    expect((await run(['history'])).stdout).toContain(`copy from ${shown}`);
  });

  test('is reported in --json as events of its own, before the plan', async () => {
    await using server = await WebServer.start(content);
    server.next.push(cutAfter(1_000_000));
    const ended = await run(['copy', server.url(), 'copy.img', '--json']);
    expect(ended.code, ended.stderr).toBe(0);
    const downloads = ended.lines.filter(({ event }) => event === 'download');
    expect(downloads[0]).toMatchObject({ state: 'begins', origin: server.url(), bytes: 0, length: SIZE });
    expect(downloads.find(({ state }) => state === 'again')).toMatchObject({
      error: {
        code: 'DOWNLOAD_FAILED',
        path: server.url(),
        message: expect.stringContaining('was cut after') as unknown,
      },
    });
    expect(downloads.at(-1)).toMatchObject({ state: 'done', bytes: SIZE, length: SIZE });
    expect(events(ended).lastIndexOf('download')).toBeLessThan(events(ended).indexOf('plan'));
    expect(ended.lines.find(({ event }) => event === 'plan')).toMatchObject({
      origin: server.url(),
      source: { path: server.url() },
    });
    expect(server.ranges).toEqual([null, expect.stringMatching(/^bytes=\d+-$/u)]);
  });

  test('is fetched by a user without rights when root runs the command line', async () => {
    await using server = await WebServer.start(content);
    let owners: string[] = [];
    server.next.push((request, response, self) => {
      const port = (request.socket.remotePort ?? 0).toString(16).toUpperCase().padStart(4, '0');
      owners = readFileSync('/proc/net/tcp', 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/u))
        .filter(([, local]) => local?.endsWith(`:${port}`) === true)
        .map(([, , , , , , , uid]) => uid!);
      serve(request, response, self);
    });
    expect((await run(['copy', server.url(), 'copy.img'], { SUDO_UID: '', SUDO_GID: '' })).code).toBe(0);
    const uid = process.getuid!();
    expect(owners).toEqual([String(uid === 0 ? 65534 : uid)]);
  });

  test('is resumed after Ctrl-C by the same command', async () => {
    await using server = await WebServer.start(content);
    server.next.push((_request, response, { etag }) => {
      response.writeHead(200, { etag, 'content-length': SIZE });
      response.write(content.subarray(0, 2_000_000));
    });
    const first = start(['copy', server.url(), 'copy.img'], options());
    await first.until((stdout) => stdout.includes('download: 66 %'));
    first.child.kill('SIGINT');
    const stopped = await first.ended;
    expect([stopped.code, stopped.stderr]).toEqual([
      130,
      'platter: stopped; the same command continues the download\n',
    ]);
    expect(files()).toContain('disk.img.part');
    expect(existsSync(at('copy.img'))).toBe(false);

    const second = await run(['copy', server.url(), 'copy.img']);
    expect(second.code, second.stderr).toBe(0);
    expect(second.stdout).toContain('continuing at 2.0 MB');
    expect(server.ranges).toEqual([null, 'bytes=2000000-']);
    expect(readFileSync(at('copy.img')).equals(content)).toBe(true);
    expect(kept()).toEqual([]);
  });

  test('is forgotten after it was stopped', async () => {
    await using server = await WebServer.start(content);
    server.next.push(cutAfter(1_000_000), answerWith(404));
    const url = server.url('/disk.img?key=secret');
    expect((await run(['copy', url, 'copy.img'])).code).toBe(2);
    expect(files()).toContain('disk.img.part');
    expect(await run(['forget', url])).toMatchObject({ code: 0, stderr: '' });
    expect(kept()).toEqual([]);
    const { code, stderr } = await run(['forget', url]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('No download of it is there.')]);
    expect(stderr).not.toContain('secret');
  });

  test('is named when an earlier one is used again, and forgotten when the user says so', async () => {
    await using server = await WebServer.start(content);
    const url = server.url();
    expect((await run(['copy', '--keep-download', url, 'copy.img'])).code).toBe(0);
    const again = await run(['copy', url, 'other.img']);
    expect([again.code, again.stdout]).toEqual([
      0,
      expect.stringContaining('The server has no newer file: the earlier download of 3.0 MB is used.'),
    ]);
    expect(files()).toContain('disk.img');

    expect(await run(['forget', url])).toMatchObject({ code: 0, stderr: '' });

    expect(kept()).toEqual([]);
  });

  test('is kept for an interrupted job, and removed when that is completed', async () => {
    await using server = await WebServer.start(content);
    const first = start(['copy', '--throttle', '1M', server.url(), 'copy.img'], options());
    await first.until((stdout) => /copy\.img: (?:copying [1-9]\d|verifying)/u.test(stdout));
    first.child.kill('SIGINT');
    const stopped = await first.ended;
    expect([stopped.code, stopped.stderr]).toEqual([130, expect.stringContaining('what was downloaded stays in ')]);
    expect(files()).toContain('disk.img');
    expect((await run(['jobs'])).stdout).toContain(`from ${server.url()}`);
    const refused = await run(['forget', server.url()]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('needs this download')]);

    const second = await run(['resume']);
    expect(second.code, second.stderr).toBe(0);
    expect(second.stdout).toContain(`Continuing the copy of ${server.url()}`);
    expect(readFileSync(at('copy.img')).equals(content)).toBe(true);
    expect([kept(), server.requests.length]).toEqual([[], 1]);
  });

  test('is removed when the last job that needs it is forgotten', async () => {
    await using server = await WebServer.start(content);
    const interrupt = async (to: string): Promise<void> => {
      const copy = start(['copy', '--throttle', '1M', server.url(), to], options());
      await copy.until((stdout) => new RegExp(`${to}: (?:copying [1-9]\\d|verifying)`, 'u').test(stdout));
      copy.child.kill('SIGINT');
      expect((await copy.ended).code).toBe(130);
    };
    const forget = async (): Promise<void> => {
      const [job] = JSON.parse((await run(['jobs', '--json'])).stdout) as { id: string }[];
      expect(await run(['forget', job!.id])).toMatchObject({ code: 0, stderr: '' });
    };
    await interrupt('copy.img');
    await interrupt('other.img');
    await forget();
    expect(files()).toContain('disk.img');
    await forget();
    expect(kept()).toEqual([]);
  });

  test('is not downloaded for a destination that is refused', async () => {
    await using server = await WebServer.start(content);
    const wrong = await run(['copy', server.url(), '/dev/nothing', 'no/folder/copy.img', 'copy.img', '--json']);
    expect(wrong.code).toBe(2);
    expect(errorsOf(wrong).map(({ code, path }) => [code, path])).toEqual([
      ['NOT_FOUND', '/dev/nothing'],
      ['NOT_FOUND', 'no/folder/copy.img'],
    ]);
    writeFileSync(at('old.img'), 'old');
    const unasked = await run(['copy', server.url(), 'old.img', '--json']);
    expect(errorsOf(unasked)).toMatchObject([{ code: 'CONFIRM', path: 'old.img' }]);
    expect(server.requests).toEqual([]);
  });

  test('is kept after a refusal, and not fetched again while it is unchanged', async () => {
    await using server = await WebServer.start(Buffer.from('%PDF-1.7\n'.padEnd(5000, 'x')));
    const first = await run(['copy', server.url('/a.img'), 'copy.img']);
    expect([first.code, first.stderr]).toEqual([2, expect.stringContaining(`${server.url('/a.img')}: It is `)]);
    expect(first.stderr).toContain('what was downloaded stays in ');
    expect(files()).toContain('a.img');
    const second = await run(['copy', '--as-is', server.url('/a.img'), 'copy.img']);
    expect([second.code, server.requests.length]).toEqual([0, 2]);
    expect(server.requests[1]!.headers['if-none-match']).toBe(server.etag);
    expect(kept()).toEqual([]);
  });

  test('can be checked, and is removed afterwards', async () => {
    await using server = await WebServer.start(content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const ended = await run(['check', '--json', '--sha256', sha256, server.url('/disk.img?key=1')]);
    expect(ended.code, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ path: server.url('/disk.img?...'), sha256: { file: sha256 } });
    expect([ended.stderr, kept()]).toEqual([expect.stringContaining('Complete: 3.0 MB.'), []]);
    expect((await run(['check', '--sha256', '0'.repeat(64), server.url()])).code).toBe(3);
    expect(await run(['check', server.url()])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('A download has no list beside it: give a checksum by --sha256') as string,
    });
    expect([(await run(['check', 'https://'])).code, kept()]).toEqual([2, []]);
  });

  test('is reported as a web page when the server sends one', async () => {
    await using server = await WebServer.start(Buffer.from('<!DOCTYPE html><html><body>Log in</body></html>'));
    const ended = await run(['copy', server.url('/disk.img.xz'), 'copy.img']);
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('It is a web page, not a disk image')]);
  });

  test('writes no head and is not kept when its checksum differs', async () => {
    await using server = await WebServer.start(content);
    const ended = await run(['copy', '--sha256', '0'.repeat(64), server.url(), 'copy.img', '--json']);
    expect(ended.code).toBe(3);
    expect(errorsOf(ended)).toMatchObject([{ code: 'BAD_IMAGE', path: server.url() }, { code: 'SOURCE_FAILED' }]);
    expect([existsSync(at('copy.img')), kept()]).toEqual([false, []]);
    const right = createHash('sha256').update(content).digest('hex');
    expect((await run(['copy', '--sha256', right, server.url(), 'other.img'])).code).toBe(0);
  });

  test('can have its list of checksums at a URL, and nothing else is asked for', async () => {
    await using server = await WebServer.start(content);
    const list =
      (hex: string): Behaviour =>
      (_request, response) => {
        response.writeHead(200).end(`${hex}  disk.img\n`);
      };
    const sums = server.url('/SHA256SUMS?key=1');
    const args = ['copy', '--checksum', sums, server.url(), 'copy.img'];
    server.next.push(list(createHash('sha256').update(content).digest('hex')));
    const right = await run(args);
    expect(right.code, right.stderr).toBe(0);
    expect([server.requests.map(({ url }) => url), kept()]).toEqual([['/SHA256SUMS?key=1', '/disk.img'], []]);

    server.next.push(list('0'.repeat(64)));
    const wrong = await run([...args.slice(0, -1), 'other.img', '--json']);
    expect(errorsOf(wrong)).toMatchObject([{ code: 'BAD_IMAGE' }, { code: 'SOURCE_FAILED' }]);
    expect([wrong.code, existsSync(at('other.img')), kept()]).toEqual([3, false, []]);

    writeFileSync(at('disk.img'), content);
    server.next.push(list('0'.repeat(64)));
    expect((await run(['check', '--checksum', sums, 'disk.img'])).code).toBe(3);
    server.next.push(answerWith(404));
    const none = await run(['check', '--checksum', sums, 'disk.img']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('404')]);
    server.next.push((_request, response) => void response.writeHead(200).end(Buffer.alloc(2 ** 20 + 1)));
    const long = await run(['check', '--checksum', sums, 'disk.img']);
    expect([long.code, long.stderr]).toEqual([2, expect.not.stringContaining('--download-limit')]);
    server.next.push(list('0'.repeat(64)));
    writeFileSync(at('key.pub'), `untrusted comment: x\nRWQ${'A'.repeat(53)}\n`);
    const unsigned = await run(['check', '--checksum', sums, '--key', 'key.pub', 'disk.img']);
    expect([unsigned.code, unsigned.stderr]).toEqual([2, expect.stringContaining('It is not signed')]);
    expect(server.requests.filter(({ url }) => url !== '/disk.img' && url !== '/SHA256SUMS?key=1')).toEqual([]);
  });

  test('is kept where the user says, and used again', async () => {
    await using server = await WebServer.start(content);
    const args = ['copy', '--keep-download', '--download-dir', at('downloads'), server.url(), 'copy.img'];
    const ended = await run(args);
    expect(ended.code, ended.stderr).toBe(0);
    const path = join(at('downloads'), keyOf(new URL(server.url())), 'disk.img');
    expect(ended.stderr).toBe(`platter: what was downloaded stays in ${path}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    const again = await run(['verify', '--download-dir', at('downloads'), server.url(), 'copy.img']);
    expect([again.code, server.requests.length]).toEqual([0, 2]);
    expect(existsSync(path)).toBe(true);
  });

  test('is refused when it exceeds the limit or the free space', async () => {
    await using server = await WebServer.start(content);
    const long = await run(['copy', '--download-limit', '1M', server.url(), 'copy.img', '--json']);
    expect([long.code, errorsOf(long)[0]!.message]).toEqual([2, expect.stringContaining('more than 1,048,576 bytes')]);
    server.next.push((_request, response) => {
      response.writeHead(200, { 'content-length': '900000000000000' });
      response.write('x');
    });
    const huge = await run(['copy', server.url(), 'copy.img', '--json']);
    expect([huge.code, errorsOf(huge)[0]!.code]).toEqual([2, 'NO_SPACE']);
  });

  test.skipIf(process.getuid!() !== 0)(
    'that fills the file system ends, writes nothing else, and goes on',
    async () => {
      await using server = await WebServer.start(content);
      const unsaid: Behaviour = (_request, response, { etag }) => {
        response.writeHead(200, { etag });
        response.end(content);
      };
      server.next.push(unsaid);
      mkdirSync(at('small'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', at('small')]);
      try {
        const args = ['copy', '--download-dir', at('small'), server.url(), 'copy.img'];
        const full = await run([...args, '--json']);
        expect([full.code, errorsOf(full).map(({ code }) => code)]).toEqual([2, ['NO_SPACE']]);
        expect([existsSync(at('copy.img')), files(at('small'))]).toEqual([
          false,
          expect.arrayContaining(['disk.img.part']),
        ]);
        execFileSync('mount', ['-o', 'remount,size=8m', at('small')]);
        const ended = await run(args);
        expect(ended.code, ended.stderr).toBe(0);
        expect(server.ranges.at(-1)).toMatch(/^bytes=\d{6,7}-$/u);
        expect(readFileSync(at('copy.img')).equals(content)).toBe(true);
      } finally {
        execFileSync('umount', [at('small')]);
      }
    },
  );

  test('is refused when the folder is not private or another Platter downloads it', async () => {
    await using server = await WebServer.start(content);
    const key = keyOf(new URL(server.url()));
    symlinkSync(folder, at(key));
    const link = await run(['copy', '--download-dir', folder, server.url(), 'copy.img', '--json']);
    expect([link.code, errorsOf(link)[0]!.message]).toEqual([2, 'It is not a private folder of this user.']);

    server.next.push((_request, response, { etag }) => {
      response.writeHead(200, { etag, 'content-length': SIZE });
      response.write(content.subarray(0, 2_000_000));
    });
    const first = start(['copy', server.url(), 'copy.img'], options());
    await first.until((stdout) => stdout.includes('download: 66 %'));
    const second = await run(['copy', server.url(), 'copy.img', '--json']);
    expect([second.code, errorsOf(second)[0]!.message]).toEqual([
      2,
      expect.stringContaining(`Another Platter is downloading it (process ${String(first.child.pid)})`),
    ]);
    first.child.kill('SIGKILL');
    await first.ended;
    // The lock of a process that has ended does not count.
    expect((await run(['copy', server.url(), 'copy.img'])).code).toBe(0);
  });

  test('reports the status of the server and what to do', async () => {
    await using server = await WebServer.start(content);
    server.next.push(answerWith(404));
    const ended = await run(['copy', server.url(), 'copy.img']);
    expect([ended.code, ended.stderr]).toEqual([
      2,
      expect.stringContaining(
        `${server.url()}: 127.0.0.1:${String(server.port)} answered "404 Not Found". Check the URL`,
      ),
    ]);
    const typo = await run(['copy', 'https://', 'copy.img']);
    expect([typo.code, typo.stderr]).toEqual([2, expect.stringContaining('It is not a URL that Platter can download')]);
  });
});

/** Runs `platter ARGS` with `pieces` on stdin. */
async function piped(
  args: string[],
  pieces: Buffer[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [PLATTER, ...args], {
    cwd: folder,
    env: { ...process.env, PLATTER_STATE: stateDirectory(), XDG_CACHE_HOME: cache() },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  for (const piece of pieces) child.stdin.write(piece);
  child.stdin.end();
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

describe('standard input as a source', () => {
  test('is read to its end, copied and removed', async () => {
    const ended = await piped(['copy', '-', 'copy.img'], [content.subarray(0, 100), content.subarray(100)]);
    expect(ended.code, ended.stderr).toBe(0);
    expect(readFileSync(at('copy.img')).equals(content)).toBe(true);
    expect(ended.stdout).toContain('Copying standard input (3.0 MB) to 1 destination');
    expect(kept()).toEqual([]);
    expect((await run(['history'])).stdout).toContain('copy from standard input');
  });

  test('is refused when it is empty, or when nobody can give consent', async () => {
    const empty = await piped(['copy', '-', 'copy.img'], []);
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('The file is empty')]);
    writeFileSync(at('old.img'), 'old');
    const unasked = await piped(['copy', '-', 'old.img'], [content]);
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('there is no terminal to ask on')]);
    expect([kept(), readFileSync(at('old.img'), 'utf8')]).toEqual([[], 'old']);
  });

  test('leaves nothing behind when it is refused', async () => {
    const ended = await piped(['copy', '-', 'copy.img'], [Buffer.from('%PDF-1.7\n'.padEnd(5000, 'x'))]);
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('standard input: It is ')]);
    expect(kept()).toEqual([]);
  });
});
