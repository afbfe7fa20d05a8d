// One job as the window and the command line run it, with an engine that the test controls.
import { expect, it } from 'vitest';
import type { Engine } from '../../../app/client/client.ts';
import { JobSession } from '../../../app/client/job-session.ts';
import type { PlatterError } from '../../../app/contract/errors.ts';
import type { HostEvent, HostMethod } from '../../../app/contract/host.ts';
import type { JobView } from '../../../app/contract/window.ts';
import { failure, Refusal } from '../../../app/base/errors.ts';
import type { JobEvent } from '../../../app/view/reduce-events.ts';
import * as make from '../../renderer/support/fixtures.ts';

const hostFailed = failure({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } });
const tooLate = failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'nothingRuns' } });
const plan = make.plan([make.endpoint(make.disk('/dev/sdb')), make.endpoint(make.disk('/dev/sdc'))]);

/** A session, its reports, and the engine's side of it. `refused`: the calls to refuse, with their errors. */
function stage(refused: Partial<Record<HostMethod, PlatterError>> = {}) {
  const listeners = new Set<(event: HostEvent) => void>();
  const [calls, shown, logged, kept]: [string[], JobEvent[], string[], JobView[]] = [[], [], [], []];
  let close: (error: PlatterError | null) => void = () => undefined;
  const engine: Engine = {
    call: (method, params) => {
      calls.push(`${method} ${JSON.stringify(params)}`);
      const error = refused[method];
      return error === undefined ? Promise.resolve({} as never) : Promise.reject(new Refusal([error]));
    },
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onDisks: () => () => undefined,
    onRights: () => () => undefined,
    onWaiting: () => () => undefined,
    pid: null,
    closed: new Promise((resolve) => (close = resolve)),
    close: () => Promise.resolve(null),
  };
  const recorder = {
    started: () => void logged.push('started'),
    onEvent: ({ event }: JobEvent) => void logged.push(event),
    keep: (job: JobView) => {
      kept.push(job);
      return Promise.resolve({ ok: true as const, value: 'kept' });
    },
  };
  const session = new JobSession(engine, plan, recorder, (event) => shown.push(event));
  const tell = (event: HostEvent): void => listeners.forEach((listener) => listener(event));
  return { session, tell, calls, shown, logged, kept, listeners, close };
}

const result: HostEvent = {
  event: 'result',
  result: make.result(plan, [make.end(plan, 0), make.end(plan, 1)]),
};

it('shows, logs and keeps a job that ends well, and ignores what comes after its end', async () => {
  const { session, tell, shown, logged, kept, listeners, close } = stage();
  expect(await session.start()).toEqual({ ok: true, value: null });
  expect(session.runs).toBe(true);
  tell(result);
  expect(await session.kept).toEqual({ ok: true, value: 'kept' });
  close(hostFailed);
  await Promise.resolve();
  expect(shown.map(({ event }) => event)).toEqual(['result']);
  expect(logged).toEqual(['started', 'result']);
  expect(kept).toEqual([session.view]);
  expect(session.view).toMatchObject({ phase: 'ended', failure: null });
  expect(listeners.size).toBe(0);
});

it('refuses a job that the host does not start, and reports no end of it', async () => {
  const { session, kept, shown, close } = stage({ start: tooLate });
  expect(await session.start()).toEqual({ ok: false, errors: [tooLate] });
  close(hostFailed);
  await Promise.resolve();
  expect([session.runs, kept, shown]).toEqual([false, [], []]);
});

it('keeps a job as failed when the host is gone before or after it has answered the start', async () => {
  for (const refused of [{ start: hostFailed }, {}]) {
    const { session, kept, close } = stage(refused);
    expect(await session.start()).toEqual({ ok: true, value: null });
    close(hostFailed);
    await session.kept;
    expect(session.view).toMatchObject({
      phase: 'ended',
      failure: hostFailed,
      result: { destinations: [{ state: 'failed' }, { state: 'failed' }] },
    });
    expect(kept).toEqual([session.view]);
  }
});

it('takes a job for failed when the host ends in order while it runs', async () => {
  const { session, close } = stage();
  await session.start();
  close(null);
  await session.kept;
  expect(session.view.failure).toMatchObject({ code: 'HOST_FAILED', reason: { kind: 'hostEnded' } });
});

it('knows only the limits that the host has accepted', async () => {
  const { session } = stage();
  await session.start();
  await session.throttle(null, 5e6);
  await session.throttle(1, 2e6);
  expect(session.view).toMatchObject({ throttle: 5e6, destinationThrottles: [null, 2e6] });
  const refusing = stage({ throttle: tooLate });
  await refusing.session.start();
  expect(await refusing.session.throttle(null, 5e6)).toEqual({ ok: false, errors: [tooLate] });
  expect(refusing.session.view.throttle).toBeNull();
});

it('forgets the errors of a destination that was started again, and only those', async () => {
  const { session, tell } = stage();
  await session.start();
  const [first, other, second] = [
    make.writeError(0, '/dev/sdb'),
    make.writeError(1, '/dev/sdc'),
    make.writeError(0, 'x'),
  ];
  tell({ event: 'error', error: first });
  tell({ event: 'error', error: other });
  const retrying = session.retry(0);
  tell({ event: 'error', error: second });
  await retrying;
  expect(session.view.errors).toEqual([other, second]);
});

it('stops once, and refuses requests to a job that has ended', async () => {
  const { session, tell, calls } = stage();
  await session.start();
  await session.cancel(null);
  expect(session.view.phase).toBe('cancelling');
  expect(await session.cancel(null)).toMatchObject({ ok: false });
  expect(await session.pause(0, true)).toMatchObject({ ok: false, errors: [{ reason: { kind: 'nothingRuns' } }] });
  expect(calls).toEqual(['start {}', 'cancel {"destination":null}']);
  tell(result);
  expect(session.view.phase).toBe('ended');
});
