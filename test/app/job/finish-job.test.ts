// Closing and cancelling stay short on a slow drive, measured in unflushed bytes and not in seconds. A full bar says
// that it waits for the flush.
import { describe, expect, it } from 'vitest';
import { canLab, type LabEntry } from '../../lab/lab.ts';
import { MiB, resultOf, oneBench } from './support.ts';

const noLab = canLab();
/** Bytes a second. */
const RATE = 4 * MiB;
const bench = oneBench();

/** The most bytes at any time that the drive had accepted and no finished flush covered. */
function mostUnflushed(log: readonly LabEntry[]): number {
  const flushes = log.filter(({ op }) => op === 'flush');
  const writes = log.filter(({ op }) => op === 'write' || op === 'zero');
  return Math.max(
    ...writes.map(({ begin: now }) =>
      writes
        .filter((write) => write.end < now && !flushes.some((flush) => write.end < flush.begin && flush.end < now))
        .reduce((sum, { length }) => sum + length, 0),
    ),
  );
}

describe.skipIf(noLab !== null)(`flushes of a slow drive${noLab === null ? '' : ` (${noLab})`}`, () => {
  it('never leaves more unflushed than a drive writes in two seconds, also when cancelled', async () => {
    const source = await bench.image('disk.img', 40 * MiB);
    const disk = await bench.disk({ size: 40 * MiB });
    await disk.rule(`rate w ${RATE}`, 'log on');
    const session = bench.session();
    await session.begin({ source, destinations: [disk.device], memory: 8 * MiB });
    // The drive has accepted more than two seconds' worth by then, whatever is still in memory.
    await disk.waitFor(({ bytesWritten }) => bytesWritten >= 8 * MiB + 2.5 * RATE);
    await session.engine.call('cancel', {});
    expect(await resultOf(session)).toMatchObject({ cancelled: true, destinations: [{ state: 'cancelled' }] });
    const log = await disk.log();
    expect(mostUnflushed(log)).toBeLessThanOrEqual(2 * RATE);
    expect(log.at(-1)).toMatchObject({ op: 'flush' });
  });

  it('shows the state flushing when everything is written', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule('after w 8M stall f'); // the zeros in the head's place and all the rest
    const session = bench.session();
    await session.begin({ source, destinations: [disk.device], verify: false });
    await session.until((event) => event.event === 'progress' && event.progress.destinations[0]!.state === 'flushing');
    await disk.rule('go');
    await resultOf(session);
    const shown = session.events.flatMap((event) => (event.event === 'progress' ? event.progress.destinations : []));
    expect(shown.filter(({ state, written, toWrite }) => written >= toWrite * 0.99 && state === 'copying')).toEqual([]);
  });
});
