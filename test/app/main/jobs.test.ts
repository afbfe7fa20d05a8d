// Main starts only what was reviewed and agreed to, and shows what a host that broke down may have written.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Outcome, PlatterError } from '../../../app/contract/errors.ts';
import type { JobView } from '../../../app/contract/window.ts';
import type { Waiting } from '../../../app/base/slow-answers.ts';
import { cancelledOpening, failure } from '../../../app/base/errors.ts';
import type { Engine } from '../../../app/client/client.ts';
import type { Reading } from '../../../app/contract/host.ts';
import type { Gate, Objections } from '../../../app/main/gate.ts';
import { Jobs } from '../../../app/main/jobs.ts';
import { canLab, type LabDisk } from '../../lab/lab.ts';
import { MiB, requestOf, oneBench, type Session } from '../job/support.ts';
import { changed } from '../../requests.ts';

const noLab = canLab();
const bench = oneBench();

/** Refuses nothing. */
const openGate: Gate = { refusals: () => [], checked: () => undefined, agreed: () => Promise.resolve(null) };

/** Main's jobs over a real host; `sessions` has the hosts that were started. */
function jobsOver(gate: Gate): { jobs: Jobs; sessions: Session[] } {
  const sessions: Session[] = [];
  const jobs = new Jobs(
    () => {
      sessions.push(bench.session());
      return sessions.at(-1)!.engine;
    },
    () => undefined,
    false,
    {
      started: () => undefined,
      onEvent: () => undefined,
      keep: () => Promise.resolve({ ok: true, value: '20261126-000000-000000' }),
    },
    gate,
  );
  return { jobs, sessions };
}

const reasonsOf = (outcome: Outcome<unknown>): string[] =>
  outcome.ok ? [] : outcome.errors.map(({ reason }) => reason.kind);

it('S10 starts nothing when the review is named wrongly, or as an earlier one', async () => {
  const { jobs } = jobsOver(openGate);
  const copy = await bench.path('copy.img');
  const request = requestOf({ source: await bench.image('disk.img', MiB), destinations: [copy] });
  await jobs.review(request);
  const first = jobs.state.review!.id;
  await jobs.review(request);
  const second = jobs.state.review!.id;
  expect(second).not.toBe(first);
  for (const id of ['', 'any', first]) expect(reasonsOf(await jobs.start(id))).toEqual(['anotherReview']);
  await jobs.dismissReview();
  expect(reasonsOf(await jobs.start(second))).toEqual(['nothingReviewed']);
  expect(jobs.state.job).toBeNull();
  expect(existsSync(copy)).toBe(false);
  await jobs.shutDown();
});

it('accepts a request that is checked while the last review is given up', async () => {
  const { jobs } = jobsOver(openGate);
  const request = requestOf({
    source: await bench.image('disk.img', MiB),
    destinations: [await bench.path('copy.img')],
  });
  for (let round = 0; round < 5; round += 1) {
    expect(reasonsOf(await jobs.review(request))).toEqual([]);
    void jobs.dismissReview(); // a press of Back, and at once one of Review
  }
  await jobs.shutDown();
});

it('S10 does not start a review that changes while the person is asked', async () => {
  let answer: () => void = () => undefined;
  const { jobs } = jobsOver({ ...openGate, agreed: () => new Promise((resolve) => (answer = () => resolve(null))) });
  const request = requestOf({
    source: await bench.image('disk.img', MiB),
    destinations: [await bench.path('copy.img')],
  });
  await jobs.review(request);
  const starting = jobs.start(jobs.state.review!.id);
  await jobs.review(changed(request, { name: 'another' }));
  answer();
  expect(reasonsOf(await starting)).toEqual(['anotherReview']);
  expect(jobs.state.job).toBeNull();
  await jobs.shutDown();
});

it('S10 starts a review once when it is started twice', async () => {
  const { jobs } = jobsOver(openGate);
  await jobs.review(
    requestOf({ source: await bench.image('disk.img', MiB), destinations: [await bench.path('copy.img')] }),
  );
  const { id } = jobs.state.review!;
  const outcomes = await Promise.all([jobs.start(id), jobs.start(id)]);
  expect(outcomes.map(reasonsOf)).toEqual([[], ['anotherReview']]);
  await jobs.shutDown();
});

it('S10 begins a job in advance only without objections, and holds nothing after one', async () => {
  const { jobs } = jobsOver(openGate);
  const copy = await bench.path('copy.img');
  const request = requestOf({ source: await bench.image('disk.img', MiB), destinations: [copy] });
  const objection = failure({ code: 'NOT_PERMITTED', op: 'check', reason: { kind: 'somethingElse' } });
  expect(reasonsOf(await jobs.begin(request, () => Promise.resolve([objection])))).toEqual(['somethingElse']);
  expect(jobs.state).toMatchObject({ job: null, review: null });
  expect(existsSync(copy)).toBe(false);
  const beginning = jobs.begin(request, (plan) => Promise.resolve(plan.destinations.length === 1 ? [] : [objection]));
  expect(reasonsOf(await jobs.review(request)), 'no review comes between').toEqual(['stillChecking']);
  expect(reasonsOf(await beginning)).toEqual([]);
  await jobs.shutDown();
  expect(jobs.state.job?.phase).toBe('ended');
});

it.skipIf(noLab !== null)('S10 finds data of no known kind on a disk, and what cannot be read', async () => {
  const { jobs } = jobsOver(openGate);
  const source = await bench.image('disk.img', MiB);
  const size = 8 * MiB + 512;
  const blank = await bench.disk({ size });
  const disks = await Promise.all(
    [0, 3 * MiB, size - 1].map(async (at) => {
      const disk = await bench.disk({ size });
      const content = Buffer.alloc(size);
      content[at] = 1;
      writeFileSync(disk.backing, content);
      return disk;
    }),
  );
  const erased = await bench.disk({ size });
  writeFileSync(erased.backing, Buffer.alloc(size, 0xff));
  const bad = await bench.disk({ size, rules: ['eio r 3M 4K'] });
  const looked: unknown[] = [];
  const destinations = [blank, ...disks, erased, bad].map(({ device }) => device);
  await jobs.begin(requestOf({ source, destinations }), async (_plan, looksBlank) => {
    looked.push(await looksBlank());
    return [failure({ code: 'NOT_PERMITTED', op: 'check', reason: { kind: 'somethingElse' } })];
  });
  expect(looked).toEqual([{ ok: true, value: [true, false, false, false, true, null] }]);
  await jobs.shutDown();
});

it.skipIf(noLab !== null)('S10 adds a disk in advance only without objections, and lets it go after one', async () => {
  const { jobs } = jobsOver(openGate);
  const [slow, other] = [await bench.disk({ size: MiB }), await bench.disk({ size: MiB })];
  await slow.rule('stall w 512K 64K');
  const source = await bench.image('disk.img', MiB);
  await jobs.begin(requestOf({ source, destinations: [slow.device] }), () => Promise.resolve([]));
  await slow.waitFor(({ stalled }) => stalled > 0);
  const objection = failure({ code: 'NOT_PERMITTED', op: 'check', reason: { kind: 'somethingElse' } });

  const refusing = jobs.joins.addAgreed(other.device, () => Promise.resolve([objection]));
  expect(reasonsOf(await jobs.joins.prepare(other.device)), 'no review comes between').toEqual(['stillChecking']);
  expect(reasonsOf(await refusing)).toEqual(['somethingElse']);
  expect((await other.counters()).writes).toBe(0);
  execFileSync('flock', ['--nonblock', other.device, 'true']); // nobody holds it
  const looked: unknown[] = [];
  const look: Objections = async (_plan, looksBlank) => {
    looked.push(await looksBlank());
    return [];
  };
  expect(reasonsOf(await jobs.joins.addAgreed(other.device, look))).toEqual([]);
  expect(looked).toEqual([{ ok: true, value: [true] }]);
  await slow.rule('clear');

  await expect.poll(() => jobs.state.job?.phase, { timeout: 60_000 }).toBe('ended');
  expect(jobs.state.job?.plan.destinations.map(({ path }) => path)).toEqual([slow.device, other.device]);
  expect(jobs.state.joining).toBeNull();
  await jobs.shutDown();
});

/** A job that waits in the middle until the rules of its only disk are cleared. */
async function stalling(gate: Gate): Promise<{ jobs: Jobs; slow: LabDisk; other: LabDisk }> {
  const { jobs } = jobsOver(gate);
  const [slow, other] = [await bench.disk({ size: MiB }), await bench.disk({ size: MiB })];
  await slow.rule('stall w 512K 64K');
  const source = await bench.image('disk.img', MiB);
  await jobs.begin(requestOf({ source, destinations: [slow.device] }), () => Promise.resolve([]));
  await slow.waitFor(({ stalled }) => stalled > 0);
  return { jobs, slow, other };
}

/** Throws when anybody holds the disk. */
const isFree = ({ device }: LabDisk): unknown => execFileSync('flock', ['--nonblock', device, 'true']);
const jobEnds = (jobs: Jobs): Promise<unknown> =>
  expect.poll(() => jobs.state.job?.phase, { timeout: 60_000 }).toBe('ended');

it.skipIf(noLab !== null)('S10 adds a disk to the running job only with consent, by the id of its review', async () => {
  const no = failure({ code: 'CONFIRM', op: 'check', reason: { kind: 'notHeld' } });
  let answer: PlatterError | null = no;
  const { jobs, slow, other } = await stalling({ ...openGate, agreed: () => Promise.resolve(answer) });
  await jobs.joins.prepare(other.device);
  const { id } = jobs.state.joining!;

  expect(reasonsOf(await jobs.joins.join('another'))).toEqual(['anotherReview']);
  expect(reasonsOf(await jobs.joins.join(id))).toEqual(['notHeld']);
  expect(jobs.state.joining?.id).toBe(id);
  expect((await other.counters()).writes).toBe(0);
  answer = null;
  expect(reasonsOf(await jobs.joins.join(id))).toEqual([]);
  expect(reasonsOf(await jobs.joins.join(id))).toEqual(['nothingReviewed']);
  await slow.rule('clear');

  await jobEnds(jobs);
  expect(jobs.state.job?.result?.destinations.map(({ verified }) => verified)).toEqual([true, true]);
  await jobs.shutDown();
});

it.skipIf(noLab !== null)('lets a disk go when its review is left, and when its check is given up', async () => {
  const { jobs, slow, other } = await stalling(openGate);
  await jobs.joins.prepare(other.device);

  await jobs.joins.leave();
  expect(jobs.state.joining).toBeNull();
  isFree(other);

  const checking = jobs.joins.prepare(other.device);
  await jobs.joins.leave();
  expect(reasonsOf(await checking)).toEqual(['cancelledOpening']);
  expect(jobs.state.joining).toBeNull();
  isFree(other);
  await slow.rule('clear');
  await jobs.shutDown();
});

it.skipIf(noLab !== null)('takes the review of a disk back when the job ends or stops, and lets it go', async () => {
  for (const how of ['ends', 'stops']) {
    const { jobs, slow, other } = await stalling(openGate);
    await jobs.joins.prepare(other.device);
    const { id } = jobs.state.joining!;

    if (how === 'stops') await jobs.cancel(null);
    await slow.rule('clear');
    await jobEnds(jobs);

    expect(jobs.state.joining).toBeNull();
    isFree(other);
    expect(reasonsOf(await jobs.joins.join(id))).toEqual(['nothingReviewed']);
    expect((await other.counters()).writes).toBe(0);
    await jobs.shutDown();
  }
});

it('S10 sends the host no request that the person did not give, and none while another is checked', async () => {
  const source = await bench.image('disk.img', MiB);
  const error = failure({ code: 'NOT_PERMITTED', op: 'check', device: source, reason: { kind: 'notGiven' } });
  const refusing = jobsOver({ ...openGate, refusals: () => [error] });
  const request = requestOf({ source, destinations: [await bench.path('copy.img')] });
  expect(reasonsOf(await refusing.jobs.review(request))).toEqual(['notGiven']);
  expect(refusing.sessions).toEqual([]);

  const { jobs } = jobsOver(openGate);
  const [first, second] = await Promise.all([jobs.review(request), jobs.review(changed(request, { name: 'another' }))]);
  expect(reasonsOf(second)).toEqual(['stillChecking']);
  expect(first).toMatchObject({ ok: true, value: { id: jobs.state.review!.id } });
  await jobs.shutDown();
});

it('keeps a failed job in the history when the host is gone before it answers the start', async () => {
  const sessions: Session[] = [];
  const kept: JobView[] = [];
  const jobs = new Jobs(
    () => {
      sessions.push(bench.session());
      return sessions.at(-1)!.engine;
    },
    () => undefined,
    false,
    {
      started: () => undefined,
      onEvent: () => undefined,
      keep: (job) => {
        kept.push(job);
        return Promise.resolve({ ok: true, value: '20261126-000000-000000' });
      },
    },
    openGate,
  );
  const request = requestOf({
    source: await bench.image('disk.img', MiB),
    destinations: [await bench.path('copy.img')],
  });
  expect(await jobs.review(request)).toMatchObject({ ok: true });
  const [{ host, exited }] = sessions as [Session];
  host.kill('SIGSTOP');
  const starting = jobs.start(jobs.state.review!.id);
  host.kill('SIGKILL');
  await exited;
  expect(await starting).toEqual({ ok: true, value: null });
  expect(jobs.state.job).toMatchObject({ phase: 'ended', failure: { code: 'HOST_FAILED' } });
  expect(kept).toHaveLength(1);
});

/** A host that checks a request until it is told to stop. */
function slowHost(): { engine: Engine; asked: string[]; tell: (reading: Reading | null) => void } {
  const asked: string[] = [];
  let giveUp: () => void = () => undefined;
  let tell: Waiting = () => undefined;
  const none = (): (() => void) => () => undefined;
  const call = (method: string): Promise<unknown> => {
    asked.push(method);
    if (method === 'prepare') return new Promise((_, reject) => (giveUp = () => reject(cancelledOpening())));
    if (method === 'cancel') giveUp();
    return Promise.resolve(method === 'jobs' || method === 'list' ? [] : {});
  };
  const engine = {
    ...{ call, onEvent: none, onDisks: none, onRights: none, pid: null },
    onWaiting: (listener: Waiting) => {
      tell = listener;
      return () => undefined;
    },
    closed: new Promise<null>(() => undefined),
    close: () => Promise.resolve(null),
  } as Engine;
  return { engine, asked, tell: (reading) => tell('/disk.img.gz', reading) };
}

/** Jobs whose host checks a request until it is told to stop. */
function slowJobs(): { jobs: Jobs } & Omit<ReturnType<typeof slowHost>, 'engine'> {
  const { engine, asked, tell } = slowHost();
  const recorder = {
    started: () => undefined,
    onEvent: () => undefined,
    keep: () => Promise.resolve({ ok: true, value: '' } as const),
  };
  const jobs = new Jobs(
    () => engine,
    () => undefined,
    false,
    recorder,
    openGate,
  );
  return { jobs, asked, tell };
}

it('shows how far a file was read that is read whole for a check, and gives the check up', async () => {
  const { jobs, asked, tell } = slowJobs();
  const checking = jobs.review(requestOf({ source: '/disk.img.gz', destinations: ['/copy.img'] }));
  await expect.poll(() => asked).toContain('prepare');
  tell({ why: 'size', done: 1, of: 4 });
  expect(jobs.state.reading).toEqual({ why: 'size', done: 1, of: 4 });
  await jobs.dismissReview();
  expect(await checking).toMatchObject({ ok: false, errors: [{ code: 'CANCELLED' }] });
  expect(jobs.state).toMatchObject({ reading: null, review: null });
  expect(asked.filter((method) => method === 'cancel')).toHaveLength(1);
});

it('names what does not answer while a request is checked, and nothing afterwards', async () => {
  const { jobs, asked, tell } = slowJobs();
  const checking = jobs.review(requestOf({ source: '/disk.img.gz', destinations: ['/copy.img'] }));
  await expect.poll(() => asked).toContain('prepare');

  tell(null);

  expect(jobs.state).toMatchObject({ reading: null, slow: '/disk.img.gz' });
  await jobs.dismissReview();
  await checking;
  expect(jobs.state.slow).toBeNull();
});
