// Drives that come while a job of the station runs join it, and only those that the station may start.
import { beforeEach, describe, expect, it } from 'vitest';
import { COUNTDOWN_MS } from '../../../../app/contract/limits.ts';
import type { Disk } from '../../../../app/contract/disks.ts';
import { failure } from '../../../../app/base/errors.ts';
import { writeError } from '../../../renderer/support/fixtures.ts';
import { drive, error, FakeWork, ports } from './support.ts';

let work: FakeWork;
let first: Disk;
beforeEach(() => {
  work = new FakeWork();
});

const writing = (): string[] => work.jobs.job?.plan.destinations.map(({ serial }) => serial ?? '') ?? [];

/** A job of the drive `A` in bay 1 runs. */
async function running(more: Parameters<FakeWork['arm']>[1] = {}): Promise<void> {
  first = drive(1, 'A');
  await work.arm(ports, more);
  await work.plug(first);
  await work.pass(COUNTDOWN_MS);
}

describe('a drive that comes while a job runs', () => {
  it('joins it after its own countdown, and both are counted once', async () => {
    await running();
    await work.plug(first, drive(2, 'B'));
    expect(work.joining).toEqual([]);
    await work.pass(COUNTDOWN_MS);
    expect(writing()).toEqual(['A', 'B']);
    expect(work.bays).toEqual(['running', 'running', 'empty']);
    await work.letGo(0, 'done');
    expect(work.atWork).toMatchObject({ done: 1, failed: 0 });
    expect(work.bays[0]).toBe('done');
    await work.end(['done', 'failed']);
    expect(work.atWork).toMatchObject({ done: 1, failed: 1 });
    expect(work.bays.slice(0, 2)).toEqual(['done', 'failed']);
    expect(work.checked).toHaveLength(1);
  });

  it('takes the bay of one that is done, although the job goes on', async () => {
    await running();
    const second = drive(2, 'B');
    await work.plug(first, second);
    await work.pass(COUNTDOWN_MS);
    await work.letGo(0, 'done');
    await work.plug(second);
    await work.plug(drive(1, 'C'), second);
    await work.pass(COUNTDOWN_MS);
    expect(writing()).toEqual(['A', 'B', 'C']);
    expect(work.bays.slice(0, 2)).toEqual(['running', 'running']);
  });

  it('S10 is refused when it is done already in this very job', async () => {
    await running();
    const second = drive(2, 'B');
    await work.plug(first, second);
    await work.pass(COUNTDOWN_MS);
    await work.letGo(0, 'done');
    await work.plug(second);
    await work.plug(drive(1, 'A'), second);
    await work.pass(COUNTDOWN_MS);
    expect(work.reasons[0]).toBe('stationDone');
    expect(work.joining).toEqual(['/dev/sdc']);
  });

  it('joins again when it failed in this job and is plugged in again', async () => {
    await running();
    const second = drive(2, 'B');
    await work.plug(first, second);
    await work.pass(COUNTDOWN_MS);
    work.jobs.job = { ...work.jobs.job!, errors: [writeError(0, first.path)] };
    await work.letGo(0, 'failed');
    expect(work.atWork.bays[0]?.activity).toEqual({ kind: 'failed', reason: writeError(0, first.path).reason });
    await work.plug(second);
    await work.plug(drive(1, 'A'), second);
    await work.pass(COUNTDOWN_MS);
    expect(writing()).toEqual(['A', 'B', 'A']);
    await work.end(['failed', 'done', 'done']);
    expect(work.atWork).toMatchObject({ done: 2, failed: 1 });
  });

  it.each(['joinTooLate', 'joinOnlyCopies'] as const)('waits for its end when the job says %s', async (kind) => {
    await running();
    work.joinRefusal = failure({ code: 'BAD_ARGUMENT', op: 'check', device: '/dev/sdc', reason: { kind } });
    await work.plug(first, drive(2, 'B'));
    await work.pass(COUNTDOWN_MS);
    expect(work.bays[1]).toBe('waiting');
    expect(work.joining, 'it asks a job once').toHaveLength(1);
    work.joinRefusal = null;
    await work.end(['done']);
    expect(writing()).toEqual(['B']);
  });

  it('S10 is refused for a reason of its own, and the job goes on', async () => {
    await running();
    work.joinRefusal = error('inUse', '/dev/sdc');
    await work.plug(first, drive(2, 'B'));
    await work.pass(COUNTDOWN_MS);
    expect(work.reasons[1]).toBe('inUse');
    expect(work.station.isArmed).toBe(true);
  });

  it('S10 does not join with data that only the engine sees', async () => {
    await running();
    work.blank.set('/dev/sdc', false);
    await work.plug(first, drive(2, 'B'));
    await work.pass(COUNTDOWN_MS);
    expect(work.reasons[1]).toBe('stationUsed');
    expect(writing()).toEqual(['A']);
  });

  it.each<[string, () => void, string]>([
    ['the person says so', () => work.station.skip(ports[1]!.path), 'skipped'],
    ['the station is stopped', () => work.station.stop({ kind: 'stationStopped' }), 'skipped'],
  ])('S10 does not join when %s while it is checked', async (_what, happens, activity) => {
    await running();
    await work.plug(first, drive(2, 'B'));
    let goOn: () => void = () => undefined;
    work.beforeChecked = new Promise((resolve) => (goOn = resolve));
    await work.pass(COUNTDOWN_MS);
    expect(work.bays[1]).toBe('starting');
    happens();
    goOn();
    await work.settle();
    expect(work.bays[1]).toBe(activity);
    expect(writing()).toEqual(['A']);
    expect(work.givenUp, 'the running job is not given up').toBe(0);
  });

  it('S10 does not join beyond the count of the station', async () => {
    await running({ count: 2 });
    await work.plug(first, drive(2, 'B'), drive(3, 'C'));
    await work.pass(COUNTDOWN_MS);
    expect(writing()).toEqual(['A', 'B']);
    await work.end(['done', 'done']);
    expect(work.atWork).toMatchObject({ phase: 'stopped', reason: { kind: 'stationCount' } });
    expect(work.bays[2]).toBe('skipped');
  });

  it('S10 does not join a job that is being stopped', async () => {
    await running();
    work.jobs.job = { ...work.jobs.job!, phase: 'cancelling' };
    await work.plug(first, drive(2, 'B'));
    await work.pass(COUNTDOWN_MS);
    expect(work.joining).toEqual([]);
    expect(work.bays[1]).toBe('waiting');
  });
});
