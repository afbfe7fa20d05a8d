// Speeds and times left, and the view of a job for window and command line.
import { describe, expect, it } from 'vitest';
import type { HostEvent } from '../../../app/contract/host.ts';
import type { Plan } from '../../../app/contract/jobs.ts';
import type { JobView } from '../../../app/contract/window.ts';
import { failure } from '../../../app/base/errors.ts';
import { Rate, type Counted } from '../../../app/engine/job/rates.ts';
import { jobStarted, reduce } from '../../../app/view/reduce-events.ts';
import { DestinationTotals } from '../../../app/engine/job/destination-totals.ts';
import { asked } from '../../requests.ts';

type State = Counted['state'];

describe('the rate of a destination', () => {
  /** The counters of a verified copy of 1000 bytes, unless told otherwise. */
  const counted = (sample: Pick<Counted, 'state' | 'written' | 'verified'> & Partial<Counted>): Counted => ({
    toWrite: 1000,
    toVerify: 1000,
    ...sample,
  });
  const copying = (
    rate: Rate,
    from: number,
    to: number,
    perSecond: number,
    work: Partial<Counted> = {},
  ): ReturnType<Rate['at']> => {
    let last = rate.at(from, counted({ state: 'copying', written: from * perSecond, verified: 0, ...work }));
    for (let time = from + 0.1; time <= to + 1e-9; time += 0.1)
      last = rate.at(time, counted({ state: 'copying', written: time * perSecond, verified: 0, ...work }));
    return last;
  };

  it('shows the rate of a steady copy, and counts the verification into the time left', () => {
    const { bytesPerSecond, secondsLeft } = copying(new Rate(), 0, 3, 100);
    expect(bytesPerSecond).toBeCloseTo(100);
    expect(secondsLeft).toBeCloseTo((700 + 1000) / 100);
  });

  it('counts only the work that there is without verification, or in a verification', () => {
    expect(copying(new Rate(), 0, 3, 100, { toVerify: 0 }).secondsLeft).toBeCloseTo(7);
    const rate = new Rate();
    for (let time = 0; time < 2; time += 0.1)
      rate.at(time, counted({ state: 'verifying', toWrite: 0, written: 0, verified: time * 100 }));
    expect(rate.at(2, counted({ state: 'verifying', toWrite: 0, written: 0, verified: 200 }))).toMatchObject({
      bytesPerSecond: expect.closeTo(100) as number,
      secondsLeft: expect.closeTo(8) as number,
    });
  });

  it('smooths the rate: a pause of one sample moves it little, one of seconds to zero', () => {
    const rate = new Rate();
    copying(rate, 0, 3, 100);
    const once = rate.at(3.1, counted({ state: 'copying', written: 300, verified: 0 })).bytesPerSecond;
    expect(once).toBeGreaterThan(90);
    expect(once).toBeLessThan(100);
    for (let time = 3.2; time < 20; time += 0.1)
      rate.at(time, counted({ state: 'copying', written: 300, verified: 0 }));
    expect(rate.at(20, counted({ state: 'copying', written: 300, verified: 0 })).bytesPerSecond).toBeLessThan(1);
  });

  it('gives no time left before it can be estimated', () => {
    const rate = new Rate();
    expect(rate.at(0.1, counted({ state: 'waiting', written: 0, verified: 0 }))).toEqual({
      bytesPerSecond: 0,
      secondsLeft: null,
    });
    rate.at(0.2, counted({ state: 'copying', written: 10, verified: 0 }));
    expect(rate.at(0.3, counted({ state: 'copying', written: 500, verified: 0 })).secondsLeft).toBeNull();
  });

  it("starts again with each phase, and takes the copy's rate for the verification until it has measured that", () => {
    const rate = new Rate();
    copying(rate, 0, 3, 100, { toWrite: 300, toVerify: 300 });
    expect(
      rate.at(3.1, counted({ state: 'flushing', written: 300, verified: 0, toWrite: 300, toVerify: 300 })),
    ).toMatchObject({ bytesPerSecond: 0, secondsLeft: expect.closeTo(3) as number });
    rate.at(3.2, counted({ state: 'verifying', written: 300, verified: 0, toWrite: 300, toVerify: 300 }));
    expect(
      rate.at(3.3, counted({ state: 'verifying', written: 300, verified: 5, toWrite: 300, toVerify: 300 })),
    ).toMatchObject({ bytesPerSecond: expect.closeTo(50) as number, secondsLeft: expect.closeTo(2.95) as number });
  });

  it.each<[State, number | null]>([
    ['done', 0],
    ['failed', null],
    ['cancelled', null],
    ['paused', null],
    ['stalled', null],
  ])('gives no rate to a destination that is %s', (state, secondsLeft) => {
    const rate = new Rate();
    copying(rate, 0, 3, 100);
    expect(rate.at(3.1, counted({ state, written: 300, verified: 0 }))).toEqual({ bytesPerSecond: 0, secondsLeft });
  });
});

it('shows a destination as its last pass left it until its end is logged, and as waiting when retried', () => {
  const totals = new DestinationTotals();
  expect(totals.view('/a', 1, null, false).state).toBe('waiting');
  totals.add({
    destination: 0,
    state: 'failed',
    ended: 'failed',
    written: 5,
    verified: 0,
    toWrite: 10,
    toVerify: 0,
    zeroed: 0,
    paused: false,
    stalled: false,
  });
  expect(totals.view('/a', 2, null, false)).toMatchObject({ state: 'failed', written: 5 });
  totals.reopen(1);
  expect(totals.view('/a', 3, null, false).state).toBe('waiting');
});

describe("a job's view", () => {
  const plan = {
    bytes: 8,
    destinations: [{ path: '/a' }, { path: '/b' }],
    request: asked({ source: '/s', destinations: ['/a', '/b'], throttle: 5, destinationThrottles: [2] }),
  } as Plan;
  const progress = {
    bytes: 4,
    totalBytes: 8,
    seconds: 1,
    rescue: null,
    destinations: ['/a', '/b'].map((path) => ({
      path,
      state: 'copying' as const,
      written: 4,
      verified: 0,
      uncompared: 0,
      toWrite: 8,
      toVerify: 0,
      bytesPerSecond: 4,
      secondsLeft: 1,
      paused: false,
    })),
  };
  const error = {
    ...failure({ code: 'MEDIUM_ERROR', op: 'write', device: '/b', reason: { kind: 'mediumError' } }),
    side: 'write' as const,
    destination: 1,
  };
  const result = {
    readErr: 0 as const,
    writeErr: 2,
    seconds: 2,
    bytes: 8,
    cancelled: false,
    errors: [],
    manifest: null,
    rescue: null,
    sourceWritten: false,
    notes: [],
    destinations: [
      {
        path: '/a',
        state: 'done' as const,
        verified: true,
        uncompared: 0,
        written: 8,
        kept: 0,
        seconds: 1,
        errors: [],
      },
      {
        path: '/b',
        state: 'failed' as const,
        verified: null,
        uncompared: 0,
        written: 4,
        kept: 0,
        seconds: 1,
        errors: [error],
      },
    ],
  };
  const after = (...events: Parameters<typeof reduce>[1][]): JobView => events.reduce(reduce, jobStarted(plan, 5));

  it('starts with every destination waiting', () => {
    expect(after()).toMatchObject({
      phase: 'running',
      startedAt: 5,
      throttle: 5,
      destinationThrottles: [2, null],
      errors: [],
      result: null,
      failure: null,
      progress: { totalBytes: 8, destinations: [{ path: '/a', state: 'waiting' }, { path: '/b' }] },
    });
  });

  it('keeps every error and the last sample, and ends as the result says', () => {
    const events: HostEvent[] = [
      { event: 'progress', progress },
      { event: 'error', error },
      { event: 'result', result },
    ];
    expect(after(...events)).toMatchObject({
      phase: 'ended',
      errors: [error],
      result,
      failure: null,
      progress: {
        bytes: 8,
        seconds: 2,
        destinations: [
          { state: 'done', written: 8, bytesPerSecond: 0 },
          { state: 'failed', written: 4, secondsLeft: null },
        ],
      },
    });
  });

  it('stays cancelling until the result comes, and then ended', () => {
    expect(after({ event: 'cancelling' }, { event: 'progress', progress }).phase).toBe('cancelling');
    const ended = after({ event: 'result', result });
    expect(reduce(ended, { event: 'progress', progress })).toBe(ended);
  });

  it('advises to continue the job after a host failure when something was written, else to start again', () => {
    const broken = failure({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } });
    const [begun, unbegun] = [4, 0].map((written) => ({
      ...progress,
      destinations: progress.destinations.map((one) => ({ ...one, written })),
    }));
    expect(after({ event: 'progress', progress: begun! }, { event: 'failure', failure: broken }).failure).toMatchObject(
      { remedy: { kind: 'continueJob' } },
    );
    expect(after({ event: 'progress', progress: unbegun! }, { event: 'failure', failure: broken }).failure).toEqual(
      broken,
    );
  });

  it('ends when the host fails, with a result in which no destination is good', () => {
    const broken = failure({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } });
    expect(after({ event: 'progress', progress }, { event: 'failure', failure: broken })).toMatchObject({
      phase: 'ended',
      failure: { code: 'HOST_FAILED', reason: { kind: 'hostEnded' } },
      result: {
        destinations: [
          { state: 'failed', verified: null },
          { state: 'failed', verified: null },
        ],
      },
      progress: { bytes: progress.bytes, destinations: [{ state: 'failed' }, { state: 'failed' }] },
    });
  });
});
