// One verdict for one drive, and the sentences about all of them.
import { describe, expect, test } from 'vitest';
import { failure } from '../../app/base/errors.ts';
import type { JobError } from '../../app/contract/errors.ts';
import type { DestinationResult } from '../../app/contract/jobs.ts';
import type { JobView } from '../../app/contract/window.ts';
import { headline, isPaused, secondsLeftOf, sourceErrors, totalOf } from '../../app/view/total-progress.ts';
import { tilesOf } from '../../app/view/destination-progress.ts';
import { announcement, nextStep, rescueEnd, rescuePass } from '../../renderer/job-sentences.ts';
import * as make from './support/fixtures.ts';
import { changed } from '../requests.ts';

const plan = make.plan(make.sticks(3).map((disk) => make.endpoint(disk)));
const total = plan.bytes;
const states = (job: JobView): string[] => tilesOf(job).map(({ state }) => state);
const end = (index: number, more: Partial<DestinationResult>): DestinationResult => make.end(plan, index, more);

describe('the verdict of a tile', () => {
  test('shows green only when every byte was compared', () => {
    const job = make.job(plan, [
      { state: 'done', written: total, verified: total },
      { state: 'done', written: total, verified: total - 512, uncompared: 512 },
    ]);
    expect(states(job)).toEqual(['verified', 'partlyVerified', 'copying']);
  });

  test('shows no green without verification, whatever the counters say', () => {
    const job = make.job({ ...plan, verify: false }, [{ state: 'done', written: total, verified: total }]);
    expect(states(job)[0]).toBe('written');
  });

  test('takes the verdict from the result once there is one', () => {
    const job = make.job(plan, [{ state: 'done', written: total, verified: total }], {
      phase: 'ended',
      result: make.result(plan, [
        end(0, { verified: null }),
        end(1, { verified: false }),
        end(2, { state: 'cancelled', verified: null }),
      ]),
    });
    expect(states(job)).toEqual(['written', 'failed', 'cancelled']);
  });

  test('calls a drive removed when it went away, and never for an I/O error', () => {
    const job = make.job(plan, [{ state: 'failed' }, { state: 'failed' }], {
      errors: [
        make.writeError(0, '/dev/sdb'),
        make.writeError(1, '/dev/sdc', { code: 'DEVICE_GONE', errno: 'ENODEV' }),
      ],
    });
    expect(states(job)).toEqual(['failed', 'removed', 'copying']);
  });

  test('shows no drive as good after a host failure whose end was not decided, as the command line does', () => {
    const job = make.broken(
      make.job(plan, [
        { state: 'done', written: total, verified: total, uncompared: null },
        { state: 'verifying', written: total },
        { state: 'waiting' },
      ]),
    );
    expect(states(job)).toEqual(['failed', 'failed', 'failed']);
    expect(nextStep(job, tilesOf(job))).toBe('');
  });

  test('shows the percentage of the phase, and none for a flush', () => {
    const job = make.job(plan, [
      { state: 'copying', written: total / 2 },
      { state: 'verifying', written: total, verified: total / 4 },
      { state: 'flushing', written: total },
    ]);
    expect(tilesOf(job).map(({ percent }) => percent)).toEqual([50, 25, null]);
  });
});

describe('progress that is known phase by phase', () => {
  const updating = make.plan(plan.destinations, { request: changed(plan.request, { update: true }) });
  const tile = (of: typeof plan, sample: Parameters<typeof make.job>[1][number]) => tilesOf(make.job(of, [sample]))[0]!;
  const differing = 4_000_000;

  test('counts an update as comparing, writing and reading again, with a total that only grows', () => {
    const steps = [
      tile(updating, { state: 'comparing', toWrite: 0, verified: 0 }),
      tile(updating, { state: 'comparing', toWrite: 0, verified: total / 2 }),
      tile(updating, {
        state: 'copying',
        toWrite: differing,
        toVerify: total + differing,
        verified: total,
        written: differing / 4,
      }),
      tile(updating, {
        state: 'verifying',
        toWrite: differing,
        toVerify: total + differing,
        verified: total + differing / 2,
        written: differing,
      }),
      tile(updating, {
        state: 'done',
        toWrite: differing,
        toVerify: total + differing,
        verified: total + differing,
        written: differing,
      }),
    ];
    expect(steps.map(({ percent }) => percent)).toEqual([0, 50, 25, 50, null]);
    expect(steps.map(({ done }) => done)).toEqual([0, 0.25, 0.5 + 0.25 / 4, 0.875, 1]);
    expect(steps.at(-1)?.state).toBe('verified');
  });

  test('counts for a resumed copy the rest to write and everything to read', () => {
    const of = make.resumePlan(plan.destinations);
    const step = tile(of, { state: 'verifying', toWrite: total / 2, written: total / 2, verified: total / 4 });
    expect(step.percent).toBe(25);
    expect(step.done).toBeCloseTo(0.5);
    expect(tile(of, { state: 'done', toWrite: total / 2, written: total / 2, verified: total }).state).toBe('verified');
  });

  test.each(['paused', 'stalled'] as const)('keeps for a %s destination the percentage of its phase', (state) => {
    expect(tile(plan, { state, written: total / 4 }).percent).toBe(25);
    expect(tile(plan, { state, written: total, verified: total / 2 }).percent).toBe(50);
    expect(tile(updating, { state, toWrite: 0, verified: total / 10 }).percent).toBe(10);
  });

  test('shows no progress while nothing is known', () => {
    const first = tile(plan, { state: 'waiting', toWrite: 0, toVerify: 0 });
    expect([first.percent, first.written, first.done]).toEqual([null, 0, 0]);
  });
});

describe('the actions on a destination', () => {
  const can = (job: JobView): string[] =>
    tilesOf(job).map(({ can: { stop, retry } }) => (stop ? 'stop' : retry ? 'retry' : 'nothing'));
  const samples: Parameters<typeof make.job>[1] = [
    { state: 'stalled' },
    { state: 'failed' },
    { state: 'done', written: total, verified: total },
  ];

  test('offers to stop a working destination and to retry a failed one while the job runs', () => {
    expect(can(make.job(plan, samples))).toEqual(['stop', 'retry', 'nothing']);
    expect(can(make.job(plan, [{ state: 'cancelled' }, { state: 'paused' }, { state: 'waiting' }]))).toEqual([
      'retry',
      'stop',
      'stop',
    ]);
  });

  test('offers no action while the job is being cancelled, or after its end', () => {
    for (const phase of ['cancelling', 'ended'] as const)
      expect(can(make.job(plan, samples, { phase }))).toEqual(['nothing', 'nothing', 'nothing']);
  });

  test('shows the job as paused when all destinations that are left are paused', () => {
    const paused = { state: 'paused', paused: true } as const;
    expect(isPaused(tilesOf(make.job(plan, [paused, paused, { state: 'failed' }])))).toBe(true);
    expect(isPaused(tilesOf(make.job(plan, [paused, paused, {}])))).toBe(false);
    expect(isPaused(tilesOf(make.job(plan, samples.slice(1).concat({ state: 'failed' }))))).toBe(false);
  });
});

describe('the summary of a job', () => {
  const running = make.job(
    plan,
    [
      { state: 'done', written: total, verified: total },
      { state: 'failed', written: total / 10 },
      { state: 'copying', written: total / 2, secondsLeft: 238 },
    ],
    { errors: [make.writeError(1, '/dev/sdc')] },
  );

  test('counts the destinations in the header, and says when', () =>
    expect(headline(tilesOf(running))).toBe('1 verified, 1 failed, 1 copying, 4 min left'));

  test('counts the good ones out of all when everything has ended and not all of it well', () => {
    const ended = (...ends: Partial<DestinationResult>[]): string =>
      headline(
        tilesOf(
          make.job(plan, [], {
            phase: 'ended',
            result: make.result(
              plan,
              ends.map((each, i) => end(i, each)),
            ),
          }),
        ),
      );
    const failed = { state: 'failed', verified: false } as const;
    expect(ended({}, failed, {})).toBe('2 of 3 verified, 1 failed');
    expect(ended({ verified: null }, failed, { verified: null })).toBe('2 of 3 written but not verified, 1 failed');
    expect(ended({}, {}, {})).toBe('3 verified');
    expect(ended(failed, failed, failed)).toBe('3 failed');
  });

  test('does not claim that the source was written to when the engine could not tell', () => {
    const job = make.broken(
      make.job(plan, [{ state: 'done', written: total, verified: total, uncompared: 0 }]),
      failure({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } }),
    );
    const said = nextStep(job, tilesOf(job), true);
    expect(said).toContain('before it could tell whether the source was written to: check sdb against the source');
    expect(said).not.toContain('was written to during the job');
  });

  test('gives no time left while the time of a drive is unknown', () => {
    const job = make.job(plan, [{ secondsLeft: 10 }, { secondsLeft: null }, { state: 'flushing', secondsLeft: null }]);
    expect(secondsLeftOf(tilesOf(job))).toBeNull();
    const flushing = make.job(plan, [
      { secondsLeft: 10 },
      { state: 'flushing', secondsLeft: null },
      { state: 'failed' },
    ]);
    expect(secondsLeftOf(tilesOf(flushing))).toBe(10);
  });

  test('gives the time left of those that move while a drive is stalled or paused', () => {
    const samples = [{ secondsLeft: 240 }, { state: 'stalled' as const }, { state: 'paused' as const, paused: true }];
    expect(secondsLeftOf(tilesOf(make.job(plan, samples)))).toBe(240);
  });

  test('leaves failed destinations out of the total, which reaches its end', () => {
    expect(totalOf(tilesOf(running))).toBeCloseTo((1 + 0.25) / 2);
    const last = make.job(plan, [
      { state: 'done', written: total, verified: total },
      { state: 'failed' },
      { state: 'done', written: total, verified: total },
    ]);
    expect(totalOf(tilesOf(last))).toBe(1);
  });

  test('says that a drive can be taken out once it is let go, while the job runs', () => {
    const { progress } = running;
    const [first, ...others] = progress.destinations;
    const job = {
      ...running,
      progress: { ...progress, destinations: [{ ...first!, letGo: true as const }, ...others] },
    };

    expect(nextStep(job, tilesOf(job))).toBe('sdb is done: take it out. Set sdc (hub 1 · 2) aside.');
  });

  test('asks to eject first what the system has mounted again, and asks nothing for what is out', () => {
    const { progress } = running;
    const [first, ...others] = progress.destinations;
    const job = {
      ...running,
      progress: { ...progress, destinations: [{ ...first!, letGo: true as const }, ...others] },
    };
    const tiles = tilesOf(job);

    expect(nextStep(job, tiles, false, ['ejectFirst', null, null])).toMatch(
      /^The system has mounted sdb again: eject it/,
    );
    expect(nextStep(job, tiles, false, ['out', null, null])).toBe('Set sdc (hub 1 · 2) aside.');
  });

  test('announces a drive to take out with its verdict, or alone when it is let go later', () => {
    const { progress } = running;
    const [first, ...others] = progress.destinations;
    const at = (more: Partial<typeof first>): JobView => ({
      ...running,
      progress: { ...progress, destinations: [{ ...first!, ...more }, ...others] },
    });

    const [copying, done, free] = [at({ state: 'copying', written: 0 }), at({}), at({ letGo: true })];

    expect(announcement(copying, free)).toBe('sdb: Verified. Take it out.');
    expect(announcement(done, free)).toBe('sdb: take it out.');
    expect(announcement(free, free)).toBe('');
  });

  test('says what to touch next: take out drives, use images', () => {
    expect(nextStep(running, tilesOf(running))).toBe(
      'sdb is done: leave it in until the job has ended. Set sdc (hub 1 · 2) aside.',
    );
    const files = make.plan([make.imageEndpoint('/a/one.img', total), make.imageEndpoint('/a/two.img', total)]);
    const job = make.job(
      files,
      [
        { state: 'done', written: total, verified: total },
        { state: 'done', written: total, verified: total },
      ],
      { phase: 'ended' },
    );
    expect(nextStep(job, tilesOf(job))).toBe('one.img and two.img are ready.');
  });

  test('names who is stalled, and says that a pause is one', () => {
    const stalled = make.job(plan, [{ state: 'stalled' }, {}, {}]);
    expect(headline(tilesOf(stalled))).toBe('1 not answering, 2 copying');
    expect(nextStep(stalled, tilesOf(stalled))).toBe('sdb (hub 1 · 1) does not answer: check cable and port.');
    const paused = make.job(
      plan,
      [0, 1, 2].map(() => ({ state: 'paused', paused: true })),
    );
    expect(nextStep(paused, tilesOf(paused))).toMatch(/^Paused: nothing is written until you continue/);
  });

  test('offers to continue an interrupted job', () => {
    const job = make.job(plan, [], {
      phase: 'ended',
      result: make.result(plan, [end(0, {}), end(1, { state: 'cancelled', verified: null }), end(2, {})]),
    });
    expect(nextStep(job, tilesOf(job), true)).toBe(
      'sdc holds only part of the source. Continue the job to finish the rest.',
    );
    // No advice both to set a drive aside and to continue with it.
    const ended = (...errors: JobError[]): JobView =>
      make.job(plan, [], {
        phase: 'ended',
        result: make.result(plan, [end(0, {}), end(1, { state: 'failed', verified: null, errors }), end(2, {})]),
      });
    const failed = ended(make.writeError(1, '/dev/sdc'));
    expect(nextStep(failed, tilesOf(failed), true)).toBe('Set sdc (hub 1 · 2) aside.');
    const removed = ended(make.writeError(1, '/dev/sdc', { code: 'DEVICE_GONE', errno: 'ENODEV' }));
    expect(nextStep(removed, tilesOf(removed), true)).toBe('Continue the job to finish the rest.');
    expect(nextStep(removed, tilesOf(removed), false)).toBe('Set sdc (hub 1 · 2) aside.');
  });

  test('says what a rescue does, and what it got', () => {
    const figures = { retry: 2, rescued: 1, bad: 0, left: 0, waiting: [] };
    expect(rescuePass({ ...figures, pass: 'retrying' })).toBe('Retrying the bad sectors (2)');
    const ended = (bad: number, bytes = 31e9 + bad) =>
      make.job({ ...plan, bytes }, [], {
        phase: 'ended',
        result: make.result(plan, [], { rescue: { rescued: 31e9, bad } }),
      });
    expect(rescueEnd(ended(4096))).toBe(
      '31 GB of the source rescued. 4.1 kB could not be read and are zeros on every destination.',
    );
    expect(rescueEnd(ended(0))).toBe('All of the source could be read: 31 GB.');
    expect(rescueEnd(ended(0, 32e9))).toBe('31 GB of the source rescued so far. 1 GB not tried.');
    expect(rescueEnd(make.job(plan, []))).toBeNull();
  });

  test('does not count errors of the source as those of a drive', () => {
    const error = make.writeError(0, '/source', { side: 'read', destination: null });
    expect(sourceErrors(make.job(plan, [], { errors: [error, make.writeError(1, '/dev/sdc')] }))).toEqual([error]);
  });
});

describe('announcements for screen readers', () => {
  const at = (written: number, more: Partial<JobView> = {}): JobView =>
    make.job(plan, [{ written }, { written }, { written }], more);

  test('announces the start, and no percentages', () => {
    expect(announcement(null, at(0))).toBe('Job started: 3 destinations.');
    expect(announcement(at(0), at(total / 2))).toBe('');
  });

  test('announces a changed verdict once', () => {
    const later = make.job(plan, [{ written: 1 }, { state: 'failed' }, { written: 1 }]);
    expect(announcement(at(1), later)).toBe('sdc: Failed.');
    expect(announcement(later, later)).toBe('');
  });

  test('announces why and where a drive failed', () => {
    const later = make.job(plan, [{ written: 1 }, { state: 'failed' }, { written: 1 }], {
      errors: [make.writeError(1, '/dev/sdc')],
    });
    expect(announcement(at(1), later)).toBe(
      'sdc: Failed. Write failed at 13.3 GB (sector 26,001,408): the drive reported a medium error.',
    );
  });

  test('announces a pause once for all, and a stall by name', () => {
    const paused = make.job(
      plan,
      [0, 1, 2].map(() => ({ state: 'paused', paused: true })),
    );
    expect(announcement(at(1), paused)).toBe('Paused.');
    expect(announcement(paused, paused)).toBe('');
    expect(announcement(paused, at(1))).toBe('Continued.');
    const failed = make.job(plan, [
      { state: 'paused', paused: true },
      { state: 'failed' },
      { state: 'paused', paused: true },
    ]);
    expect(announcement(at(1), failed)).toBe('Paused. sdc: Failed.');
    expect(announcement(paused, failed)).toBe('sdc: Failed.');
    const one = make.job(plan, [{}, { state: 'paused', paused: true }, { state: 'stalled' }]);
    expect(announcement(at(1), one)).toBe('sdc: Paused. sdd: No answer.');
  });

  test('announces cancelling, the end, and a failure of the host', () => {
    expect(announcement(at(1), at(1, { phase: 'cancelling' }))).toBe('Cancelling.');
    const result = make.result(
      plan,
      [0, 1, 2].map((index) => make.end(plan, index, { state: 'failed', verified: null })),
    );
    expect(announcement(at(1), at(1, { phase: 'ended', result }))).toBe('Job ended: 3 failed.');
    expect(announcement(at(1), make.broken(at(1)))).toBe('Job stopped: It is HOST_FAILED.');
  });
});
