// Commands to a running job, through the real host on devices with faults: cancel, pause, limit, retry.
import { statSync, utimesSync } from 'node:fs';
import { appendFile, truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { DestinationProgress } from '../../../app/contract/jobs.ts';
import { canLab, seededBytes } from '../../lab/lab.ts';
import { head, MiB, refused, requestOf, resultOf, spoil, slowCopy, oneBench, type Session } from './support.ts';

const noLab = canLab();
const bench = oneBench();

/** Waits for a new sample that satisfies `condition`. */
const seen = async (session: Session, condition: (destinations: DestinationProgress[]) => boolean): Promise<void> => {
  const from = session.events.length;
  await session.until(
    (event) =>
      event.event === 'progress' && session.events.indexOf(event) >= from && condition(event.progress.destinations),
  );
};
/** Waits for `count` more samples. The host takes ten a second. */
async function moreSamples(session: Session, count: number): Promise<void> {
  const taken = (): number => session.events.filter(({ event }) => event === 'progress').length;
  const before = taken();
  await session.until(() => taken() >= before + count);
}

describe.skipIf(noLab !== null)(`commands to a running job${noLab === null ? '' : ` (${noLab})`}`, () => {
  it('cancels one destination, and finishes the other', async () => {
    const { session, source, one } = await slowCopy(bench);
    await session.engine.call('cancel', { destination: 1 });
    await source.rule('clear');
    const result = await resultOf(session);
    expect(result.destinations.map(({ state }) => state)).toEqual(['done', 'cancelled']);
    expect(head(one.backing, 16 * MiB).equals(seededBytes(16 * MiB, 1))).toBe(true);
    expect(result).toMatchObject({ cancelled: true, writeErr: 0b10 });
  });

  it('pauses one destination and then all of them, and continues', async () => {
    const { session, source, one, two } = await slowCopy(bench);
    await session.engine.call('pause', { destination: 1, paused: true });
    await seen(
      session,
      ([first, second]) => first!.state === 'copying' && second!.state === 'paused' && second!.paused,
    );
    await session.engine.call('pause', { destination: null, paused: true });
    await seen(session, (all) => all.every(({ state }) => state === 'paused'));
    const before = (await one.counters()).bytesWritten;
    await moreSamples(session, 4);
    expect((await one.counters()).bytesWritten - before).toBeLessThanOrEqual(8 * MiB);
    await source.rule('clear');
    await session.engine.call('pause', { destination: null, paused: false });
    await session.engine.call('pause', { destination: 1, paused: false });
    expect(await resultOf(session)).toMatchObject({
      writeErr: 0,
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true },
      ],
    });
    expect(head(two.backing, 16 * MiB).equals(seededBytes(16 * MiB, 1))).toBe(true);
  });

  it('S8 reports in the result a source file that was written to during the copy', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const session = bench.session();
    await session.begin({ source, destinations: [await bench.path('copy.img')], throttle: 65536 });
    await appendFile(source, 'more');
    await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
    expect(await resultOf(session)).toMatchObject({
      destinations: [{ state: 'done' }],
      sourceWritten: true,
      notes: [{ kind: 'sourceWritten', path: source }],
    });
  });

  it('S8 reports a source file that was written to when its time of modification was set back', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const { atime, mtime } = statSync(source);
    const session = bench.session();
    await session.begin({ source, destinations: [await bench.path('copy.img')], throttle: 65536 });
    await spoil(source, MiB);
    utimesSync(source, atime, mtime);
    await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
    expect(await resultOf(session)).toMatchObject({ sourceWritten: true });
  });

  it('reports a source file that was cut shorter as changed, not as a drive that is gone', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const session = bench.session();
    await session.begin({ source, destinations: [await bench.path('copy.img')], throttle: 65536 });
    await truncate(source, 512 * 1024);
    await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
    expect(await resultOf(session)).toMatchObject({
      errors: [{ code: 'SOURCE_CHANGED', reason: { cause: { kind: 'shorterThanBefore' } } }],
      destinations: [{ state: 'failed' }],
    });
  });

  it('accepts limits and times that are no whole numbers', async () => {
    const [source, copy] = [await bench.image('disk.img', MiB), await bench.path('copy.img')];
    const session = bench.session();
    expect(
      await refused(session.engine.call('prepare', requestOf({ source, destinations: [copy], throttle: 1e300 }))),
    ).toMatchObject([{ code: 'BAD_ARGUMENT' }]);
    const asked = {
      source,
      destinations: [copy],
      throttle: MiB + 0.5,
      destinationThrottles: [MiB + 0.5],
      stallTimeout: 60.0001,
    };
    await session.begin(asked);
    await session.engine.call('throttle', { destination: 0, bytesPerSecond: 1e9 + 0.5 });
    await session.engine.call('throttle', { destination: null, bytesPerSecond: 1e9 + 0.5 });
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
  });

  it('changes the limit of a running job, and refuses a wrong limit or destination', async () => {
    const source = await bench.image('disk.img', 32 * MiB);
    const disk = await bench.disk({ size: 32 * MiB });
    const session = bench.session();
    await session.begin({ source, destinations: [disk.device], throttle: 1024, verify: false }); // nine hours
    await moreSamples(session, 10);
    expect((await disk.counters()).bytesWritten).toBeLessThan(32 * MiB);
    expect(await refused(session.engine.call('throttle', { destination: null, bytesPerSecond: 0 }))).toMatchObject([
      { code: 'BAD_ARGUMENT' },
    ]);
    expect(await refused(session.engine.call('pause', { destination: 1, paused: true }))).toMatchObject([
      { code: 'BAD_ARGUMENT' },
    ]);
    await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'done' }] });
  });

  it('retries a failed destination, and writes only what is missing', async () => {
    const { session, source, one, two } = await slowCopy(bench);
    await two.rule('eio w 8M 1M');
    await seen(session, ([, second]) => second!.state === 'failed');
    expect(await refused(session.engine.call('retry', { destination: 0 }))).toMatchObject([{ code: 'BAD_ARGUMENT' }]);
    await two.rule('clear');
    await two.rule('rate w 4M'); // so that the others are done long before it
    await session.engine.call('retry', { destination: 1 });
    await source.rule('clear');
    expect(await resultOf(session)).toMatchObject({
      writeErr: 0,
      destinations: [
        { state: 'done', errors: [] },
        { state: 'done', verified: true, errors: [] },
      ],
    });
    for (const disk of [one, two]) expect(head(disk.backing, 16 * MiB).equals(seededBytes(16 * MiB, 1))).toBe(true);
  });

  it('gives up a drive that stops answering, and ends the job while it still hangs', async () => {
    const source = await bench.image('disk.img', 8 * MiB);
    const [good, stuck] = [await bench.disk({ size: 8 * MiB }), await bench.disk({ size: 8 * MiB })];
    const session = bench.session();
    await stuck.rule('stall w 4M 1M');
    bench.finally(() => stuck.rule('go'));
    await session.begin({ source, destinations: [good.device, stuck.device], stallTimeout: 3 });
    const result = await resultOf(session);
    expect((await stuck.counters()).inFlight).toBeGreaterThan(0);
    expect(result).toMatchObject({
      destinations: [
        { state: 'done', verified: true },
        { state: 'failed', errors: [{ code: 'STALLED' }] },
      ],
    });
    await stuck.rule('go');
  });
});
