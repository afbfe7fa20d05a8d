/// <reference types="svelte" />
// The mirror of main's state: snapshots show at once, progress moves the job alone, failed calls are reported.
import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { JobProgress } from '../../app/contract/jobs.ts';
import type { AppState, Bridge } from '../../app/contract/window.ts';
import { Mirror } from '../../renderer/state/mirror.svelte.ts';
import { appState, disk, endpoint, job, midway, plan } from './support/fixtures.ts';

const drive = plan([endpoint(disk('/dev/sdc'))]);
const named = (path: string, busy = false): AppState =>
  appState({ disks: [disk(path)], job: busy ? job(drive, midway(drive)) : null });

interface Setup {
  mirror: Mirror;
  push: (state: AppState) => void;
  move: (progress: JobProgress) => void;
  stop: () => void;
}

function setup(first: Promise<AppState>): Setup {
  let listener: (state: AppState) => void = () => undefined;
  let mover: (progress: JobProgress) => void = () => undefined;
  const bridge = {
    getState: () => first,
    onState: (next: typeof listener) => ((listener = next), () => (listener = () => undefined)),
    onProgress: (next: typeof mover) => ((mover = next), () => (mover = () => undefined)),
  };
  const mirror = new Mirror(bridge as unknown as Bridge);
  const stop = mirror.follow();
  return { mirror, push: (state) => listener(state), move: (progress) => mover(progress), stop };
}

describe("the mirror of main's state", () => {
  test('shows the state that getState returns', async () => {
    const { mirror } = setup(Promise.resolve(named('/dev/sdb')));
    await settled();
    expect(mirror.disks[0]?.path).toBe('/dev/sdb');
  });

  test('keeps a notice that arrived before the answer, because it is newer', async () => {
    let answer: (state: AppState) => void = () => undefined;
    const { mirror, push } = setup(new Promise((resolve) => (answer = resolve)));
    push(named('/dev/new'));
    answer(named('/dev/old'));
    await settled();
    expect(mirror.disks[0]?.path).toBe('/dev/new');
  });

  test('moves the job by progress and keeps the rest, and ignores progress before there is a state', async () => {
    let answer: (state: AppState) => void = () => undefined;
    const { mirror, push, move } = setup(new Promise((resolve) => (answer = resolve)));
    const first = named('/dev/sdb', true);
    const moved: JobProgress = { ...first.job!.progress, seconds: 77 };
    move({ ...moved, seconds: 1 });
    expect(mirror.state).toBeNull();
    answer(first);
    await settled();
    move(moved);
    await settled();
    expect(mirror.state).toEqual({ ...first, job: { ...first.job, progress: moved } });
    expect(mirror.disks).toBe(first.disks);
    push(named('/dev/sdb'));
    move(moved);
    expect(mirror.job).toBeNull();
  });

  test('shows every snapshot at once, of a job too', async () => {
    const { mirror, push } = setup(Promise.resolve(named('/dev/a')));
    await settled();
    for (const path of ['/dev/b', '/dev/c']) {
      push(named(path, true));
      expect(mirror.disks[0]?.path).toBe(path);
    }
  });

  test('puts a failed call into words until the next one succeeds', async () => {
    const { mirror } = setup(Promise.resolve(appState()));
    const answer = await mirror.ask(Promise.reject<number>(new Error('no handler')));
    expect(answer).toBeUndefined();
    expect(mirror.fault).toMatchObject({
      code: 'HOST_FAILED',
      reason: { kind: 'unreachable', said: expect.stringContaining('no handler') as string },
    });
    expect(await mirror.ask(Promise.resolve(7))).toBe(7);
    expect(mirror.fault).toBeNull();
  });

  test('changes nothing after it was stopped', async () => {
    const { mirror, push, stop } = setup(Promise.resolve(named('/dev/a')));
    await settled();
    stop();
    push(named('/dev/b', true));
    expect(mirror.disks[0]?.path).toBe('/dev/a');
  });
});
