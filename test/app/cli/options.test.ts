// The options of `copy`, `verify` and `repair` from end to end: the built program on loop devices.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab, seededBytes, type LabDisk } from '../../lab/lab.ts';
import { expectJobLines, expectRefusal } from './shapes.ts';
import { Bench, digest, engineLacks, errorsOf, firstDifference, MiB, platter, resultOf } from './support.ts';

const execute = promisify(execFile);
const SIZE = 16 * MiB;

const bench = new Bench();
afterEach(() => bench.clear());

/** A disk that holds `image`, but for one byte flipped at each of `differences`. */
async function diskLike(image: string, ...differences: number[]): Promise<LabDisk> {
  const bytes = await readFile(image);
  for (const at of differences) bytes[at] = bytes[at]! ^ 1;
  const disk = await bench.disk({ size: bytes.length });
  await writeFile(disk.backing, bytes);
  return disk;
}

/** Where a disk was written, in whole chunks of 1 MiB, each once. */
const chunksWritten = async (disk: LabDisk): Promise<number[]> =>
  [
    ...new Set(
      (await disk.writes()).flatMap(({ offset, length }) =>
        Array.from(
          { length: Math.ceil((offset + length) / MiB) - Math.floor(offset / MiB) },
          (_, index) => Math.floor(offset / MiB) + index,
        ),
      ),
    ),
  ].sort((a, b) => a - b);

const cannot = canLab() ?? engineLacks();
if (cannot !== null) console.warn(`skipped: ${cannot}`);

describe.skipIf(cannot !== null)('--manifest', () => {
  test('copies with --manifest, and verifies later by that alone', async () => {
    const source = await bench.image('disk.img', SIZE + 1000);
    const [good, bad] = [await bench.disk({ size: 2 * SIZE }), await bench.disk({ size: 2 * SIZE })];
    const manifest = join(await bench.directory(), 'disk.manifest');
    const copy = await platter(['copy', source, good.device, bad.device, '--yes', '--json', '--manifest', manifest]);
    expect(copy.code, copy.stdout).toBe(0);
    expectJobLines(copy);
    const bytes = await readFile(manifest);
    const sum = createHash('sha256').update(bytes.subarray(0, -32)).digest('hex');
    expect(resultOf(copy).manifest).toBe(sum);

    await bad.rule('flip r 5M');
    const run = await platter(['verify', '--manifest', manifest, good.device, bad.device, '--json']);
    expect(run.code, run.stdout).toBe(1);
    expectJobLines(run);
    expect(run.lines[0]).toMatchObject({ kind: 'verify', source: null, bytes: SIZE + 1000 });
    expect(errorsOf(run)).toMatchObject([
      { side: 'verify', path: bad.device, code: 'VERIFY_MISMATCH', offset: 5 * MiB, length: MiB },
    ]);
    expect(resultOf(run).destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'failed', verified: false },
    ]);
  });

  test('says the name and the digest of a new manifest', async () => {
    const source = await bench.image('disk.img', MiB);
    const run = await platter(['copy', source, 'copy.img', '--manifest', 'm'], { cwd: await bench.directory() });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^Manifest written to m\. Its own checksum, which is not that of the image: [0-9a-f]{64}\.$/u,
    );
    const second = await platter(['copy', source, 'second.img', '--manifest', 'm'], { cwd: await bench.directory() });
    expect(run.stdout).not.toContain('is replaced');
    expect(second.stdout).toMatch(/^Note: The manifest at \S*m is replaced by that of this job\.$/mu);
    const again = await platter(['verify', '--manifest', 'm', 'copy.img'], { cwd: await bench.directory() });
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toMatch(/^Comparing 1 destination with the manifest m \(1\.0 MB\)\.\n/u);
  });

  test('refuses by name a damaged manifest and a file of another kind, and overwrites neither', async () => {
    const source = await bench.image('disk.img', MiB);
    const directory = await bench.directory();
    expect(await platter(['copy', source, 'copy.img', '--manifest', 'm'], { cwd: directory })).toMatchObject({
      code: 0,
    });
    const bytes = await readFile(join(directory, 'm'));
    bytes[bytes.length - 40] = bytes[bytes.length - 40]! ^ 1;
    await writeFile(join(directory, 'damaged'), bytes);
    for (const name of ['damaged', 'disk.img']) {
      const run = await platter(['verify', '--manifest', name, 'copy.img', '--json'], { cwd: directory });
      expect(expectRefusal(run)).toMatchObject([{ code: 'BAD_FILE', path: name }]);
    }
    expect(
      expectRefusal(await platter(['verify', '--manifest', 'none', 'copy.img', '--json'], { cwd: directory })),
    ).toMatchObject([{ code: 'NOT_FOUND', path: 'none' }]);
    const before = await digest(source);
    const run = await platter(['copy', source, 'other.img', '--manifest', 'disk.img', '--json'], { cwd: directory });
    expectRefusal(run);
    expect(await digest(source)).toBe(before);
    expect(existsSync(join(directory, 'other.img'))).toBe(false);
  });
});

describe.skipIf(cannot !== null)('--update', () => {
  test('writes with --update only the chunks that differ, and says what was there', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await diskLike(source, 3 * MiB + 5, 11 * MiB);
    await disk.rule('log on w');
    const run = await platter(['copy', '--update', source, disk.device, '--yes', '--json']);
    expect(run.code, run.stdout).toBe(0);
    expectJobLines(run);
    expect(await chunksWritten(disk)).toEqual([0, 3, 11]); // the head too: zeros first, itself last
    expect(await firstDifference(source, disk.backing, SIZE)).toBeNull();
    expect(resultOf(run).destinations).toMatchObject([
      { state: 'done', verified: true, written: 3 * MiB, kept: SIZE - 3 * MiB },
    ]);
  });

  test('says what an update kept and what it wrote', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await diskLike(source, 0);
    const run = await platter(['copy', '--update', source, disk.device, '--yes']);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain(`${disk.device}: verified: wrote 1.0 MB, 15.7 MB were there`);
  });

  test('reports with --manifest-from what changed on the source since', async () => {
    const directory = await bench.directory();
    const source = await bench.image('disk.img', SIZE);
    expect(await platter(['copy', source, 'copy.img', '--manifest', 'm'], { cwd: directory })).toMatchObject({
      code: 0,
    });
    const bytes = await readFile(source);
    bytes[7 * MiB] = bytes[7 * MiB]! ^ 1;
    await writeFile(source, bytes);
    const run = await platter(['copy', '--update', '--manifest-from', 'm', source, 'copy.img', '--yes'], {
      cwd: directory,
    });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/1 chunk.*changed/u);
    expect(await digest(join(directory, 'copy.img'))).toBe(await digest(source));
  });
});

describe.skipIf(cannot !== null)('repair', () => {
  test('repairs what differs and nothing else', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [worn, fine] = [await diskLike(source, 6 * MiB + 1), await diskLike(source)];
    for (const disk of [worn, fine]) await disk.rule('log on w');
    const run = await platter(['repair', source, worn.device, fine.device, '--yes', '--json']);
    expect(run.code, run.stdout).toBe(0);
    expectJobLines(run);
    expect(await chunksWritten(worn)).toEqual([0, 6]);
    expect(await fine.writes()).toEqual([]);
    expect(await digest(worn.backing)).toBe(await digest(source));
    expect(resultOf(run).destinations).toMatchObject([
      { verified: true, written: 2 * MiB },
      { verified: true, written: 0 },
    ]);
  });

  test('asks before a repair, because it writes', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await diskLike(source, 0);
    const before = await digest(disk.backing);
    expect(expectRefusal(await platter(['repair', source, disk.device, '--json']))).toMatchObject([
      { code: 'CONFIRM', path: disk.device },
    ]);
    expect(await digest(disk.backing)).toBe(before);
  });

  test('finishes a copy with --repair when one write went wrong', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await bench.disk({ size: SIZE });
    await disk.rule('flip w 5M 1 1');
    expect(await platter(['copy', source, disk.device, '--yes', '--json'])).toMatchObject({ code: 3 });
    await disk.rule('clear', 'flip w 5M 1 1');
    const run = await platter(['copy', '--repair', source, disk.device, '--yes', '--json']);
    expect(run.code, run.stdout).toBe(0);
    expect(await digest(disk.backing)).toBe(await digest(source));
  });
});

describe.skipIf(cannot !== null)('--keep-going', () => {
  test('lists every bad place with --keep-going', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [bad, good] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE })];
    const places = [3 * MiB + 512, 9 * MiB];
    await bad.rule(...places.map((at) => `eio w ${at} 512`));
    const run = await platter(['copy', '--keep-going', source, bad.device, good.device, '--yes', '--json']);
    expect(run.code, run.stdout).toBe(1);
    // Several sub-jobs are in flight, so either place can be found first.
    const written = errorsOf(run)
      .filter(({ side }) => side === 'write')
      .sort((a, b) => Number(a.offset) - Number(b.offset));
    expect(written).toMatchObject(
      places.map((offset) => ({ path: bad.device, code: 'MEDIUM_ERROR', offset, length: 512 })),
    );
    expect(resultOf(run).destinations).toMatchObject([{ state: 'failed' }, { state: 'done', verified: true }]);
    const after = await readFile(bad.backing);
    expect(after.subarray(10 * MiB).equals((await readFile(source)).subarray(10 * MiB))).toBe(true);
  });
});

describe.skipIf(cannot !== null)('--rescue', () => {
  test('fills holes of a rescue with zeros, lists them in a map for ddrescuelog, and exits with 1', async () => {
    const source = await bench.disk({ size: SIZE });
    await writeFile(source.backing, seededBytes(SIZE, 3));
    await source.rule('eio r 4M 1024', `eio r ${9 * MiB + 4096} 512`);
    const directory = await bench.directory();
    const run = await platter(['copy', '--map', 'map', '--retries', '1', source.device, 'rescued.img', '--json'], {
      cwd: directory,
    });
    expect(run.code, run.stdout).toBe(1);
    expectJobLines(run);
    expect(resultOf(run)).toMatchObject({
      rescue: { rescued: SIZE - 1536, bad: 1536 },
      destinations: [{ state: 'done', verified: true }],
    });
    const wanted = seededBytes(SIZE, 3);
    wanted.fill(0, 4 * MiB, 4 * MiB + 1024);
    wanted.fill(0, 9 * MiB + 4096, 9 * MiB + 4096 + 512);
    expect((await readFile(join(directory, 'rescued.img'))).equals(wanted)).toBe(true);
    const listed = await execute('ddrescuelog', ['-b512', '-l-', join(directory, 'map')]);
    expect(listed.stdout.trim().split('\n').map(Number)).toEqual([8192, 8193, 18440]);
  });

  test('says what a rescue misses, and where that is written', async () => {
    const source = await bench.disk({ size: 4 * MiB });
    await source.rule('eio r 2M 512');
    const run = await platter(['copy', '--map', 'map', source.device, 'rescued.img'], { cwd: await bench.directory() });
    expect(run.code, run.stderr).toBe(1);
    expect(run.stdout).toContain('Rescued 4.2 MB. 512 bytes could not be read and are zeros on every destination.\n');
    expect(run.stdout).toContain('is in the map map;');
  });

  test('exits with 0 when a rescue has read everything', async () => {
    const source = await bench.image('disk.img', MiB);
    const run = await platter(['copy', '--rescue', source, 'rescued.img', '--json'], { cwd: await bench.directory() });
    expect(run.code, run.stdout).toBe(0);
    expect(resultOf(run)).toMatchObject({ rescue: { rescued: MiB, bad: 0 } });
  });

  test('overwrites no file that is not a map', async () => {
    const directory = await bench.directory();
    const source = await bench.image('disk.img', MiB);
    const run = await platter(['copy', '--map', 'disk.img', source, 'rescued.img', '--json'], { cwd: directory });
    expect(expectRefusal(run)[0]).toMatchObject({ path: 'disk.img' });
    expect(existsSync(join(directory, 'rescued.img'))).toBe(false);
  });
});

describe.skipIf(cannot !== null)('zeros', () => {
  /** What a copy did to a disk. Its image is zeros except for the first and the last MiB. */
  async function copied(
    ...options: string[]
  ): Promise<{ bytesWritten: number; bytesZeroed: number; equal: boolean; old: boolean }> {
    const source = await bench.image('disk.img', MiB);
    const bytes = Buffer.alloc(SIZE);
    bytes.set(seededBytes(MiB, 1));
    bytes.set(seededBytes(MiB, 2), SIZE - MiB);
    await writeFile(source, bytes);
    const disk = await bench.disk({ size: SIZE });
    await writeFile(disk.backing, seededBytes(SIZE, 9));
    const run = await platter(['copy', source, disk.device, '--yes', '--json', '--no-verify', ...options]);
    expect(run.code, run.stdout).toBe(0);
    const { bytesWritten, bytesZeroed } = await disk.counters();
    const after = await readFile(disk.backing);
    return {
      bytesWritten,
      bytesZeroed,
      equal: after.equals(bytes),
      old: after.subarray(4 * MiB, 5 * MiB).equals(seededBytes(SIZE, 9).subarray(4 * MiB, 5 * MiB)),
    };
  }

  test('lets the disk write zeros, writes them with --no-sparse, skips them with --assume-blank', async () => {
    const sparse = await copied();
    expect(sparse.equal).toBe(true);
    expect(sparse.bytesZeroed).toBeGreaterThanOrEqual(SIZE - 2 * MiB);
    expect(sparse.bytesWritten).toBeLessThanOrEqual(4 * MiB);
    const full = await copied('--no-sparse');
    expect(full.equal).toBe(true);
    expect(full.bytesWritten).toBeGreaterThanOrEqual(SIZE);
    const blank = await copied('--assume-blank');
    expect(blank.bytesWritten + blank.bytesZeroed).toBeLessThanOrEqual(4 * MiB);
    expect(blank.old).toBe(true);
  });

  test('reports zeros that were skipped on a disk that was not blank, up to the end of the copy', async () => {
    const source = await bench.image('ends-in-zeros.img', MiB);
    await writeFile(source, Buffer.concat([seededBytes(MiB, 1), Buffer.alloc(SIZE - MiB)]));
    const disk = await bench.disk({ size: SIZE });
    await writeFile(disk.backing, seededBytes(SIZE, 9));
    const run = await platter(['copy', source, disk.device, '--yes', '--json', '--assume-blank']);
    expect(resultOf(run).destinations[0]!.errors).toMatchObject([
      {
        code: 'VERIFY_MISMATCH',
        offset: MiB,
        length: SIZE - MiB,
        message: expect.stringContaining('the data read back differs from the data written') as string,
        advice:
          'Do not use this copy. The disk may not have been blank: copy again without --assume-blank, ' +
          'and replace the drive if it differs again.',
      },
    ]);
    expect(await platter(['copy', source, disk.device, '--yes', '--json'])).toMatchObject({ code: 0 });
  });

  test('makes holes of zeros in an image', async () => {
    const directory = await bench.directory();
    await writeFile(join(directory, 'disk.img'), Buffer.concat([seededBytes(MiB, 1), Buffer.alloc(SIZE - MiB)]));
    expect(await platter(['copy', 'disk.img', 'copy.img'], { cwd: directory })).toMatchObject({ code: 0 });
    const { size, blocks } = await stat(join(directory, 'copy.img'));
    expect(size).toBe(SIZE);
    expect(blocks * 512).toBeLessThanOrEqual(4 * MiB);
  });
});

describe.skipIf(cannot !== null)('limits', () => {
  test('limits the job by --throttle and one destination by --throttle-dest', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [one, two] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE })];
    const all = await platter([
      'copy',
      source,
      one.device,
      two.device,
      '--yes',
      '--json',
      '--no-verify',
      '--throttle',
      '8M',
    ]);
    expect(all.code, all.stdout).toBe(0);
    expect(resultOf(all).seconds).toBeGreaterThan(1.5);
    const some = await platter([
      'copy',
      source,
      one.device,
      two.device,
      '--yes',
      '--json',
      '--no-verify',
      '--throttle-dest',
      `${two.device}=8M`,
    ]);
    expect(some.code, some.stdout).toBe(0);
    const firstEnds = some.lines.find(
      (line) => line.event === 'progress' && (line.destinations as { state: string }[])[0]!.state === 'done',
    );
    expect(firstEnds).toMatchObject({ destinations: [{ state: 'done' }, { state: 'copying' }] });
    expect(resultOf(some).seconds).toBeGreaterThan(1.5);
  });

  test('ends the job after --stall-timeout while the device still does not answer', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [stalled, good] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE })];
    await stalled.rule('after w 4M stall w');
    const run = await platter(['copy', source, stalled.device, good.device, '--yes', '--json', '--stall-timeout', '3']);
    expect(run.code, run.stdout).toBe(1);
    expectJobLines(run);
    expect(resultOf(run).destinations).toMatchObject([{ state: 'failed' }, { state: 'done', verified: true }]);
    for (const error of errorsOf(run))
      expect(error).toMatchObject({ path: stalled.device, code: 'STALLED', errno: 'ETIMEDOUT' });
    expect((await stalled.counters()).inFlight).toBeGreaterThan(0);
    await stalled.rule('go', 'clear');
  });
});
