// Jobs that write only what differs, through the real host: updates, repairs and the repair at the end of a copy.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { canLab, seededBytes } from '../../lab/lab.ts';
import { chunksWritten, head, MiB, spoil, oneBench } from './support.ts';

const noLab = canLab();
const bench = oneBench();

describe.skipIf(noLab !== null)('differences in a job', () => {
  it('writes in an update only what differs, on a disk and in an image', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const [disk, copy] = [await bench.disk({ size: 8 * MiB }), await bench.path('copy.img')];
    const session = bench.session();
    await session.run({ source, destinations: [disk.device, copy] });
    await spoil(source, 2 * MiB, 6 * MiB + 5);
    await disk.rule('log on w');
    const result = await session.run({ source, destinations: [disk.device, copy], update: true });
    // The disk's head counts twice: zeros first, its content last.
    expect(result.destinations).toMatchObject([
      { state: 'done', verified: true, written: 3 * MiB, kept: 5 * MiB, errors: [] },
      { state: 'done', verified: true, written: 2 * MiB, kept: 6 * MiB, errors: [] },
    ]);
    expect(chunksWritten(await disk.writes())).toEqual([0, 2, 6]);
    execFileSync('cmp', [source, copy]);
    execFileSync('cmp', ['-n', String(8 * MiB), source, disk.backing]);
  });

  it.each(['update', 'repair'] as const)(
    'keeps in a %s the bytes behind a source whose last sector is a partial one',
    async (how) => {
      const bytes = 700_001;
      const [source, disk] = [await bench.image('odd.img', bytes), await bench.disk({ size: 4 * MiB, plain: true })];
      await writeFile(disk.backing, Buffer.alloc(4 * MiB, 0xaa));
      const request = how === 'update' ? { update: true } : { kind: 'repair' as const };
      expect(await bench.session().run({ source, destinations: [disk.device], ...request })).toMatchObject({
        destinations: [{ state: 'done', verified: true }],
      });
      const after = readFileSync(disk.backing);
      expect(after.subarray(0, bytes).equals(readFileSync(source))).toBe(true);
      expect(after.subarray(bytes).equals(Buffer.alloc(4 * MiB - bytes, 0xaa))).toBe(true);
    },
  );

  it('writes again what differs after a copy when repair was asked for', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule('flip w 5000s 1s 1', 'log on w');
    const result = await bench.session().run({ source, destinations: [disk.device], repair: true });
    expect(result).toMatchObject({
      writeErr: 0,
      destinations: [{ state: 'done', verified: true, written: 10 * MiB, errors: [] }],
    });
    expect(head(disk.backing, 8 * MiB).equals(seededBytes(8 * MiB, 1))).toBe(true);
  });

  it.each(['repair', 'copy'] as const)(
    'reports what a drive does not keep as written again, after a %s',
    async (kind) => {
      const source = await bench.image('disk.img', 4 * MiB);
      const disk = await bench.disk({ size: 4 * MiB });
      await disk.rule('drop w 5000s 1s');
      const result = await bench.session().run({ kind, source, destinations: [disk.device], repair: kind === 'copy' });
      const [first] = result.destinations[0]!.errors;
      expect(result.destinations[0]).toMatchObject({
        state: 'failed',
        verified: false,
        errors: [{ code: 'VERIFY_MISMATCH', op: 'verify', offset: 2 * MiB, length: MiB }],
      });
      expect(first!.message).toBe(
        'Verification failed at 2.1 MB (sectors 4,096 to 6,143): it was written again and still differs.',
      );
      expect(first!.advice).toBe(
        'Do not use this drive: it does not keep what is written to it, or does not give it back. ' +
          'If you trust it, try another port or cable first.',
      );
    },
  );

  it('does not report a failed second write as data that the drive does not keep', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule('eio w 6M 64K', 'drop w 5000s 1s');
    const result = await bench.session().run({ source, destinations: [disk.device], keepGoing: true, repair: true });
    const { errors, ...end } = result.destinations[0]!;
    expect(end).toMatchObject({ state: 'failed', verified: false });
    const causes = errors.map(({ op, offset, remedy }) => [op, Math.floor(offset! / MiB), remedy.kind]);
    expect(causes).toContainEqual(['write', 6, 'MEDIUM_ERROR']);
    // The rewritten chunk still differs.
    expect(causes).toContainEqual(['verify', 2, 'losesData']);
    expect(causes.filter(([op, chunk]) => op !== 'write' && chunk === 6)).toEqual([['verify', 6, 'VERIFY_MISMATCH']]);
  });

  it('lists every range that differs for good when the job is to keep going', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule('eio w 3000s 1s', 'eio w 12000s 2s');
    const result = await bench.session().run({ source, destinations: [disk.device], keepGoing: true, verify: false });
    expect(result.destinations[0]).toMatchObject({ state: 'failed' });
    expect(
      result.destinations[0]!.errors.map(({ offset, length }) => [
        offset! <= 3000 * 512 || offset! <= 12_000 * 512,
        length! <= 4096,
      ]),
    ).toEqual([
      [true, true],
      [true, true],
    ]);
    const medium = head(disk.backing, 8 * MiB);
    expect(medium.subarray(7 * MiB).equals(seededBytes(MiB, 1, 7 * MiB))).toBe(true);
  });
});
