/// <reference types="svelte" />
// The page's memory of a running job: bounded samples of speed, and the last announcement.
import { describe, expect, test } from 'vitest';
import { MOST_POINTS, noSpeeds, withPoint } from '../../app/view/speeds.ts';
import { Samples } from '../../renderer/state/samples.svelte.ts';
import { QUIET_MS, Speaker } from '../../renderer/state/speaker.svelte.ts';
import * as make from './support/fixtures.ts';

const plan = make.plan(make.sticks(2).map((disk) => make.endpoint(disk)));
const at = (seconds: number, startedAt = 5) => {
  const job = make.job(plan, [{ bytesPerSecond: 30e6 }, { bytesPerSecond: seconds * 1e6, written: 1 }], { startedAt });
  return { ...job, progress: { ...job.progress, seconds } };
};

describe('samples of the speed', () => {
  test('keeps a week of samples bounded with its first and newest, in order of time', () => {
    const samples = new Samples();
    for (let second = 0; second < 7 * 86_400; second += 7) samples.take(at(second));
    const { seconds, speeds } = samples.of(1);
    expect(seconds.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(seconds.length).toBeGreaterThan(MOST_POINTS / 3);
    expect(speeds).toHaveLength(seconds.length);
    expect(seconds[0]).toBe(0);
    expect(seconds.at(-1)).toBeGreaterThan(6.9 * 86_400);
    expect(seconds.every((second, index) => index === 0 || second > seconds[index - 1]!)).toBe(true);
    expect(speeds.at(-1)).toBe(seconds.at(-1)! * 1e6);
    expect(samples.total.speeds.at(-1)).toBe(30e6 + speeds.at(-1)!);
  });

  test('takes at most one sample a second, starts afresh for another job, and takes none after the end', () => {
    const samples = new Samples();
    for (const second of [0, 0.25, 0.5, 1, 1.9, 2.1]) samples.take(at(second));
    expect(samples.of(0).seconds).toEqual([0, 1, 2.1]);
    samples.take({ ...at(9), phase: 'ended' });
    expect(samples.of(0).seconds).toEqual([0, 1, 2.1]);
    samples.take(at(0, 6));
    expect(samples.of(0).seconds).toEqual([0]);
  });
});

describe('samples after a reload', () => {
  const kept = (seconds: number[], startedAt = 5) =>
    seconds.reduce((history, second) => withPoint(history, at(second, startedAt)), noSpeeds);

  test('puts what main has kept before what the page has measured, whichever comes first', () => {
    const samples = new Samples();
    samples.take(at(10));
    samples.take(at(11));
    samples.begin(kept([0, 1, 2, 9, 10.5]));
    samples.take(at(12));
    expect(samples.of(0).seconds).toEqual([0, 1, 2, 9, 10, 11, 12]);
    expect(samples.of(1).speeds).toEqual([0, 1e6, 2e6, 9e6, 10e6, 11e6, 12e6]);
    const ended = new Samples();
    ended.begin(kept([0, 1, 2]));
    ended.take({ ...at(3), phase: 'ended' });
    expect(ended.of(0).seconds).toEqual([0, 1, 2]);
  });

  test('stays bounded after a reload, and takes no samples of another job', () => {
    const samples = new Samples();
    for (let second = 1000; second < 1400; second += 1) samples.take(at(second));
    samples.begin(kept(Array.from({ length: 400 }, (_, second) => second)));
    expect(samples.of(0).seconds.length).toBeLessThanOrEqual(MOST_POINTS);
    samples.take(at(0, 6));
    samples.begin(kept([0, 1, 2]));
    expect(samples.of(0).seconds).toEqual([0]);
  });
});

describe('announcements of progress', () => {
  test('announces progress after half a minute of silence, and a changed verdict at once', () => {
    const speaker = new Speaker();
    speaker.hear(at(0), 1000);
    expect(speaker.spoken).toBe('Job started: 2 destinations.');
    speaker.hear(at(10), 1000 + QUIET_MS - 1);
    expect(speaker.spoken).toBe('Job started: 2 destinations.');
    speaker.hear(at(31), 1000 + QUIET_MS);
    expect(speaker.spoken).toBe('0 percent: 2 copying.');
    const failed = make.job(plan, [{}, { state: 'failed' }], { startedAt: 5 });
    speaker.hear(failed, 1000 + QUIET_MS + 250);
    expect(speaker.spoken).toBe('sdc: Failed.');
    speaker.hear({ ...failed, progress: { ...failed.progress, seconds: 40 } }, 1000 + 2 * QUIET_MS);
    expect(speaker.spoken).toBe('sdc: Failed.');
  });
});
