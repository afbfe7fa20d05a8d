// What main sends the window about a running job: its progress alone, twice a second, until something else happens.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { DestinationProgress } from '../../../app/contract/jobs.ts';
import type { AppState, WindowNotices } from '../../../app/contract/window.ts';
import { stateNotices } from '../../../app/main/notices.ts';
import { appState, disk, endpoint, job, midway, plan, review as reviewOf } from '../../renderer/support/fixtures.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const drive = plan([endpoint(disk('/dev/sdb')), endpoint(disk('/dev/sdc'))]);
const begun = appState({ job: job(drive, midway(drive)) });

/** The state some seconds later. `first` changes the first destination. */
function later({ job: of, ...rest }: AppState, seconds: number, first: Partial<DestinationProgress> = {}): AppState {
  const [one, ...others] = of!.progress.destinations;
  return {
    ...rest,
    job: {
      ...of!,
      progress: { ...of!.progress, seconds, destinations: [{ ...one!, ...first }, ...others] },
      // A sample of the engine changes these as well.
      paces: [...of!.paces],
    },
  };
}

function listen(): { push: (state: AppState) => void; heard: [keyof WindowNotices, unknown][]; followed: unknown[] } {
  const heard: [keyof WindowNotices, unknown][] = [];
  const followed: unknown[] = [];
  const push = stateNotices((name, value) => heard.push([name, value]), [(view) => followed.push(view)]);
  return { push, heard, followed };
}

it('sends everything at first, then the progress alone, every half second', () => {
  const { push, heard, followed } = listen();
  push(begun);
  let now = begun;
  for (let seconds = 0; seconds < 2; seconds += 0.1) {
    now = later(now, seconds);
    push(now);
    vi.advanceTimersByTime(100);
  }
  vi.advanceTimersByTime(500);
  expect(heard.map(([name]) => name)).toEqual(['state', 'progress', 'progress', 'progress', 'progress']);
  expect(heard[0]![1]).toBe(begun);
  expect(heard.at(-1)![1]).toBe(now.job!.progress);
  expect(followed.at(-1)).toBe(now.job);
});

it('sends after a quarter of a second that a destination does something else', () => {
  const { push, heard } = listen();
  push(begun);
  push(later(begun, 1));
  push(later(begun, 2, { paused: true }));
  vi.advanceTimersByTime(250);
  expect(heard.map(([name]) => name)).toEqual(['state', 'progress']);
  // Whatever the number of samples.
  for (let seconds = 3; seconds < 103; seconds += 1) {
    push(later(begun, seconds, { paused: seconds % 2 === 0 }));
    vi.advanceTimersByTime(10);
  }
  expect(heard.length).toBeGreaterThanOrEqual(5);
  expect(heard.length).toBeLessThanOrEqual(7);
});

it('sends everything at once without a job, because it answers something', () => {
  const { push, heard } = listen();
  push({ ...begun, job: null });
  for (const review of [reviewOf(drive), null]) {
    const state = appState({ review });
    push(state);
    expect(heard.at(-1)).toEqual(['state', state]);
  }
});

it('sends everything with the progress when anything else has changed', () => {
  const { push, heard } = listen();
  push(begun);
  const moved = later(begun, 1);
  for (const more of [
    { disks: [disk('/dev/new')] },
    { elevating: true },
    { job: { ...moved.job!, phase: 'cancelling' as const } },
    { job: null },
  ]) {
    const state = { ...moved, ...more };
    push(moved);
    push(state);
    vi.advanceTimersByTime(250);
    expect(heard.at(-1)).toEqual(['state', state]);
  }
});
