// The time left that a person sees, from made-up series of samples.
import { describe, expect, test } from 'vitest';
import type { DestinationProgress, DestinationState, JobProgress } from '../../../app/contract/jobs.ts';
import type { JobView } from '../../../app/contract/window.ts';
import { noPace, withTimesLeft } from '../../../app/view/time-left.ts';
import { waiting } from '../../../app/view/waiting-progress.ts';

const MB = 1e6;

/** What a destination does from a second on: at a state's speed in MB/s. */
type Step = [from: number, state: DestinationState, speed: number];

/** The time left at each second of a destination of 6 GB that is written and read back, sampled ten times a second. */
function shownWhile(steps: readonly Step[], seconds: number, toWrite = 6000 * MB): (number | null)[] {
  let now: DestinationProgress = { ...waiting('/dev/sdb'), toWrite, toVerify: toWrite };
  const sample = (at: number): JobProgress => ({
    bytes: 0,
    totalBytes: toWrite,
    seconds: at,
    destinations: [now],
    rescue: null,
  });
  let view: Pick<JobView, 'progress' | 'paces'> = { progress: sample(0), paces: [noPace] };
  const shown: (number | null)[] = [];
  for (let tenth = 1; tenth <= seconds * 10; tenth += 1) {
    const [, state, speed] = steps.findLast(([from]) => from * 10 <= tenth) ?? [0, 'waiting', 0];
    const moved = (speed * MB) / 10;
    const counter = state === 'verifying' ? 'verified' : 'written';
    now = { ...now, state, [counter]: Math.min(toWrite, now[counter] + moved), bytesPerSecond: speed * MB };
    // As the engine gives it: from the speed of this moment.
    const none = ['waiting', 'paused', 'stalled'].includes(state);
    now.secondsLeft = none ? null : (2 * toWrite - now.written - now.verified) / Math.max(1, speed * MB);
    view = withTimesLeft(view, sample(tenth / 10));
    if (tenth % 10 === 0) shown.push(view.progress.destinations[0]!.secondsLeft);
  }
  return shown;
}

/** The largest step up and the largest step down between two seconds. */
function steps(shown: readonly (number | null)[]): { up: number; down: number } {
  const known = shown.filter((left) => left !== null);
  const each = known.slice(1).map((left, index) => left - known[index]!);
  return { up: Math.max(...each), down: -Math.min(...each) };
}

describe('the time left', () => {
  test('is unknown until bytes have moved for some seconds, and then counts down with the clock', () => {
    const shown = shownWhile([[3, 'copying', 20]], 300);
    expect(shown.slice(0, 7)).toEqual(Array.from({ length: 7 }, () => null));
    expect(shown[8]).toBeCloseTo(600 - 6, -1);
    const { up, down } = steps(shown);
    expect(up).toBeLessThan(0);
    expect(down).toBeLessThan(1.2);
    expect(shown[299]).toBeCloseTo(600 - 297, -1);
  });

  test('neither jumps nor wavers while the speed swings by half', () => {
    const swinging = Array.from({ length: 40 }, (_, i): Step => [i * 5, 'copying', i % 2 === 0 ? 30 : 10]);
    const shown = shownWhile(swinging, 200).slice(40);
    expect(steps(shown).up).toBeLessThan(3);
    const off = shown.map((left, second) => Math.abs((left ?? 0) - (600 - 41 - second)));
    expect(Math.max(...off)).toBeLessThan(120);
  });

  test('shows no hour while all wait ten seconds for a drive that hangs', () => {
    const shown = shownWhile(
      [
        [0, 'copying', 20],
        [60, 'copying', 0.1],
        [70, 'copying', 20],
      ],
      140,
    );
    expect(Math.max(...shown.slice(59).map(Number))).toBeLessThan(600);
    expect(steps(shown).up).toBeLessThan(4);
  });

  test('is unknown while a drive is stalled or paused, and is there again at once afterwards', () => {
    for (const state of ['stalled', 'paused'] as const) {
      const shown = shownWhile(
        [
          [0, 'copying', 20],
          [60, state, 0],
          [90, 'copying', 20],
        ],
        100,
      );
      expect(shown.slice(61, 89).every((left) => left === null)).toBe(true);
      expect(shown[90]).toBeCloseTo(540, -1);
    }
  });

  test('comes gradually to the speed of reading, after a flush too', () => {
    const shown = shownWhile(
      [
        [0, 'copying', 20],
        [300, 'flushing', 0],
        [304, 'verifying', 60],
      ],
      403,
    );
    const { up, down } = steps(shown);
    expect(up).toBeLessThan(0.1);
    expect(down).toBeLessThan(13);
    expect(shown[305]).toBeGreaterThan(250);
    // Reading takes 100 s in all.
    expect(shown[385]).toBeLessThan(30);
    expect(shown[385]).toBeGreaterThan(10);
  });

  test('follows a drive that has become slow for good within minutes', () => {
    const shown = shownWhile(
      [
        [0, 'copying', 20],
        [60, 'copying', 5],
      ],
      400,
    );
    expect(steps(shown).up).toBeLessThan(15);
    const really = (12_000 - 60 * 20 - 340 * 5) / 5;
    expect(shown[399]).toBeGreaterThan(really * 0.8);
    expect(shown[399]).toBeLessThan(really * 1.2);
  });

  test('starts afresh with a destination that is restarted', () => {
    const copying = { ...waiting('/dev/sdb'), state: 'copying' as const, toWrite: 6000 * MB, written: 900 * MB };
    const sample = (seconds: number, written: number): JobProgress => ({
      bytes: 0,
      totalBytes: 6000 * MB,
      seconds,
      destinations: [{ ...copying, written, secondsLeft: 5 }],
      rescue: null,
    });
    const paces = [{ ...noPace, written: { bytesPerSecond: 90 * MB, measured: 60 }, left: 57 }];
    const { progress } = withTimesLeft({ progress: sample(60, 900 * MB), paces }, sample(61, 0));
    expect(progress.destinations[0]!.secondsLeft).toBeNull();
  });
});
