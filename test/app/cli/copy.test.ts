// `platter copy` and `platter verify` from end to end: the built program, the engine, loop devices that fail on
// command.
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab, seededBytes } from '../../lab/lab.ts';
import { progressShape, expectJobLines } from './shapes.ts';
import { Bench, digest, errorsOf, firstDifference, MiB, platter, resultOf } from './support.ts';

const SIZE = 24 * MiB + 1000; // neither whole sub-jobs nor whole sectors
const DISK = 32 * MiB;

const bench = new Bench();
afterEach(() => bench.clear());

const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

describe.skipIf(noLab !== null)('copy', () => {
  test('copies an image to two loop devices and a file, verifies all, and touches nothing else', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [one, two] = [
      await bench.disk({ size: DISK, plain: true }),
      await bench.disk({ size: DISK, sector: 4096, plain: true }),
    ];
    await writeFile(one.backing, seededBytes(DISK, 7));
    const copy = join(await bench.directory(), 'copy.img');

    const run = await platter(['copy', source, one.device, two.device, copy, '--yes', '--json']);

    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toBe('');
    expectJobLines(run);
    expect(resultOf(run)).toMatchObject({
      readErr: 0,
      writeErr: 0,
      bytes: SIZE,
      destinations: [one.device, two.device, copy].map((path) => ({ path, state: 'done', verified: true, errors: [] })),
    });
    for (const path of [one.backing, two.backing, copy]) expect(await firstDifference(source, path, SIZE)).toBeNull();
    expect((await stat(copy)).size).toBe(SIZE);
    expect((await readFile(one.backing)).subarray(SIZE).equals(seededBytes(DISK, 7).subarray(SIZE))).toBe(true);
  });

  test.each(['uring', 'threads'])('copies with --io %s and --memory 1M, and says both in the plan', async (io) => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await bench.disk({ size: DISK, plain: true });
    const run = await platter(['copy', source, disk.device, '--yes', '--json', '--io', io, '--memory', '1M']);
    expect(run.code, run.stdout).toBe(0);
    expect(run.lines[0]).toMatchObject({ event: 'plan', io, memory: MiB, bytes: SIZE, verify: true });
    expect(await firstDifference(source, disk.backing, SIZE)).toBeNull();
  });

  test('copies a disk to an image, and that image back to a disk', async () => {
    const from = await bench.disk({ size: DISK, plain: true });
    await writeFile(from.backing, seededBytes(DISK, 3));
    const image = join(await bench.directory(), 'backup.img');
    expect(await platter(['copy', from.device, image])).toMatchObject({ code: 0 });
    expect(await digest(image)).toBe(await digest(from.backing));
    const to = await bench.disk({ size: DISK, plain: true });
    expect(await platter(['copy', image, to.device, '--yes'])).toMatchObject({ code: 0 });
    expect(await digest(to.backing)).toBe(await digest(from.backing));
  });

  test('prints paths as they were typed, relative to where the command was called', async () => {
    await bench.image('disk.img', MiB);
    const run = await platter(['copy', 'disk.img', './copy.img', '--json'], { cwd: await bench.directory() });
    expect(run.code, run.stdout).toBe(0);
    expect(run.lines[0]).toMatchObject({ source: { path: 'disk.img' }, destinations: [{ path: './copy.img' }] });
    expect(resultOf(run).destinations).toMatchObject([{ path: './copy.img' }]);
    expect(
      await firstDifference(join(await bench.directory(), 'disk.img'), join(await bench.directory(), 'copy.img'), MiB),
    ).toBeNull();
  });

  test('names the sector where one of three fails, finishes the others, and exits with 1', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disks = [
      await bench.disk({ size: DISK }),
      await bench.disk({ size: DISK }),
      await bench.disk({ size: DISK }),
    ] as const;
    const offset = 12_345 * 512;
    await disks[1].rule(`eio w ${offset} 512 EIO`);

    const run = await platter(['copy', source, ...disks.map(({ device }) => device), '--yes', '--json']);

    expect(run.code, run.stderr).toBe(1);
    expectJobLines(run);
    const errors = errorsOf(run);
    expect(errors).toMatchObject([
      { side: 'write', path: disks[1].device, code: 'MEDIUM_ERROR', errno: 'EIO', offset, length: 512 },
    ]);
    expect(resultOf(run)).toMatchObject({ readErr: 0, writeErr: 0b010 });
    expect(resultOf(run).destinations).toMatchObject([
      { state: 'done', verified: true, errors: [] },
      { state: 'failed', errors: [{ code: 'MEDIUM_ERROR' }] },
      { state: 'done', verified: true, errors: [] },
    ]);
    for (const disk of [disks[0], disks[2]]) expect(await firstDifference(source, disk.backing, SIZE)).toBeNull();
  });

  test('exits with 3 when every destination fails', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disks = [await bench.disk({ size: DISK }), await bench.disk({ size: DISK })] as const;
    for (const disk of disks) await disk.rule('eio w 1M 4K EIO');
    const run = await platter(['copy', source, ...disks.map(({ device }) => device), '--yes', '--json']);
    expect(run.code, run.stderr).toBe(3);
    expectJobLines(run);
    expect(resultOf(run)).toMatchObject({
      readErr: 0,
      writeErr: 0b11,
      destinations: [{ state: 'failed' }, { state: 'failed' }],
    });
  });

  test('names the place that cannot be read on the source, and exits with 3', async () => {
    const source = await bench.disk({ size: 16 * MiB });
    await source.rule('eio r 8M 512 EIO');
    const disk = await bench.disk({ size: DISK, plain: true });
    const run = await platter(['copy', source.device, disk.device, '--yes', '--json']);
    expect(run.code, run.stderr).toBe(3);
    expectJobLines(run);
    expect(errorsOf(run)[0]).toMatchObject({
      side: 'read',
      path: source.device,
      code: 'MEDIUM_ERROR',
      errno: 'EIO',
      offset: 8 * MiB,
      length: 512,
    });
    expect(resultOf(run)).toMatchObject({
      readErr: 1,
      destinations: [{ state: 'failed', errors: [{ code: 'SOURCE_FAILED' }] }],
    });
  });

  test('names the place where a disk keeps other data, and finishes the other disk', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [good, liar] = [await bench.disk({ size: DISK }), await bench.disk({ size: DISK })];
    const offset = 5 * MiB + 777;
    await liar.rule(`flip w ${offset} 1`);
    const run = await platter(['copy', source, good.device, liar.device, '--yes', '--json']);
    expect(run.code, run.stderr).toBe(1);
    expectJobLines(run);
    // Hashes are exact to a chunk of 1 MiB.
    expect(errorsOf(run)).toMatchObject([
      { side: 'verify', path: liar.device, code: 'VERIFY_MISMATCH', errno: null, offset: 5 * MiB, length: MiB },
    ]);
    expect(resultOf(run).destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'failed', verified: false },
    ]);
  });

  test('reads nothing back with --no-verify, and does not call the copy verified', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await bench.disk({ size: DISK });
    await disk.rule('log on rw');
    const run = await platter(['copy', source, disk.device, '--yes', '--json', '--no-verify']);
    expect(run.code, run.stderr).toBe(0);
    expect(run.lines[0]).toMatchObject({ verify: false });
    expect(resultOf(run).destinations).toMatchObject([{ state: 'done', verified: null }]);
    const readInBulk = (await disk.log()).filter(({ op, length }) => op === 'read' && length >= MiB / 4);
    expect(readInBulk).toEqual([]);
  });

  test('reports progress that never goes back and never exceeds the whole', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await bench.disk({ size: DISK });
    await disk.rule('rate w 24M');
    const run = await platter(['copy', source, disk.device, '--yes', '--json']);
    expect(run.code, run.stderr).toBe(0);
    const samples = run.lines.filter(({ event }) => event === 'progress').map((line) => progressShape.parse(line));
    expect(samples.length).toBeGreaterThan(3);
    expect(samples.length).toBeLessThan(12 * Number(resultOf(run).seconds) + 3);
    let before = { bytes: 0, written: 0, verified: 0 };
    for (const {
      bytes,
      destinations: [one],
    } of samples) {
      const now = { bytes, written: one!.written, verified: one!.verified };
      for (const key of ['bytes', 'written', 'verified'] as const) {
        expect(now[key]).toBeGreaterThanOrEqual(before[key]);
        expect(now[key]).toBeLessThanOrEqual(SIZE);
      }
      before = now;
    }
  });

  test('logs a line a second at most without a terminal, and errors on stderr', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [good, bad] = [await bench.disk({ size: DISK }), await bench.disk({ size: DISK })];
    await good.rule('rate w 12M');
    await bad.rule('eio w 1M 512 EIO');
    const run = await platter(['copy', source, good.device, bad.device, '--yes']);
    expect(run.code).toBe(1);
    expect(run.stdout).not.toContain('\u001b');
    const lines = run.stdout.trimEnd().split('\n');
    expect(lines[0]).toBe(`Copying ${source} (25.2 MB) to 2 destinations, reading each back when it is written.`);
    const [, seconds] = /, in (\d+\.\d) s\.$/u.exec(lines.at(-1)!) ?? [];
    expect(lines.filter((line) => /^\d+ s {2}/u.test(line)).length).toBeLessThanOrEqual(Number(seconds) + 1);
    expect(lines.at(-3)).toBe(`${good.device}: verified`);
    expect(lines.at(-2)).toMatch(new RegExp(`^${bad.device}: failed: Write failed at `, 'u'));
    expect(lines.at(-1)).toMatch(/^1 verified, 1 failed: 25\.2 MB each, in \d+\.\d s\.$/u);
    expect(run.stderr).toMatch(
      new RegExp(`^platter: ${bad.device}: Write failed at 1\\.0 MB .*\\. Replace this drive`, 'u'),
    );
  });
});

describe.skipIf(noLab !== null)('verify', () => {
  test('verify exits with 0 when all is equal, and writes nothing', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await bench.disk({ size: DISK });
    await writeFile(disk.backing, Buffer.concat([seededBytes(SIZE, 1), Buffer.alloc(DISK - SIZE)]));
    await disk.rule('log on wf');
    const run = await platter(['verify', source, disk.device, '--json']);
    expect(run.code, run.stdout).toBe(0);
    expectJobLines(run);
    expect(run.lines[0]).toMatchObject({ kind: 'verify' });
    expect(resultOf(run)).toMatchObject({ readErr: 0, writeErr: 0, destinations: [{ state: 'done', verified: true }] });
    expect(await disk.writes()).toEqual([]);
  });

  test('verify names the place of a difference, and exits with 1, or with 3 when all differ', async () => {
    const source = await bench.image('disk.img', SIZE);
    const same = await bench.image('same.img', SIZE);
    const other = await bench.image('other.img', SIZE);
    const bytes = await readFile(other);
    bytes[9 * MiB] = bytes[9 * MiB]! ^ 1;
    await writeFile(other, bytes);
    const before = await digest(other);

    const run = await platter(['verify', source, same, other, '--json']);
    expect(run.code, run.stdout).toBe(1);
    expectJobLines(run);
    expect(errorsOf(run)).toMatchObject([
      { side: 'verify', path: other, code: 'VERIFY_MISMATCH', offset: 9 * MiB, length: 512 },
    ]);
    expect(resultOf(run)).toMatchObject({
      writeErr: 0b10,
      destinations: [{ verified: true }, { state: 'failed', verified: false }],
    });

    expect(await platter(['verify', source, other])).toMatchObject({ code: 3 });
    expect(await digest(other)).toBe(before);
  });
});

describe.skipIf(noLab !== null)('list', () => {
  test('list prints one JSON document, with loop devices only with --all', async () => {
    const disk = await bench.disk({ size: DISK, plain: true });
    const all = await platter(['list', '--all', '--json']);
    expect(all.code, all.stderr).toBe(0);
    const found = (JSON.parse(all.stdout) as Record<string, unknown>[]).find(({ path }) => path === disk.device);
    expect(found).toMatchObject({ size: DISK, kind: 'loop', backingFile: disk.backing, locked: null, mountedAt: [] });
    const some = JSON.parse((await platter(['list', '--json'])).stdout) as Record<string, unknown>[];
    expect(some.filter(({ kind }) => kind === 'loop')).toEqual([]);
  });

  test('list locks the disk of the running system, or every fixed disk when that is unknown', async () => {
    const { stdout } = await platter(['list', '--json']);
    const disks = JSON.parse(stdout) as { mountedAt: string[]; removable: boolean; locked: { code: string } | null }[];
    const roots = disks.filter(({ mountedAt }) => mountedAt.includes('/'));
    const system = roots.length > 0 ? roots : disks.filter(({ removable }) => !removable);
    for (const { locked } of system) expect(locked?.code).toBe('IS_SYSTEM');
  });

  test('list shows path, size and what is behind a disk', async () => {
    const disk = await bench.disk({ size: DISK, plain: true });
    const run = await platter(['list', '--all']);
    expect(run.code).toBe(0);
    const row = run.stdout.split('\n').find((line) => line.startsWith(`${disk.device} `));
    expect(row).toContain('33.6 MB');
  });
});

describe.skipIf(noLab !== null)('existing image files', () => {
  test('asks for --yes before it replaces an image, not for a new one, and else leaves it alone', async () => {
    const source = await bench.image('disk.img', MiB);
    const old = join(await bench.directory(), 'old.img');
    await writeFile(old, 'precious');
    const refused = await platter(['copy', source, old]);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('--yes');
    expect(await readFile(old, 'utf8')).toBe('precious');
    expect(await platter(['copy', source, old, '--yes'])).toMatchObject({ code: 0 });
    expect(await digest(old)).toBe(await digest(source));
    expect((await stat(old)).size).toBe(MiB);
  });

  test('leaves no failed image behind under the name of a good one', async () => {
    const source = await bench.disk({ size: 4 * MiB });
    await source.rule('eio r 2M 512 EIO');
    const copy = join(await bench.directory(), 'copy.img');
    const run = await platter(['copy', source.device, copy, '--json']);
    expect(run.code, run.stdout).toBe(3);
    expect(resultOf(run).destinations).toMatchObject([{ path: copy, state: 'failed' }]);
    expect(existsSync(copy)).toBe(false);
  });
});
