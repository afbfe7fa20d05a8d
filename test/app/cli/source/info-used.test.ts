// `platter info --used`: what the file systems of a disk or an image use, and how large an image of that would be.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab, seededBytes } from '../../../lab/lab.ts';
import { lacks } from '../../parsers/source-files.ts';
import { blank, mounted, run } from '../../used-blocks/support.ts';
import { Bench, MiB, platter, resultOf, PLATTER, type JsonObject } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const cannot = canLab();
if (cannot !== null) console.warn(`skipped: ${cannot}`);

interface Told extends JsonObject {
  used?: {
    size: number;
    used: number;
    copied: number;
    image: number;
    parts: JsonObject[];
    problem?: { message: string };
  };
}

/** What `info --used --json` prints of `path`. */
async function told(path: string, ...options: string[]): Promise<Told & { code: number | null }> {
  const { code, stdout } = await platter(['info', '--json', ...options, path]);
  return { ...(JSON.parse(stdout) as Told), code };
}

const MKFS: [name: string, size: number, ...mkfs: string[]][] = [
  ['ext4', 64 * MiB, 'mkfs.ext4', '-q'],
  ['xfs', 320 * MiB, 'mkfs.xfs', '-q'],
  ['btrfs', 128 * MiB, 'mkfs.btrfs', '-q'],
  ['vfat', 64 * MiB, 'mkfs.fat', '-F', '32'],
  ['ntfs', 64 * MiB, 'mkfs.ntfs', '-q', '-F'],
];

describe.skipIf(cannot !== null)('platter info --used', { timeout: 120_000 }, () => {
  test.for(MKFS)('tells of %s what copy --used copies', async ([name, size, mkfs, ...options]) => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'disk.img'), size);
    await run(mkfs!, ...options, image);

    const { code, used } = await told(image, '--used');

    const copy = await platter(['copy', image, join(folder, 'copy.img'), '--used', '--yes', '--json']);
    expect(code).toBe(0);
    expect(used).toMatchObject({ size, parts: [{ partition: null, signatures: [name], size, whole: null, saves: 0 }] });
    expect(used!.used).toBe(resultOf(copy).mapped);
    expect(used!.copied % MiB).toBe(0);
  });

  test('tells about how large the packed image will be', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'disk.img'), 256 * MiB);
    await run('mkfs.ext4', '-q', image);
    await mounted(image, join(folder, 'm'), async (at) => {
      await writeFile(join(at, 'dense'), seededBytes(80 * MiB, 1));
      await writeFile(join(at, 'thin'), 'thin\n'.repeat(16 * MiB));
    });

    const { used } = await told(image, '--used');

    const packed = join(folder, 'copy.img.zst');
    await platter(['copy', image, packed, '--used', '--yes']);
    const { size } = await stat(packed);
    expect(used!.image / size).toBeGreaterThan(0.85);
    expect(used!.image / size).toBeLessThan(1.15);
  });

  test('says why a partition is taken as a whole', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'disk.img'), 96 * MiB);
    await run('sgdisk', '-n', '1:2048:+40M', '-n', '2:0:+40M', image);
    const part = await blank(join(folder, 'part.img'), 40 * MiB);
    await run('mkfs.ext4', '-q', part);
    await run('debugfs', '-w', '-R', 'ssv free_blocks_count 4321', part);
    await run('dd', `if=${part}`, `of=${image}`, 'bs=1M', 'seek=1', 'conv=notrunc');

    const { code, stdout } = await platter(['info', '--used', image]);

    expect(code).toBe(0);
    expect(stdout).toMatch(
      /In use {5}partition 1 \(ext4\): taken as a whole, 41\.9 MB, although [\d.]+ MB of it look free\. .*by its own count/u,
    );
    expect(stdout).toMatch(/^ {13}partition 2: taken as a whole, 41\.9 MB\. What it holds is not recognised/mu);
    expect(stdout).toMatch(/--used {5}copies 100\.7 MB, in chunks of 1 MiB, with what is outside of file systems$/mu);
  });

  test('runs no program of a file system unless it is asked', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'disk.img'), 16 * MiB);
    await run('mkfs.ext4', '-q', image);

    expect((await told(image)).used).toBeUndefined();
  });

  test.each([[], ['--json']])(
    'refuses a packed image, whose used blocks cannot be known yet, with %j',
    async (...json) => {
      const folder = await bench.directory();
      const image = await blank(join(folder, 'disk.img'), 16 * MiB);
      await run('mkfs.ext4', '-q', image);
      await run('gzip', image);

      const { code, stdout, stderr } = await platter(['info', '--used', ...json, `${image}.gz`]);

      expect(code).toBe(2);
      expect(stdout + stderr).toContain('The used blocks of a packed source cannot be found yet.');
      expect(stdout + stderr).toContain('Unpack it first, or leave out --used.');
    },
  );

  test('leaves the answer to a packed image that was made with --used', async () => {
    const folder = await bench.directory();
    const [image, packed] = [await blank(join(folder, 'disk.img'), 64 * MiB), join(folder, 'copy.img.zst')];
    await run('mkfs.ext4', '-q', image);
    await platter(['copy', image, packed, '--used', '--yes']);

    const { code, stdout } = await platter(['info', '--used', packed]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/Used {7}[\d.]+ MB of 67\.1 MB were in use and copied/u);
    expect(stdout).not.toContain('In use');
  });

  test('does not fetch a file from a server for it', async () => {
    const { code, stderr } = await platter(['info', '--used', 'https://example.invalid/disk.img']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('Download it first, or leave out --used.')]);
  });

  test.skipIf(lacks('setpriv') !== null)('says to a user that access to a disk was refused', async () => {
    const disk = await bench.disk({ size: 16 * MiB });
    await run('mkfs.ext4', '-q', disk.device);
    const before = await readFile(disk.device);
    const user = ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', 'HOME=/nonexistent'];
    const command = [...user, process.execPath, PLATTER, 'info', '--used', disk.device];

    const said = await run('bash', '-c', 'setpriv "$@" || test $? = 1', 'bash', ...command);

    expect(said).toContain('In use     not known. Access was refused.');
    expect(said).toMatch(/To look at it: sudo .* info --used /u);
    expect((await readFile(disk.device)).equals(before)).toBe(true);
  });
});
