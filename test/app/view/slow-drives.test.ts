// Which drives of a job are called slow: much slower than the middle one of those that do the same, for a while.
import { describe, expect, it } from 'vitest';
import type { DestinationProgress } from '../../../app/contract/jobs.ts';
import type { JobView } from '../../../app/contract/window.ts';
import { tilesOf } from '../../../app/view/destination-progress.ts';
import { jobStarted, reduce } from '../../../app/view/reduce-events.ts';
import * as make from '../../renderer/support/fixtures.ts';

const MB = 1e6;
const plan = make.plan(make.sticks(4).map((disk) => make.endpoint(disk)));

/** What a destination does, and how many megabytes a second. */
interface Does {
  speed: number;
  state?: DestinationProgress['state'];
  paused?: boolean;
}

/** `view` after so many seconds in which its destinations do this. */
function after(view: JobView, seconds: number, does: readonly Does[]): JobView {
  let now = view;
  for (let second = 0; second < seconds; second += 1) {
    const { progress } = now;
    const destinations = progress.destinations.map((destination, index) => {
      const { speed, state = 'copying', paused = false } = does[index]!;
      const counter = state === 'verifying' ? 'verified' : 'written';
      const moved = { [counter]: destination[counter] + speed * MB };
      return { ...destination, ...moved, toWrite: plan.bytes, toVerify: plan.bytes, state, paused };
    });
    now = reduce(now, { event: 'progress', progress: { ...progress, seconds: progress.seconds + 1, destinations } });
  }
  return now;
}

const begun = (): JobView => after(jobStarted(plan, 0), 1, [{ speed: 0 }, { speed: 0 }, { speed: 0 }, { speed: 0 }]);
const slow = (view: JobView): (string | null)[] =>
  tilesOf(view).map(({ slow: how }) =>
    how === null ? null : `${String(how.bytesPerSecond / MB)} of ${String(how.usual / MB)}`,
  );
const none = [null, null, null, null];
const odd = [{ speed: 5 }, { speed: 5 }, { speed: 1 }, { speed: 5 }];

describe('a drive that is much slower than the others', () => {
  it('is called slow, with its speed and the usual one, once it was measured for a while', () => {
    expect(slow(after(begun(), 14, odd))).toEqual(none);
    expect(slow(after(begun(), 15, odd))).toEqual([null, null, '1 of 5', null]);
  });

  it('is not called slow for a little less speed than the others have', () => {
    expect(slow(after(begun(), 60, [{ speed: 5 }, { speed: 4 }, { speed: 3 }, { speed: 6 }]))).toEqual(none);
  });

  it('stays slow until it is clearly faster again', () => {
    const view = after(begun(), 20, odd);
    const recovering = after(view, 12, [{ speed: 5 }, { speed: 5 }, { speed: 4 }, { speed: 5 }]);
    const average = tilesOf(recovering)[2]!.slow!.bytesPerSecond / MB;
    expect(average).toBeGreaterThan(2);
    const recovered = after(recovering, 200, [{ speed: 5 }, { speed: 5 }, { speed: 4 }, { speed: 5 }]);
    expect(slow(recovered)).toEqual(none);
  });

  it.each([
    ['paused', { speed: 0, paused: true, state: 'paused' } as const],
    ['stalled', { speed: 0, state: 'stalled' } as const],
    ['flushing', { speed: 0, state: 'flushing' } as const],
  ])('is not called slow while it is %s', (_, does) => {
    const view = after(after(begun(), 20, odd), 1, odd.with(2, does));
    expect(slow(view)).toEqual(none);
  });

  it('is not called slow when it has a limit of its own', () => {
    const limited = reduce(begun(), { event: 'limited', destination: 2, bytesPerSecond: MB });
    expect(slow(after(limited, 30, odd))).toEqual(none);
  });

  it('is compared only with those that do the same', () => {
    const view = after(begun(), 30, [
      { speed: 50, state: 'verifying' },
      { speed: 50, state: 'verifying' },
      { speed: 5 },
      { speed: 5 },
    ]);
    expect(slow(view)).toEqual(none);
  });

  it('is not called slow where only two can be compared, or the job has ended', () => {
    const two = [{ speed: 5 }, { speed: 1 }, { speed: 0, state: 'waiting' }, { speed: 0, state: 'waiting' }] as const;
    expect(slow(after(begun(), 30, two))).toEqual(none);
    const ended = reduce(after(begun(), 30, odd), {
      event: 'result',
      result: make.result(
        plan,
        plan.destinations.map((_, index) => make.end(plan, index)),
      ),
    });
    expect(slow(ended)).toEqual(none);
  });
});
