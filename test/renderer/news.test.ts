// Sounds and notifications: a failed drive and the end, each once.
import { describe, expect, test } from 'vitest';
import type { JobView } from '../../app/contract/window.ts';
import { newsOf } from '../../app/view/news.ts';
import * as make from './support/fixtures.ts';

const plan = make.plan(make.sticks(2).map((disk) => make.endpoint(disk)));
const running = make.job(plan, []);
const failed = make.job(plan, [{}, { state: 'failed' }], { errors: [make.writeError(1, '/dev/sdc')] });
const ended = (...ends: Parameters<typeof make.end>[2][]): JobView =>
  make.job(plan, [], {
    phase: 'ended',
    result: make.result(
      plan,
      ends.map((end, index) => make.end(plan, index, end)),
    ),
  });

describe('news of a job', () => {
  test('reports a failed drive once, when its reason is known', () => {
    const before = { ...failed, errors: [] };
    expect(newsOf(running, before).failed).toEqual([]);
    expect(newsOf(before, failed).failed.map(({ name }) => name)).toEqual(['sdc']);
    expect(newsOf(failed, { ...failed, progress: { ...failed.progress, seconds: 9 } }).failed).toEqual([]);
  });

  test('reports the end as good, as bad when a destination is not, and not at all when the user stopped all', () => {
    expect(newsOf(running, ended({}, {})).ended).toBe('good');
    expect(newsOf(running, ended({}, { verified: null })).ended).toBe('good');
    expect(newsOf(running, ended({}, { state: 'failed', verified: null })).ended).toBe('bad');
    expect(newsOf(running, ended({}, { state: 'cancelled', verified: null })).ended).toBe('bad');
    expect(
      newsOf(running, ended({ state: 'cancelled', verified: null }, { state: 'cancelled', verified: null })).ended,
    ).toBeNull();
    expect(newsOf(running, make.broken(make.job(plan, []))).ended).toBe('bad');
  });

  test('reports nothing after a reload, for another job, or for one that had ended before', () => {
    for (const before of [null, { ...running, startedAt: 1 }, ended({}, {})])
      expect(newsOf(before, ended({}, {}))).toEqual({ ended: null, failed: [] });
    expect(newsOf(running, null).ended).toBeNull();
  });
});
