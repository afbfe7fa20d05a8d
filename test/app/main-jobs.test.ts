// What main makes of a host that breaks down at the wrong moment: what it may have written is never passed over.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { JobView } from '../../app/contract/window.ts';
import { Jobs } from '../../app/main/jobs.ts';
import { MiB, requestOf, Workbench, type Session } from './engine-support.ts';

let bench: Workbench;
beforeEach(() => { bench = new Workbench(); });
afterEach(() => bench.clear());

it('a host that is gone before it has answered the start leaves a job that has failed, in the history too', async () => {
  const sessions: Session[] = [];
  const kept: JobView[] = [];
  const jobs = new Jobs(() => {
    sessions.push(bench.session());
    return sessions.at(-1)!.engine;
  }, () => undefined, false, {
    started: () => undefined, happened: () => undefined,
    keep: (job) => {
      kept.push(job);
      return Promise.resolve({ ok: true, value: '20261126-000000-000000' });
    },
  });
  const request = requestOf({ source: await bench.image('disk.img', MiB), destinations: [await bench.path('copy.img')] });
  expect(await jobs.review(request)).toMatchObject({ ok: true });
  const [{ host, exited }] = sessions as [Session];
  host.kill('SIGSTOP');
  const starting = jobs.start();
  host.kill('SIGKILL');
  await exited;
  expect(await starting).toEqual({ ok: true, value: null });
  expect(jobs.state.job).toMatchObject({ phase: 'ended', failure: { code: 'HOST_FAILED' } });
  expect(kept).toHaveLength(1);
});
