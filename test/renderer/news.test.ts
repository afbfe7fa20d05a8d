// What is worth a sound or a notification: a drive that failed, and the end; each once.
import { describe, expect, test } from 'vitest';
import type { JobView } from '../../app/contract/window.ts';
import { newsOf } from '../../app/view/news.ts';
import * as make from './fixtures.ts';

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

describe('news', () => {
  test('a drive that failed, once its reason is known, and only once', () => {
    const before = { ...failed, errors: [] };
    expect(newsOf(running, before).failed).toEqual([]);
    expect(newsOf(before, failed).failed.map(({ name }) => name)).toEqual(['sdc']);
    expect(newsOf(failed, { ...failed, progress: { ...failed.progress, seconds: 9 } }).failed).toEqual([]);
  });

  test('the end: good when all are, bad when one is not, nothing when the user stopped all', () => {
    expect(newsOf(running, ended({}, {})).ended).toBe('good');
    expect(newsOf(running, ended({}, { verified: null })).ended).toBe('good');
    expect(newsOf(running, ended({}, { state: 'failed', verified: null })).ended).toBe('bad');
    expect(newsOf(running, ended({}, { state: 'cancelled', verified: null })).ended).toBe('bad');
    expect(
      newsOf(running, ended({ state: 'cancelled', verified: null }, { state: 'cancelled', verified: null })).ended,
    ).toBeNull();
    expect(newsOf(running, make.broken(make.job(plan, []))).ended).toBe('bad');
  });

  test('nothing after a reload, of another job, or of one that has ended before', () => {
    for (const before of [null, { ...running, startedAt: 1 }, ended({}, {})])
      expect(newsOf(before, ended({}, {}))).toEqual({ ended: null, failed: [] });
    expect(newsOf(running, null).ended).toBeNull();
  });
});
