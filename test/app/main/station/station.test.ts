// A station starts the drives that come, and only those to which the person agreed.
import { beforeEach, describe, expect, it } from 'vitest';
import { COUNTDOWN_MS } from '../../../../app/contract/limits.ts';
import { failure } from '../../../../app/base/errors.ts';
import { disk } from '../../../renderer/support/fixtures.ts';
import { identityOf } from '../../../../app/main/station/verdict.ts';
import { drive, error, FakeWork, ports, wishFor } from './support.ts';

let work: FakeWork;
beforeEach(() => {
  work = new FakeWork();
});

const paths = (): string[][] => work.checked.map(({ destinations }) => destinations.map(({ path }) => path));

describe('S10 arming', () => {
  it('S10 arms only the proposed station, once the person has agreed', async () => {
    const { station } = work;
    const known = ports.map(({ path }) => ({ port: path, name: null }));
    station.propose(wishFor(ports), known);
    const first = station.state?.phase === 'proposed' ? station.state.id : '';
    station.propose(wishFor(ports, { eraseUsed: true }), known);
    const second = station.state?.phase === 'proposed' ? station.state.id : '';

    expect(await station.arm(first), 'it was widened since').toMatchObject({ ok: false });
    work.agreement = error('inUse', null);
    expect(await station.arm(second)).toMatchObject({ ok: false });
    expect(station.isArmed).toBe(false);
    work.agreement = null;
    expect(await station.arm(second)).toMatchObject({ ok: true });
    expect(station.isArmed).toBe(true);
  });

  it('S10 refuses a bay that does not exist, and a copy that is not plain', () => {
    const { station } = work;
    const known = [{ port: ports[0]!.path, name: null }];
    const wish = wishFor(ports);

    expect(station.propose(wish, known)).toMatchObject({ errors: [{ reason: { kind: 'stationNoBay' } }] });
    for (const more of [
      { saveManifest: '/home/me/x.manifest' },
      { method: { kind: 'write', check: 'verify', zeros: 'assumed' } as const },
      { method: { kind: 'rescue', check: 'none', zeros: 'sparse', retries: 0, map: null } as const },
    ])
      expect(
        station.propose({ ...wish, bays: [ports[0]!.path], request: { ...wish.request, ...more } }, known),
      ).toMatchObject({ errors: [{ reason: { kind: 'stationPlainOnly' } }] });
    expect(station.state).toBeNull();
  });

  it('S10 proposes nothing while a station is armed', async () => {
    await work.arm(ports);

    expect(work.station.propose(wishFor(ports, { eraseUsed: true }), [])).toMatchObject({
      errors: [{ reason: { kind: 'stationArmed' } }],
    });
    expect(work.atWork.plan.eraseUsed).toBe(false);
  });

  it('leaves drives that are in until they are plugged in again', async () => {
    const there = drive(1, 'A');
    work.jobs.disks = [there];
    await work.arm(ports);
    await work.plug(there);
    expect(work.bays).toEqual(['wasIn', 'empty', 'empty']);
    await work.plug();
    await work.plug(there);
    expect(work.bays[0], 'only a list missed it').toBe('wasIn');
    await work.plug(drive(1, 'A'));
    expect(work.bays[0]).toBe('countdown');
  });

  it('starts drives that are in when the person said so', async () => {
    work.jobs.disks = [drive(1, 'A')];
    await work.arm(ports, { startPresent: true });
    await work.pass(COUNTDOWN_MS);

    expect(paths()).toEqual([['/dev/sdb']]);
  });
});

describe('a drive that comes', () => {
  it('starts after the countdown, without unmounting, and is counted when it is in the history', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    await work.pass(COUNTDOWN_MS - 1);
    expect(work.bays[0]).toBe('countdown');
    expect(work.checked).toEqual([]);
    await work.pass(1);
    expect(work.bays[0]).toBe('running');
    expect(work.checked).toMatchObject([{ unmount: false, destinations: [{ path: '/dev/sdb' }] }]);
    await work.end(['done']);

    expect(work.bays[0]).toBe('done');
    expect(work.atWork).toMatchObject({ phase: 'armed', done: 1, failed: 0 });
  });

  it('is not started twice in a batch when it is done, and again when it has failed', async () => {
    await work.arm(ports);
    for (const [state, next] of [
      ['failed', 'countdown'],
      ['done', 'refused'],
    ] as const) {
      await work.plug(drive(1, 'A'));
      await work.pass(COUNTDOWN_MS);
      await work.end([state]);
      await work.plug();
      await work.plug(drive(1, 'A'));
      expect(work.bays[0], state).toBe(next);
      await work.plug();
    }
    expect(work.reasons).toEqual([null, null, null]);
    expect(work.atWork).toMatchObject({ done: 1, failed: 1 });
  });

  it('is counted although it was taken out before its job ended', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    await work.pass(COUNTDOWN_MS);
    await work.plug(drive(1, 'B'));
    await work.end(['done']);
    expect(work.atWork).toMatchObject({ done: 1 });
    expect(work.bays[0], 'this is another drive').toBe('countdown');
  });

  it('starts together with the others that still count down', async () => {
    await work.arm(ports);
    const first = drive(1, 'A');
    await work.plug(first);
    await work.pass(COUNTDOWN_MS - 1);
    await work.plug(first, drive(2, 'B'));
    await work.pass(1);
    expect(work.bays.slice(0, 2)).toEqual(['waiting', 'countdown']);
    await work.pass(COUNTDOWN_MS);
    expect(paths()).toEqual([['/dev/sdb', '/dev/sdc']]);
  });

  it('waits for the job that runs when that takes no drive', async () => {
    work.joinRefusal = failure({ code: 'TOO_MANY', op: 'check', device: '/dev/sdc', reason: { kind: 'joinTooLate' } });
    await work.arm(ports);
    const first = drive(1, 'A');
    await work.plug(first);
    await work.pass(COUNTDOWN_MS);
    await work.plug(first, drive(2, 'B'));
    await work.pass(COUNTDOWN_MS);
    expect(work.bays.slice(0, 2)).toEqual(['running', 'waiting']);
    await work.end(['done']);
    expect(paths()).toEqual([['/dev/sdb'], ['/dev/sdc']]);
  });

  it('is not started when the person says so during the countdown, nor by a list that comes later', async () => {
    await work.arm(ports);
    const come = drive(1, 'A');
    await work.plug(come);
    work.station.skip(ports[0]!.path);
    await work.pass(COUNTDOWN_MS);
    await work.plug(come);
    expect(work.bays[0]).toBe('skipped');
    expect(work.checked).toEqual([]);
  });

  it('counts down again when nobody could see it', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    work.visible = false;
    await work.pass(COUNTDOWN_MS);
    expect(work.bays[0]).toBe('countdown');
    work.visible = true;
    await work.pass(COUNTDOWN_MS);
    expect(work.bays[0]).toBe('running');
  });

  it('is refused when it turns out to hold data while it counts down', async () => {
    await work.arm(ports);
    const come = drive(1, 'A');
    await work.plug(come);
    await work.plug({ ...come, fileSystem: 'exfat' });
    await work.pass(COUNTDOWN_MS);
    expect(work.reasons[0]).toBe('stationUsed');
    expect(work.checked).toEqual([]);
  });

  it('is refused when the checked plan shows data, and the others start', async () => {
    await work.arm(ports);
    work.made = (plan) => ({
      ...plan,
      destinations: plan.destinations.map((end) =>
        end.realPath === '/dev/sdb' ? { ...end, contents: [{ kind: 'unread', path: '/dev/sdb' }] } : end,
      ),
    });
    work.blank.set('/dev/sdb', null);
    await work.plug(drive(1, 'A'), drive(2, 'B'));
    await work.pass(COUNTDOWN_MS);
    expect(work.reasons[0]).toBe('stationUnread');
    expect(work.bays[1]).toBe('running');
    expect(work.jobs.job?.plan.destinations.map(({ realPath }) => realPath)).toEqual(['/dev/sdc']);
  });

  it('is refused with the reason of the engine, and the others start', async () => {
    await work.arm(ports);
    work.refusals = [error('inUse', '/dev/sdb')];
    await work.plug(drive(1, 'A'), drive(2, 'B'));
    await work.pass(COUNTDOWN_MS);
    expect(work.reasons[0]).toBe('inUse');
    expect(work.bays[1]).toBe('running');
  });

  it('is unmounted and erased only by a station that erases used drives', async () => {
    await work.arm(ports, { eraseUsed: true });
    await work.plug(drive(1, 'A', { fileSystem: 'exfat', mountedAt: ['/media/x'] }));
    await work.pass(COUNTDOWN_MS);
    expect(work.checked).toMatchObject([{ unmount: true }]);
  });
});

describe('S10 a station stops', () => {
  const stopped = (): string | null => work.atWork.reason?.kind ?? null;

  it('S10 at once, and starts nothing afterwards', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    work.station.stop({ kind: 'stationStopped' });
    await work.pass(COUNTDOWN_MS);
    await work.plug(drive(1, 'B'));
    await work.pass(COUNTDOWN_MS);
    expect(work.checked).toEqual([]);
    expect(work.bays[0]).toBe('skipped');
    expect(stopped()).toBe('stationStopped');
  });

  it('S10 while a drive is being checked, which does not start', async () => {
    let goOn: () => void = () => undefined;
    work.beforeChecked = new Promise((resolve) => (goOn = resolve));
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    await work.pass(COUNTDOWN_MS);
    work.station.stop({ kind: 'stationStopped' });
    goOn();
    await work.settle();
    expect(work.givenUp).toBe(1);
    expect(work.jobs.job).toBeNull();
    expect(work.bays[0]).toBe('skipped');
  });

  it('at its count, and starts no more drives than that', async () => {
    await work.arm(ports, { count: 2 });
    await work.plug(drive(1, 'A'), drive(2, 'B'), drive(3, 'C'));
    await work.pass(COUNTDOWN_MS);
    expect(paths()).toEqual([['/dev/sdb', '/dev/sdc']]);
    await work.end(['done', 'done']);
    await work.pass(COUNTDOWN_MS);
    expect(stopped()).toBe('stationCount');
    expect(work.bays).toEqual(['done', 'done', 'skipped']);
    expect(paths()).toHaveLength(1);
  });

  it.each<[string, () => void, string]>([
    ['the source changes', () => (work.sourceNow = 'file:1:2:3:5'), 'stationSourceChanged'],
    ['the source is gone', () => (work.sourceNow = null), 'stationSourceGone'],
    ['the engine refuses everything', () => (work.refusals = [error('noMemory', null)]), 'noMemory'],
    [
      'the plan has another source',
      () => (work.made = (plan) => ({ ...plan, source: { ...plan.source!, path: '/home/me/other.img' } })),
      'stationSourceChanged',
    ],
    [
      'the plan has one more drive',
      () => (work.made = (plan) => ({ ...plan, destinations: [...plan.destinations, ...plan.destinations] })),
      'stationOther',
    ],
  ])('S10 when %s before a drive starts', async (_what, happens, reason) => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    happens();
    await work.pass(COUNTDOWN_MS);
    expect(stopped()).toBe(reason);
    expect(work.jobs.job).toBeNull();
  });

  it('S10 when the source disk is taken out or replaced', async () => {
    const source = disk('/dev/sdz', { diskSequence: 90 });
    work.jobs.disks = [source];
    work.sourceNow = identityOf(source);
    await work.arm(ports, { request: { ...wishFor(ports).request, source: '/dev/sdz' } });
    await work.plug(source);
    expect(work.station.isArmed).toBe(true);
    await work.plug({ ...source, diskSequence: 91 });
    expect(stopped()).toBe('stationSourceChanged');
  });

  it('when the disks cannot be listed, as after a failure of the engine host', async () => {
    await work.arm(ports);
    work.jobs.disksError = error('noMemory', null);
    work.station.see();
    expect(stopped()).toBe('noMemory');
  });

  it('when a record could not be kept, after it has counted the drive', async () => {
    await work.arm(ports);
    await work.plug(drive(1, 'A'));
    await work.pass(COUNTDOWN_MS);
    await work.end(['done'], error('noMemory', null));
    expect(work.atWork).toMatchObject({ phase: 'stopped', done: 1, reason: { kind: 'noMemory' } });
  });

  it('S10 and a new one knows nothing of the last', async () => {
    await work.arm(ports);
    work.station.dismiss();
    expect(work.station.isArmed, 'armed ones are not dismissed').toBe(true);
    work.station.stop({ kind: 'stationStopped' });
    work.station.dismiss();
    expect(work.station.state).toBeNull();
    await work.arm(ports);
    expect(work.atWork).toMatchObject({ done: 0, failed: 0, reason: null });
  });
});
