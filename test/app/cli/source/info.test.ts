// `platter info` describes a file or a disk, and its content.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { canLab } from '../../../lab/lab.ts';
import { oldImage } from '../../job/old-image.ts';
import { encodeSummary } from '../../../../app/engine/formats/image-summary.ts';
import { endOfZstd } from '../../../../app/engine/packing/seekable-zstd.ts';
import { Folder } from '../../parsers/source-files.ts';
import { Bench, MiB, PLATTER, platter, type JsonObject } from '../support.ts';

const missing = decoderLacks();
const skip = missing.length > 0 ? ` (without ${missing.join(', ')}: install the -dev packages)` : '';
const noLab = canLab();

/** `disk.img`, 100 MiB with a GPT: a FAT at 1 MiB, an ext4 at 80 MiB. */
async function imaged(): Promise<Folder> {
  const folder = new Folder();
  await folder.run(`
    truncate -s 100M disk.img
    printf 'label: gpt\\nstart=2048, size=32M, type=U, name=boot\\nstart=163840, size=8M, type=L, name=root\\n' |
      sfdisk -q disk.img
    truncate -s 32M fat && mkfs.vfat -F 16 -n FIRMWARE -i 1234abcd fat
    truncate -s 8M ext && mke2fs -q -t ext4 -L rootfs -U 01234567-89ab-cdef-0123-456789abcdef ext
    dd if=fat of=disk.img bs=1M seek=1 conv=notrunc,sparse
    dd if=ext of=disk.img bs=1M seek=80 conv=notrunc,sparse`);
  return folder;
}

const FAT = { type: 'vfat', version: 'FAT16', label: 'FIRMWARE', uuid: '1234-ABCD' };
const EXT = { type: 'ext4', label: 'rootfs', uuid: '01234567-89ab-cdef-0123-456789abcdef' };

/** The JSON that is printed. */
async function document(...args: string[]): Promise<JsonObject & { code: number | null }> {
  const { code, stdout } = await platter(['info', '--json', ...args]);
  return { ...(JSON.parse(stdout) as JsonObject), code };
}

test('platter info of standard input says what to do', async () => {
  const { code, stderr } = await platter(['info', '-']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('have `platter check` read all of it')]);
});

describe('platter info of a file', () => {
  test.skipIf(skip !== '')(`says when and from where a packed image was copied${skip}`, async () => {
    using folder = new Folder();
    writeFileSync(folder.at('old.img.zst'), oldImage());

    const { stdout } = await platter(['info', folder.at('old.img.zst')]);

    expect(await document(folder.at('old.img.zst'))).toMatchObject({ copied: { source: { path: '/mnt/old.img' } } });
    expect(stdout).toMatch(/Copied +2026-11-30 .* by platter 0\.1\.0\n +From +\/mnt\/old\.img\n/u);
  });

  test.skipIf(skip !== '').each([
    ['the size', { bytes: 4 * MiB }],
    ['the used bytes', { used: 3 * MiB }],
  ])(`does not trust a summary that lies about %s${skip}`, async (_, lie) => {
    using folder = new Folder();
    await folder.run('head -c 2M /dev/urandom > disk.img && zstd -q disk.img');
    const packed = readFileSync(folder.at('disk.img.zst'));
    const summary = encodeSummary({
      ...{ createdAt: 1_795_478_399_000, program: 'platter 9.9.9', bytes: 2 * MiB, anonymous: false },
      ...{ source: { path: '/dev/sdb', model: null, serial: null }, table: null, parts: [], used: MiB },
      ...lie,
    });
    const frames = { sizes: Uint32Array.of(packed.length), chunk: 2 * MiB, length: 2 * MiB };
    appendFileSync(folder.at('disk.img.zst'), endOfZstd(frames, { manifest: null, summary }));

    const { code, stdout } = await platter(['info', folder.at('disk.img.zst')]);

    expect(code).toBe(0);
    expect(stdout).toContain('which is therefore not trusted');
    expect(stdout).not.toContain('/dev/sdb');
    expect(await document(folder.at('disk.img.zst'))).toMatchObject({ copied: null });
  });

  test('reports the partition table, the partitions and what is in them', async () => {
    using folder = await imaged();
    expect(await document(folder.at('disk.img'))).toMatchObject({
      code: 0,
      kind: 'file',
      disk: null,
      bytes: 100 * MiB,
      packed: null,
      content: { kind: 'image', format: 'GPT' },
      size: 100 * MiB,
      sizeIs: 'exact',
      table: {
        kind: 'gpt',
        header: 'right',
        entries: 'right',
        backup: 'right',
        backupAtEnd: true,
        partitions: [
          { number: 1, start: MiB, size: 32 * MiB, typeName: 'EFI system', name: 'boot', signatures: [FAT] },
          { number: 2, start: 80 * MiB, name: 'root', signatures: [EXT] },
        ],
      },
      signatures: [],
      problem: null,
    });
  });

  test('shows people a line for each partition', async () => {
    using folder = await imaged();
    const { code, stdout } = await platter(['info', folder.at('disk.img')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}Format {5}disk image, GPT$/mu);
    expect(stdout).toMatch(/^ +1 +2,048 +33\.6 MB +EFI system +boot +vfat \(FAT16\) "FIRMWARE"$/mu);
    expect(stdout).toMatch(/^ +2 +163,840 +8\.4 MB +Linux file system +root +ext4 "rootfs"$/mu);
    expect(stdout).toContain('UUID 01234567-89ab-cdef-0123-456789abcdef  PARTUUID ');
  });

  test('writes nothing, and needs no right to write', async () => {
    using folder = await imaged();
    const before = readFileSync(folder.at('disk.img'));
    await folder.run('chmod 444 disk.img');
    expect((await document(folder.at('disk.img'))).code).toBe(0);
    expect(readFileSync(folder.at('disk.img')).equals(before)).toBe(true);
  });

  test('reports a GPT whose backup is not at the end', async () => {
    using folder = await imaged();
    await folder.run('truncate -s 200M disk.img');
    const { stdout } = await platter(['info', folder.at('disk.img')]);
    expect(stdout).toContain('Its backup table is not at the end of this image.');
  });

  test('says what a file is that is not a disk image', async () => {
    using folder = new Folder();
    await folder.run('tar cf a.tar /etc/hostname; : > empty');
    const { code, stdout } = await platter(['info', folder.at('a.tar')]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/Format +an archive \(tar\)$/mu)]);
    expect((await platter(['info', folder.at('empty')])).stdout).toContain('an empty file');
  });

  test('refuses a missing path, and anything but a file or a disk', async () => {
    using folder = new Folder();
    for (const path of [folder.at('nothing'), folder.at('.'), '/dev/null'])
      expect((await platter(['info', path])).code, path).toBe(2);
  });

  test('names the list of checksums beside it', async () => {
    using folder = await imaged();
    await folder.run('sha256sum disk.img > SHA256SUMS');
    expect(await document(folder.at('disk.img'))).toMatchObject({ checksum: { list: 'SHA256SUMS', of: 'file' } });
    expect((await platter(['info', folder.at('disk.img')])).stdout).toContain('SHA256SUMS has the sha256 of this file');
  });
});

describe.skipIf(skip !== '')(`platter info of a packed file${skip}`, () => {
  test('reads any part of a format that can be decoded from the middle', async () => {
    using folder = await imaged();
    await folder.run('xz -0 --block-size=16MiB disk.img');
    expect(await document(folder.at('disk.img.xz'))).toMatchObject({
      code: 0,
      packed: {
        format: 'xz',
        blocks: 7,
        seekable: true,
        threads: expect.any(Number) as number,
        memory: expect.any(Number) as number,
      },
      size: 100 * MiB,
      sizeIs: 'exact',
      table: { backup: 'right', backupAtEnd: true, partitions: [{ signatures: [FAT] }, { signatures: [EXT] }] },
      problem: null,
    });
    expect((await platter(['info', folder.at('disk.img.xz')])).stdout).toMatch(
      /Format +xz, 7 blocks -> disk image, GPT$/mu,
    );
  });

  test('ends all of its decoders when a part of an image is damaged', async () => {
    using folder = new Folder();
    // The backup table is alone in the last MiB. After it, the parsers ask for what lies in the whole frames before.
    await folder.run(`truncate -s 16M disk.img
      printf 'label: gpt\\nstart=2048, size=4M\\nstart=16384, size=4M\\n' | sfdisk -q disk.img
      dd if=/dev/urandom of=disk.img bs=1M seek=4 count=8 conv=notrunc
      xz -0 --block-size=1MiB -T2 -k disk.img`);
    const packed = readFileSync(folder.at('disk.img.xz'));
    const last = Number(
      spawnSync(
        'sh',
        ['-c', `xz -lvv --robot '${folder.at('disk.img.xz')}' | awk '$1 == "block" {at = $5} END {print at}'`],
        {
          encoding: 'utf8',
        },
      ).stdout,
    );
    packed.fill(0x77, last + 24, last + 42);
    writeFileSync(folder.at('disk.img.xz'), packed);

    const seen = await document(folder.at('disk.img.xz'));

    expect(seen).toMatchObject({ code: 1, table: { kind: 'gpt' }, problem: { code: 'BAD_IMAGE' } });
  });

  test('takes the size of a gzip image from its partition table and reads only its first 64 MiB', async () => {
    using folder = await imaged();
    await folder.run('gzip -1 disk.img');
    expect(await document(folder.at('disk.img.gz'))).toMatchObject({
      code: 0,
      packed: { format: 'gzip', blocks: null, seekable: false },
      content: { kind: 'image', format: 'GPT' },
      size: 100 * MiB,
      sizeIs: 'atLeast',
      table: {
        backup: 'unread',
        backupAtEnd: null,
        partitions: [{ signatures: [FAT] }, { signatures: null }],
      },
    });
  });

  test('never believes the size in a gzip trailer', async () => {
    using folder = await imaged();
    await folder.run(
      "gzip -1 disk.img; printf '\\001\\000\\000\\000' | dd of=claim bs=1; head -c -4 disk.img.gz > a.gz",
    );
    await folder.run('cat claim >> a.gz');
    expect(await document(folder.at('a.gz'))).toMatchObject({ size: 100 * MiB, sizeIs: 'atLeast' });
  });

  test('knows the size of an image that ends within the bytes that were read', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run('gzip disk.img');
    expect(await document(folder.at('disk.img.gz'))).toMatchObject({ size: 4 * MiB, sizeIs: 'exact' });
  });

  test('lists the files of a zip, and describes the image or the named one', async () => {
    using folder = await imaged();
    await folder.run('echo hello > README; zip -q -1 a.zip README disk.img; zip -q -1 two.zip fat ext');
    expect(await document(folder.at('a.zip'))).toMatchObject({
      code: 0,
      packed: {
        format: 'zip',
        entry: 'disk.img',
        entries: [{ name: 'README' }, { name: 'disk.img', size: 100 * MiB }],
      },
      size: 100 * MiB,
      sizeIs: 'exact',
      table: { kind: 'gpt' },
    });
    expect(await document(folder.at('two.zip'))).toMatchObject({
      code: 1,
      packed: { entry: null, entries: [{ name: 'fat' }, { name: 'ext' }] },
      problem: { code: 'NOT_AN_IMAGE' },
    });
    expect(await document('--entry', 'ext', folder.at('two.zip'))).toMatchObject({
      code: 0,
      table: null,
      signatures: [EXT],
    });
  });

  test('describes a file that is cut short as far as it goes, and says so', async () => {
    using folder = await imaged();
    await folder.run(
      'head -c 2M /dev/urandom > noise; cat noise >> fat; cp fat disk; gzip disk; truncate -s 1M disk.gz',
    );
    expect(await document(folder.at('disk.gz'))).toMatchObject({
      code: 1,
      signatures: [FAT],
      problem: { code: 'BAD_IMAGE' },
    });
  });
});

describe.skipIf(noLab !== null)('platter info of a disk', () => {
  test.each([512, 4096] as const)('reports what sfdisk wrote with sectors of %i bytes', async (sector) => {
    const bench = new Bench();
    try {
      const { device } = await bench.disk({ size: 64 * MiB, sector, plain: true });
      execFileSync('sfdisk', ['-q', device], { input: 'label: gpt\nsize=16M, type=L, name=first\n', stdio: 'pipe' });
      const { code, disk, bytes, table } = await document(device);
      expect({ code, disk, bytes, table }).toMatchObject({
        code: 0,
        disk: { path: device, logicalSector: sector },
        bytes: 64 * MiB,
        table: {
          sector,
          header: 'right',
          backup: 'right',
          backupAtEnd: true,
          partitions: [{ name: 'first', start: MiB }],
        },
      });
      expect((await platter(['info', device])).stdout).toMatch(/^PATH +SIZE[^]*Table +GPT, sectors of/mu);
    } finally {
      await bench.clear();
    }
  });

  test('describes the readable rest of a damaged disk', async () => {
    const bench = new Bench();
    try {
      using folder = await imaged();
      // The start of the second partition, and everything behind it.
      const rules = ['bad r 163840s 40960s'];
      const disk = await bench.disk({ file: folder.at('disk.img'), rules });
      expect(await document(disk.device)).toMatchObject({
        code: 1,
        table: { backup: 'unread', partitions: [{ signatures: [FAT] }, { signatures: null }] },
        problem: { code: 'MEDIUM_ERROR', errno: 'EIO' },
      });
    } finally {
      await bench.clear();
    }
  });

  test('tells a user without rights what the system knows, and which command to use', async () => {
    const bench = new Bench();
    try {
      const { device } = await bench.disk({ size: 64 * MiB, plain: true });
      const state = await bench.directory();
      execFileSync('chown', ['65534', state]);
      const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
        spawnSync(
          'setpriv',
          ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, PLATTER, 'info', ...args],
          { encoding: 'utf8', env: { ...process.env, PLATTER_STATE: state } },
        );
      const [text, json] = [run(device), run('--json', device)];
      expect([text.status, text.stdout]).toEqual([1, expect.stringContaining(device)]);
      expect(text.stderr).toMatch(/Access was refused\..*sudo .* info /su);
      expect(JSON.parse(json.stdout)).toMatchObject({
        kind: 'disk',
        disk: { path: device },
        bytes: 64 * MiB,
        table: null,
        signatures: null,
        problem: { code: 'NOT_PERMITTED', advice: expect.stringContaining('sudo ') as string },
      });
    } finally {
      await bench.clear();
    }
  });
});
