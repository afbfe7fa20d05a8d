// Ways in which a station could start a drive that the person did not mean.
import { beforeEach, describe, expect, it } from 'vitest';
import { COUNTDOWN_MS } from '../../../../app/contract/limits.ts';
import { disk, usbPort } from '../../../renderer/support/fixtures.ts';
import { identityOf } from '../../../../app/main/station/verdict.ts';
import { drive, error, FakeWork, ports, wishFor } from './support.ts';

let work: FakeWork;
beforeEach(() => {
  work = new FakeWork();
});

const started = (): string[] => work.jobs.job?.plan.destinations.map(({ serial }) => serial ?? '') ?? [];

/** The next check waits until the returned function is called. */
function holdCheck(): () => Promise<void> {
  let goOn: () => void = () => undefined;
  work.beforeChecked = new Promise((resolve) => (goOn = resolve));
  return async () => {
    goOn();
    await work.settle();
  };
}

describe('S10 a drive that is swapped', () => {
  it('S10 during the countdown gets a countdown of its own', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    await work.pass(COUNTDOWN_MS - 1);
    await work.plug(drive(1, 'B'));
    await work.pass(1);
    expect(work.checked).toEqual([]);
    await work.pass(COUNTDOWN_MS);
    expect(started()).toEqual(['B']);
  });

  it('S10 while it is checked is not started, nor is the other one without a countdown', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    const goOn = holdCheck();
    await work.pass(COUNTDOWN_MS);
    await work.plug(drive(1, 'B'));
    await goOn();
    expect(started()).toEqual([]);
    expect(work.bays[0]).toBe('countdown');
  });

  it('S10 while it is checked is not started when only the model tells it from the other one', async () => {
    await work.arm(ports);
    work.made = (plan) => ({
      ...plan,
      destinations: plan.destinations.map((end) => ({ ...end, model: 'Another Model' })),
    });
    await work.plug(drive(1, 'A'));
    await work.pass(COUNTDOWN_MS);
    expect(started()).toEqual([]);
    expect(work.reasons[0]).toBe('stationOther');
  });

  it('S10 into another bay while it is checked is not started', async () => {
    await work.arm(ports);
    const come = drive(1, 'A');
    await work.plug(come);
    const goOn = holdCheck();
    await work.pass(COUNTDOWN_MS);
    await work.plug({ ...come, port: usbPort(3, 1) });
    await goOn();
    expect(started()).toEqual([]);
    expect(work.bays[0]).toBe('empty');
  });
});

describe('S10 a drive that is about to start', () => {
  it('S10 is not started when the person says so while it is checked, and the others are', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'), drive(2, 'B'));
    const goOn = holdCheck();
    await work.pass(COUNTDOWN_MS);
    work.station.skip(ports[0]!.path);
    await goOn();
    expect(started()).toEqual(['B']);
    expect(work.bays.slice(0, 2)).toEqual(['skipped', 'running']);
  });

  it('S10 is not started when a second drive with its serial number comes while it is checked', async () => {
    await work.arm(ports);
    const first = drive(1, 'A');
    await work.plug(first);
    const goOn = holdCheck();
    await work.pass(COUNTDOWN_MS);
    await work.plug(first, disk('/dev/sdx', { serial: 'A', diskSequence: 900, port: null }));
    await goOn();
    expect(started()).toEqual([]);
    expect(work.reasons[0]).toBe('stationTwice');
  });

  it('S10 is not started when it is mounted while it is checked', async () => {
    await work.arm(ports);
    work.made = (plan) => ({
      ...plan,
      destinations: plan.destinations.map((end) => ({ ...end, mounts: [{ device: '/dev/sdb1', target: '/media/x' }] })),
    });
    await work.plug(drive(1, 'A'));
    await work.pass(COUNTDOWN_MS);
    expect(started()).toEqual([]);
    expect(work.reasons[0]).toBe('stationUsed');
  });

  it('S10 is not started when it is pulled while it is checked', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    const goOn = holdCheck();
    await work.pass(COUNTDOWN_MS);
    work.refusals = [error('inUse', '/dev/sdb')];
    await work.plug();
    await goOn();
    expect(started()).toEqual([]);
    expect(work.bays[0]).toBe('empty');
  });

  it('S10 is not started when the engine host fails while it is checked, nor afterwards', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    const goOn = holdCheck();
    await work.pass(COUNTDOWN_MS);
    work.refusals = [error('noMemory', null)];
    work.jobs.disksError = error('noMemory', null);
    work.station.see();
    await goOn();
    await work.pass(COUNTDOWN_MS);
    expect(started()).toEqual([]);
    expect(work.station.isArmed).toBe(false);
    expect(work.checked).toHaveLength(1);
  });
});

describe('S10 the countdown is one that a person can see', () => {
  it.each([-3_600_000, 3_600_000])('S10 and begins again when the clock jumps by %d ms', async (jump) => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    work.clockOff = jump;
    await work.pass(COUNTDOWN_MS);
    expect(work.bays[0]).toBe('countdown');
    await work.pass(COUNTDOWN_MS);
    expect(started()).toEqual(['A']);
  });

  it('S10 and begins again when the window comes back on the screen', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    work.visible = false;
    await work.pass(COUNTDOWN_MS - 1);
    work.visible = true;
    work.station.windowShown();
    await work.pass(1);
    expect(work.bays[0]).toBe('countdown');
    await work.pass(COUNTDOWN_MS);
    expect(started()).toEqual(['A']);
  });

  it('S10 and begins again when it was over while a job ran, and the window is gone when that ends', async () => {
    work.joinRefusal = error('noMemory', null);
    await work.arm(ports);
    const first = drive(1, 'A');
    await work.plug(first);
    await work.pass(COUNTDOWN_MS);
    await work.plug(first, drive(2, 'B'));
    await work.pass(COUNTDOWN_MS);
    work.visible = false;
    await work.end(['done']);
    expect(started()).toEqual(['A']);
    expect(work.bays[1]).toBe('countdown');
  });
});

describe('S10 a drive that is in already', () => {
  it('S10 is not started again when a second medium in its bay comes and goes while it is written', async () => {
    await work.arm(ports);
    const first = drive(1, 'A');
    await work.plug(first);
    await work.pass(COUNTDOWN_MS);
    await work.plug(first, { ...drive(1, 'C'), path: '/dev/sdy' });
    await work.plug(first);
    expect(work.bays[0]).toBe('running');
    await work.end(['failed']);
    await work.pass(COUNTDOWN_MS);
    expect(work.checked).toHaveLength(1);
  });

  it.each(['running', 'done', 'failed', 'skipped'] as const)(
    'S10 stays %s when only a list missed it',
    async (state) => {
      await work.arm(ports);
      const come = drive(1, 'A');
      await work.plug(come);
      if (state === 'skipped') work.station.skip(ports[0]!.path);
      await work.pass(COUNTDOWN_MS);
      if (state === 'done' || state === 'failed') await work.end([state]);
      await work.plug();
      await work.plug(come);
      expect(work.bays[0]).toBe(state);
      await work.pass(COUNTDOWN_MS);
      expect(work.checked.length).toBeLessThanOrEqual(1);
    },
  );

  it('S10 stays not started after the person said so on a kernel that numbers no media', async () => {
    await work.arm(ports);
    const come = drive(1, 'A', { diskSequence: null });
    await work.plug(come);
    work.station.skip(ports[0]!.path);
    await work.plug();
    await work.plug(come);
    expect(work.bays[0]).toBe('skipped');
  });

  it('S10 is never the source, whatever the station may erase', async () => {
    const source = disk('/dev/sdb', { port: ports[0]!, serial: 'S', diskSequence: 90, mountedAt: ['/media/x'] });
    work.jobs.disks = [source];
    work.sourceNow = identityOf(source);
    await work.arm(ports, {
      request: { ...wishFor(ports).request, source: '/dev/sdb' },
      eraseUsed: true,
      startPresent: true,
    });
    await work.pass(COUNTDOWN_MS);
    expect(work.checked).toEqual([]);
    expect(work.reasons[0]).toBe('stationSource');
  });
});

describe('S10 a station is not armed', () => {
  it('S10 while the disks cannot be listed, because what it knows of them may be old', async () => {
    const { station } = work;
    work.jobs.disks = [drive(1, 'A')];
    work.jobs.disksError = error('noMemory', null);
    station.propose(
      wishFor(ports, { startPresent: true }),
      ports.map(({ path }) => ({ port: path, name: null })),
    );
    const id = station.state?.phase === 'proposed' ? station.state.id : '';
    expect(await station.arm(id)).toMatchObject({ ok: false, errors: [{ reason: { kind: 'noMemory' } }] });
    await work.pass(COUNTDOWN_MS);
    expect(work.checked).toEqual([]);
  });

  it('S10 while the last one still checks a drive, which does not start under the new plan', async () => {
    const { station } = work;
    const known = ports.map(({ path }) => ({ port: path, name: null }));
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    const goOn = holdCheck();
    await work.pass(COUNTDOWN_MS);
    station.stop({ kind: 'stationStopped' });
    station.dismiss();
    station.propose(wishFor(ports, { eraseUsed: true }), known);
    const id = station.state?.phase === 'proposed' ? station.state.id : '';
    expect(await station.arm(id)).toMatchObject({ ok: false, errors: [{ reason: { kind: 'stationJobRuns' } }] });
    await goOn();
    expect(started()).toEqual([]);
    expect(await station.arm(id)).toMatchObject({ ok: true });
  });
});
