// One verdict for one drive, and the sentences about all of them.
import { describe, expect, test } from 'vitest';
import type { DestinationResult, JobView } from '../../app/contract.ts';
import { announcement, headline, nextStep, secondsLeftOf, sourceErrors, totalOf } from '../../renderer/job-view.ts';
import { tilesOf } from '../../renderer/tiles.ts';
import * as make from './fixtures.ts';

const plan = make.plan(make.sticks(3).map((disk) => make.endpoint(disk)));
const total = plan.bytes;
const states = (job: JobView): string[] => tilesOf(job).map(({ state }) => state);
const end = (index: number, more: Partial<DestinationResult>): DestinationResult => make.end(plan, index, more);

describe('the verdict', () => {
  test('green needs proof: every byte read back', () => {
    const job = make.job(plan, [
      { state: 'done', written: total, verified: total },
      { state: 'done', written: total, verified: total - 512 },
      { state: 'done', written: total },
    ]);
    expect(states(job)).toEqual(['verified', 'written', 'written']);
  });

  test('without verify nothing is green, whatever the counters say', () => {
    const job = make.job({ ...plan, verify: false }, [{ state: 'done', written: total, verified: total }]);
    expect(states(job)[0]).toBe('written');
  });

  test('the result decides once there is one', () => {
    const job = make.job(plan, [{ state: 'done', written: total, verified: total }], {
      phase: 'ended',
      result: make.result(plan, [end(0, { verified: null }), end(1, { verified: false }), end(2, { state: 'cancelled', verified: null })]),
    });
    expect(states(job)).toEqual(['written', 'failed', 'cancelled']);
  });

  test('a drive that went away is removed, a medium error is failed', () => {
    const job = make.job(plan, [{ state: 'failed' }, { state: 'failed' }], {
      errors: [make.writeError(0, '/dev/sdb'), make.writeError(1, '/dev/sdc', { code: 'DEVICE_GONE', errno: 'ENODEV' })],
    });
    expect(states(job)).toEqual(['failed', 'removed', 'copying']);
  });

  test('when the machinery failed, nothing is still copying and what was proven stays so', () => {
    const job = make.job(plan, [{ state: 'done', written: total, verified: total }, { state: 'verifying', written: total }, { state: 'waiting' }], {
      phase: 'ended', failure: make.failure('HOST_FAILED'),
    });
    expect(states(job)).toEqual(['verified', 'failed', 'failed']);
    expect(nextStep(job, tilesOf(job))).toBe('sdb can be taken out.');
  });

  test('percent is of the phase; a flush has none', () => {
    const job = make.job(plan, [{ state: 'copying', written: total / 2 }, { state: 'verifying', written: total, verified: total / 4 }, { state: 'flushing', written: total }]);
    expect(tilesOf(job).map(({ percent }) => percent)).toEqual([50, 25, null]);
  });
});

describe('the whole', () => {
  const running = make.job(plan, [
    { state: 'done', written: total, verified: total },
    { state: 'failed', written: total / 10 },
    { state: 'copying', written: total / 2, secondsLeft: 238 },
  ], { errors: [make.writeError(1, '/dev/sdc')] });

  test('the header line counts and says when', () => expect(headline(tilesOf(running))).toBe('1 verified, 1 failed, 1 copying, 4 min left'));

  test('no time is told while a drive does not know its own', () => {
    const job = make.job(plan, [{ secondsLeft: 10 }, { secondsLeft: null }, { state: 'flushing', secondsLeft: null }]);
    expect(secondsLeftOf(tilesOf(job))).toBeNull();
    const flushing = make.job(plan, [{ secondsLeft: 10 }, { state: 'flushing', secondsLeft: null }, { state: 'failed' }]);
    expect(secondsLeftOf(tilesOf(flushing))).toBe(10);
  });

  test('the total leaves out what failed and reaches its end', () => {
    expect(totalOf(tilesOf(running))).toBeCloseTo((1 + 0.25) / 2);
    const last = make.job(plan, [{ state: 'done', written: total, verified: total }, { state: 'failed' }, { state: 'done', written: total, verified: total }]);
    expect(totalOf(tilesOf(last))).toBe(1);
  });

  test('what to touch next: drives are taken out, images are ready', () => {
    expect(nextStep(running, tilesOf(running))).toBe('sdb can be taken out. Set sdc aside.');
    const files = make.plan([make.imageEndpoint('/a/one.img', total), make.imageEndpoint('/a/two.img', total)]);
    const job = make.job(files, [{ state: 'done', written: total, verified: total }, { state: 'done', written: total, verified: total }], { phase: 'ended' });
    expect(nextStep(job, tilesOf(job))).toBe('one.img and two.img are ready.');
  });

  test('errors of the source are not those of a drive', () => {
    const error = make.writeError(0, '/source', { side: 'read', destination: null });
    expect(sourceErrors(make.job(plan, [], { errors: [error, make.writeError(1, '/dev/sdc')] }))).toEqual([error]);
  });
});

describe('what is said aloud', () => {
  const at = (written: number, more: Partial<JobView> = {}): JobView => make.job(plan, [{ written }, { written }, { written }], more);

  test('start, but no percentages', () => {
    expect(announcement(null, at(0))).toBe('Job started: 3 destinations.');
    expect(announcement(at(0), at(total / 2))).toBe('');
  });

  test('a changed verdict, once', () => {
    const later = make.job(plan, [{ written: 1 }, { state: 'failed' }, { written: 1 }]);
    expect(announcement(at(1), later)).toBe('sdc: failed.');
    expect(announcement(later, later)).toBe('');
  });

  test('cancelling, the end, and a failure of the machinery', () => {
    expect(announcement(at(1), at(1, { phase: 'cancelling' }))).toBe('Cancelling.');
    expect(announcement(at(1), at(1, { phase: 'ended' }))).toBe('Job ended: 3 failed.');
    expect(announcement(at(1), at(1, { phase: 'ended', failure: make.failure('HOST_FAILED') }))).toBe('Job stopped: It is HOST_FAILED.');
  });
});
