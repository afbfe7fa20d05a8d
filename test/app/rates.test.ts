// Speeds and times left, and the job as the window and the command line see it.
import { describe, expect, it } from 'vitest';
import type { HostEvent, JobView, Plan } from '../../app/contract.ts';
import { failure } from '../../app/engine/errors.ts';
import { Rate, type Work } from '../../app/engine/rates.ts';
import { jobStarted, reduce } from '../../app/engine/reduce.ts';

type State = Parameters<Rate['at']>[1]['state'];

describe('the rate of a destination', () => {
  const work: Work = { kind: 'copy', verify: true, bytes: 1000 };
  const copying = (rate: Rate, from: number, to: number, perSecond: number): ReturnType<Rate['at']> => {
    let last = rate.at(from, { state: 'copying', written: from * perSecond, verified: 0 });
    for (let time = from + 0.1; time <= to + 1e-9; time += 0.1) last = rate.at(time, { state: 'copying', written: time * perSecond, verified: 0 });
    return last;
  };

  it('is that of a steady copy, and counts the verification into the time left', () => {
    const { bytesPerSecond, secondsLeft } = copying(new Rate(work), 0, 3, 100);
    expect(bytesPerSecond).toBeCloseTo(100);
    expect(secondsLeft).toBeCloseTo((700 + 1000) / 100);
  });

  it('without verification, and of one that only verifies, counts what there is to do', () => {
    expect(copying(new Rate({ ...work, verify: false }), 0, 3, 100).secondsLeft).toBeCloseTo(7);
    const rate = new Rate({ kind: 'verify', verify: true, bytes: 1000 });
    for (let time = 0; time < 2; time += 0.1) rate.at(time, { state: 'verifying', written: 0, verified: time * 100 });
    expect(rate.at(2, { state: 'verifying', written: 0, verified: 200 })).toMatchObject({ bytesPerSecond: expect.closeTo(100) as number, secondsLeft: expect.closeTo(8) as number });
  });

  it('is smooth: a pause of one sample moves it by little, of several seconds to nothing', () => {
    const rate = new Rate(work);
    copying(rate, 0, 3, 100);
    const once = rate.at(3.1, { state: 'copying', written: 300, verified: 0 }).bytesPerSecond;
    expect(once).toBeGreaterThan(90);
    expect(once).toBeLessThan(100);
    for (let time = 3.2; time < 20; time += 0.1) rate.at(time, { state: 'copying', written: 300, verified: 0 });
    expect(rate.at(20, { state: 'copying', written: 300, verified: 0 }).bytesPerSecond).toBeLessThan(1);
  });

  it('tells no time left before there is something to tell it from', () => {
    const rate = new Rate(work);
    expect(rate.at(0.1, { state: 'waiting', written: 0, verified: 0 })).toEqual({ bytesPerSecond: 0, secondsLeft: null });
    rate.at(0.2, { state: 'copying', written: 10, verified: 0 });
    expect(rate.at(0.3, { state: 'copying', written: 500, verified: 0 }).secondsLeft).toBeNull();
  });

  it('starts anew with each phase; until it knows better, verification takes as long as the copy did', () => {
    const rate = new Rate({ ...work, bytes: 300 });
    copying(rate, 0, 3, 100);
    expect(rate.at(3.1, { state: 'flushing', written: 300, verified: 0 })).toMatchObject({ bytesPerSecond: 0, secondsLeft: expect.closeTo(3) as number });
    rate.at(3.2, { state: 'verifying', written: 300, verified: 0 });
    expect(rate.at(3.3, { state: 'verifying', written: 300, verified: 5 })).toMatchObject({ bytesPerSecond: expect.closeTo(50) as number, secondsLeft: expect.closeTo(2.95) as number });
  });

  it.each<[State, number | null]>([['done', 0], ['failed', null], ['cancelled', null]])('of one that is %s', (state, secondsLeft) => {
    const rate = new Rate(work);
    copying(rate, 0, 3, 100);
    expect(rate.at(3.1, { state, written: 300, verified: 0 })).toEqual({ bytesPerSecond: 0, secondsLeft });
  });
});

describe('a job as it is seen', () => {
  const plan = { bytes: 8, destinations: [{ path: '/a' }, { path: '/b' }] } as Plan;
  const progress = { bytes: 4, totalBytes: 8, seconds: 1, destinations: ['/a', '/b'].map((path) => ({ path, state: 'copying' as const, written: 4, verified: 0, bytesPerSecond: 4, secondsLeft: 1 })) };
  const error = { ...failure({ code: 'MEDIUM_ERROR', op: 'write', device: '/b', message: 'm' }), side: 'write' as const, destination: 1 };
  const result = { readErr: 0 as const, writeErr: 2, seconds: 2, bytes: 8, cancelled: false, errors: [], destinations: [
    { path: '/a', state: 'done' as const, verified: true, written: 8, errors: [] }, { path: '/b', state: 'failed' as const, verified: null, written: 4, errors: [error] }] };
  const after = (...events: Parameters<typeof reduce>[1][]): JobView => events.reduce(reduce, jobStarted(plan, 5));

  it('starts with everything waiting', () => {
    expect(after()).toMatchObject({ phase: 'running', startedAt: 5, errors: [], result: null, failure: null, progress: { totalBytes: 8, destinations: [{ path: '/a', state: 'waiting' }, { path: '/b' }] } });
  });

  it('keeps every error, the last sample, and ends as the result says', () => {
    const events: HostEvent[] = [{ event: 'progress', progress }, { event: 'error', error }, { event: 'result', result }];
    expect(after(...events)).toMatchObject({
      phase: 'ended', errors: [error], result, failure: null,
      progress: { bytes: 8, seconds: 2, destinations: [{ state: 'done', written: 8, bytesPerSecond: 0 }, { state: 'failed', written: 4, secondsLeft: null }] },
    });
  });

  it('is cancelling until its result comes, and stays ended', () => {
    expect(after({ event: 'cancelling' }, { event: 'progress', progress }).phase).toBe('cancelling');
    const ended = after({ event: 'result', result });
    expect(reduce(ended, { event: 'progress', progress })).toBe(ended);
  });

  it('ends with the machinery when that fails', () => {
    const broken = failure({ code: 'HOST_FAILED', op: 'host', message: 'm' });
    expect(after({ event: 'progress', progress }, { event: 'failure', failure: broken })).toMatchObject({ phase: 'ended', failure: broken, result: null, progress });
  });
});
