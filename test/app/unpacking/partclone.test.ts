// Partclone's images of partitions: those of its own programs, and forged ones that partclone.restore reads alike.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cmake } from '../../../build/native.mjs';
import { lacks } from '../parsers/source-files.ts';
import { forged, FORGINGS } from './partclone-files.ts';
import { because, Bench, cannotBuild } from './unpack-files.ts';

const noPartclone = lacks('partclone.restore');
const bench = new Bench(Buffer.alloc(4096));
const folder = mkdtempSync(join(tmpdir(), 'platter-partclone-'));

beforeAll(() => (cannotBuild ? undefined : cmake('plain', ['platter-unpack', 'unpack-damage'])), 600_000);
afterAll(() => {
  bench[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** What partclone.restore makes of an image. */
function restored(image: Buffer): Buffer {
  const [from, to] = [join(folder, 'image'), join(folder, 'restored')];
  writeFileSync(from, image);
  rmSync(to, { force: true });
  execFileSync('partclone.restore', ['-s', from, '-o', to, '--restore_raw_file', '-L', join(folder, 'log')], {
    stdio: 'ignore',
  });
  return readFileSync(to);
}

describe.skipIf(cannotBuild)(`an image of partclone${because}`, () => {
  it.each(FORGINGS)('of $name decodes to the partition, packed or not', ({ how }) => {
    const { image, partition } = forged(how);
    const isChecked = (how.perChecksum ?? 0) > 0;

    const plain = bench.decode(image);
    const packed = bench.decode(zstdCompressSync(image));

    expect(plain.report).toMatchObject({ event: 'done', written: partition.length, checked: isChecked });
    expect(plain.out.equals(partition)).toBe(true);
    expect(packed.out.equals(partition)).toBe(true);
    expect(bench.probe(image)).toMatchObject({ format: 'partclone', size: partition.length, seekable: false });
    expect(bench.probe(zstdCompressSync(image))).toMatchObject({ format: 'zstd', size: partition.length });
  });

  // The installed one refuses the oversized checksums.
  it
    .skipIf(noPartclone !== null)
    .each(FORGINGS.filter(({ how }) => how.used.includes('1') && how.isOversized !== true))(
    `of $name is what partclone.restore takes it for${noPartclone ?? ''}`,
    ({ how }) => {
      const { image, partition } = forged(how);
      const end = how.used.length * 1024;
      expect(restored(image).subarray(0, end).equals(partition.subarray(0, end))).toBe(true);
    },
  );

  it('decodes a part of the partition', () => {
    const { image, partition } = forged(FORGINGS[4]!.how);
    const { out } = bench.decode(image, '--from', '1500', '--length', '3000');
    expect(out.equals(partition.subarray(1500, 4500))).toBe(true);
  });

  it.each(FORGINGS.filter(({ how }) => how.version === 2 && (how.perChecksum ?? 0) > 0 && how.used.includes('1')))(
    'of $name is never taken for whole after one wrong bit, or cut off',
    ({ how }) => {
      const { image, partition } = forged(how);
      const [packed, content] = [join(folder, 'packed'), join(folder, 'content')];
      writeFileSync(packed, image);
      writeFileSync(content, partition);

      const said = execFileSync(resolve('out/test/plain/unpack-damage'), [packed, content, '400']);

      const { cut, turned } = JSON.parse(said.toString()) as Record<string, { wrong: number[]; sameAt: number[] }>;
      expect({ wrong: cut!.wrong, sameAt: cut!.sameAt }).toEqual({ wrong: [], sameAt: [] });
      expect(turned!.wrong).toEqual([]);
    },
  );

  it.each([
    ['a wrong checksum', -1, 'damaged'],
    ['a wrong block', 1500, 'damaged'],
    ['a wrong header', 60, 'damaged'],
    ['a wrong bitmap', 110, 'damaged'],
  ] as const)('with %s is damaged, and says where', (_, at, fault) => {
    const { image } = forged({ version: 2, used: '1101111010', perChecksum: 3 });
    const place = at < 0 ? image.length + at : at;
    image[place]! ^= 1;

    const { code, report } = bench.decode(image);

    expect(code).toBe(1);
    expect(report).toMatchObject({ event: 'error', fault });
    expect(report.offset).toBeLessThanOrEqual(image.length);
  });

  it('followed by something else is refused, and zeros are counted', () => {
    const { image } = forged(FORGINGS[4]!.how);
    expect(bench.decode(Buffer.concat([image, Buffer.alloc(100)])).report).toMatchObject({ event: 'done', zeros: 100 });
    expect(bench.decode(Buffer.concat([image, Buffer.from('more')])).report).toMatchObject({ fault: 'trailing' });
  });

  describe.skipIf(noPartclone !== null)(`by its own programs${noPartclone ?? ''}`, () => {
    it.each([
      ['ext4', 'mkfs.ext4 -q -b 1024 d', 'partclone.ext4 -c', ['-a', '1', '-k', '64']],
      ['ext4, as Clonezilla calls it', 'mkfs.ext4 -q d', 'partclone.ext4 -z 10485760 -c', []],
      ['ext4 without checksums', 'mkfs.ext4 -q d', 'partclone.ext4 -c', ['-a', '0']],
      ['NTFS', 'mkfs.ntfs -qF d', 'partclone.ntfs -c', []],
      ['FAT', 'mkfs.vfat d', 'partclone.vfat -c', []],
      ['XFS', 'truncate -s 320M d && mkfs.xfs -q d', 'partclone.xfs -c', []],
      ['btrfs', 'truncate -s 128M d && mkfs.btrfs -q d', 'partclone.btrfs -c', []],
    ])('of %s is what partclone.restore makes of it', (_, format, program, options) => {
      const made = mkdtempSync(join(folder, 'fs-'));
      const script = `truncate -s 24M d && ${format} >/dev/null && ${program} ${options.join(' ')} -s d -o i -L log`;
      const run = spawnSync('bash', ['-ec', script], { cwd: made, encoding: 'utf8' });
      expect(run.status, run.stderr).toBe(0);

      const out = execFileSync(
        'bash',
        ['-c', `"$0" decode < i 3>said | sha256sum`, resolve('out/native/plain/platter-unpack')],
        {
          cwd: made,
          encoding: 'utf8',
        },
      );

      execFileSync('partclone.restore', ['-s', 'i', '-o', 'o', '--restore_raw_file', '-L', 'log'], {
        cwd: made,
        stdio: 'ignore',
      });
      expect(out).toBe(
        execFileSync('sha256sum', { cwd: made, encoding: 'utf8', input: readFileSync(join(made, 'o')) }),
      );
      expect(readFileSync(join(made, 'said'), 'utf8')).toContain('"event":"done"');
    });
  });
});
