// What is printed about updates, repairs, rescues and continued jobs, during the job and at its end.
import { describe, expect, test } from 'vitest';
import { lossLines } from '../../../app/cli/confirm.ts';
import { jobLines, leftLines, onlyJob } from '../../../app/cli/interrupted.ts';
import { finalLines, liveLines, logEnd, logLine } from '../../../app/cli/output/job-lines.ts';
import { afterwards, headline, keptPhrase } from '../../../app/cli/output/job-sentences.ts';
import { asStarted, ownName } from '../../../app/cli/output/own-name.ts';
import { showAs } from '../../../app/cli/output/typed-paths.ts';
import { resultLine } from '../../../app/cli/output/json.ts';
import { continuable } from '../../../app/view/continuable.ts';
import { columns, plain } from '../../../app/cli/output/text.ts';
import type { JobError } from '../../../app/contract/errors.ts';
import type { DestinationResult, InterruptedJob, JobResult, Plan, RescueProgress } from '../../../app/contract/jobs.ts';
import type { ImageFormat } from '../../../app/contract/image-formats.ts';
import { plainImageFormat } from '../../../app/contract/request-facts.ts';
import type { JobView } from '../../../app/contract/window.ts';
import { Refusal, type Engine } from '../../../app/client/client.ts';
import { jobStarted } from '../../../app/view/reduce-events.ts';
import { ended, GB, mediumError, plainScreen, plan, play, progress, result, sample } from './views.ts';
import { asked as requestOf, type Facts } from '../../requests.ts';

const over = (facts: Partial<Plan>, destinations: DestinationResult[], more: Partial<JobResult> = {}): JobView =>
  play(
    jobStarted(
      plan(
        destinations.map(({ path }) => path),
        facts,
      ),
      0,
    ),
    { event: 'result', result: result(destinations, more) },
  );
const asked = (facts: Facts): Partial<Plan> => ({
  request: requestOf({ source: 'disk.img', destinations: ['a'], ...facts }),
});
const gone: JobError = { ...mediumError, code: 'DEVICE_GONE', destination: 0 };

describe('the first sentence', () => {
  test.each<[Partial<Plan>, string]>([
    [{ kind: 'repair' }, 'Comparing 1 destination with disk.img (64.0 GB), and rewriting what differs.'],
    [
      { kind: 'resume' },
      'Continuing the copy of disk.img (64.0 GB) to 1 destination, reading each back when it is written.',
    ],
    [
      asked({ update: true }),
      'Updating 1 destination from disk.img (64.0 GB): only what differs is written, and read back.',
    ],
    [
      { ...asked({ update: true }), verify: false },
      'Updating 1 destination from disk.img (64.0 GB): only what differs is written; not verifying.',
    ],
    [
      asked({ rescue: { retries: 0, map: null } }),
      'Rescuing disk.img (64.0 GB) to 1 destination, reading each back when it is written.',
    ],
    [
      { ...asked({ kind: 'verify', source: null, manifest: 'm\u001b' }), kind: 'verify', source: null },
      'Comparing 1 destination with the manifest m\\x1b (64.0 GB).',
    ],
  ])('%#', (facts, sentence) => expect(headline(plan(['a'], facts))).toEqual([sentence]));

  test('says in the question what is lost: all, what differs, or all but the copy', () => {
    expect(lossLines(plan(['a']), plain)[0]).toBe('Everything on this destination will be lost:');
    expect(lossLines(plan(['a', 'b'], asked({ update: true })), plain)[0]).toBe(
      'What differs from the source on these 2 destinations will be overwritten:',
    );
    expect(lossLines(plan(['a'], { kind: 'repair' }), plain)[0]).toBe(
      'What differs from the source on this destination will be overwritten:',
    );
    expect(lossLines(plan(['a'], { kind: 'resume' }), plain)[0]).toBe(
      'The copy onto this destination goes on; everything else there will be lost:',
    );
  });
});

describe('what was there already', () => {
  const kept = { ...ended('a', 'done', true), written: 10_200_000, kept: 63 * GB };

  test('says what was there already for each good destination, on a terminal, in a log and in JSON', () => {
    const view = over(asked({ update: true }), [kept, { ...kept, path: 'b', written: 0 }]);
    expect(finalLines(view, plainScreen(80)).slice(0, 2)).toEqual([
      '  ✓ a  verified   wrote 10.2 MB, 63.0 GB were there',
      '  ✓ b  verified   wrote nothing, 63.0 GB were there',
    ]);
    expect(logEnd(view)[0]).toBe('a: verified: wrote 10.2 MB, 63.0 GB were there');
    expect(resultLine(view.result!, view).destinations[0]).toMatchObject({ written: 10_200_000, kept: 63 * GB });
  });

  test('does not say what was there already after a whole copy, a failed one or a comparison', () => {
    expect(keptPhrase(over({}, [ended('a', 'done', true)]), 0)).toBeNull();
    expect(keptPhrase(over({}, [{ ...kept, state: 'failed' }]), 0)).toBeNull();
    expect(keptPhrase(over({ kind: 'verify' }, [kept]), 0)).toBeNull();
  });

  test('drops an error that a repair or a retry has cleared', () => {
    const view = play(
      jobStarted(plan(['a', '/dev/sdc']), 0),
      { event: 'error', error: mediumError },
      { event: 'result', result: result([ended('a', 'done', true), ended('/dev/sdc', 'done', true, [mediumError])]) },
    );
    expect(logEnd(view).slice(0, 2)).toEqual(['a: verified', '/dev/sdc: verified']);
    expect(finalLines(view, plainScreen(80))[1]).toMatch(/✓ \/dev\/sdc +verified .*100 %/u);
  });
});

describe('a copy that was cut short', () => {
  const cut = (path: string): DestinationResult => ended(path, 'cancelled', null);
  const one = (image: Partial<ImageFormat>, path: string): JobView => {
    const view = over(asked({ destinations: [path] }), [cut(path)]);
    const [end] = view.plan.destinations;
    const request = { ...view.plan.request, imageFormat: { ...plainImageFormat, ...image } };
    return { ...view, plan: { ...view.plan, destinations: [{ ...end!, kind: 'file', realPath: path }], request } };
  };

  test.each<[Partial<ImageFormat>, string]>([
    [{}, '/d/a.img.xz'],
    [{}, '/d/a.gz'],
    [{}, '/d/a.qcow2'],
    [{ split: 4 * GB }, '/d/a.img.zst.000'],
  ])('says of %j %s that it cannot be continued', (image, path) => {
    expect(afterwards(one(image, path))).toEqual([`${path} cannot be continued: begin again.`]);
  });

  test('does not say so of an image that can be continued', () => {
    expect(afterwards(one({}, '/d/a.img.zst')).filter((line) => line.includes('begin again'))).toEqual([]);
  });
});

describe('a rescue', () => {
  const rescue: RescueProgress = { pass: 'retrying', retry: 2, rescued: 63 * GB, bad: 8192, left: GB, waiting: [] };

  test('says on every width how far a rescue is', () => {
    const job = jobStarted(plan(['a'], asked({ rescue: { retries: 3, map: 'map' } })), 0);
    const view = play(job, sample(job, [progress('a', 'copying', { written: 32 * GB })], { rescue, seconds: 5 }));
    expect(liveLines(view, plainScreen(80)).slice(1)).toEqual([
      '',
      '  rescue, retry 2: 63.0 GB read, 8.2 kB bad, 1.0 GB left',
      '  1 copying',
    ]);
    expect(logLine(view)).toBe('5 s  a: copying 25 % 0 MB/s; rescue, retry 2: 63.0 GB read, 8.2 kB bad, 1.0 GB left');
    for (let width = 40; width < 100; width += 1) {
      for (const line of liveLines(view, { ...plainScreen(width), selected: 0 }))
        expect(columns(line), line).toBeLessThanOrEqual(width);
    }
  });

  test('ends a rescue with what is missing, and where that is written down', () => {
    const view = over(asked({ rescue: { retries: 0, map: 'map' } }), [ended('a', 'done', true)], {
      rescue: { rescued: 63 * GB, bad: 8192 },
    });
    expect(afterwards(view)).toEqual([
      'Rescued 63.0 GB. 8.2 kB could not be read and are zeros on every destination.',
      'What was read and what was not is in the map map; the same command continues from it.',
    ]);
    const whole = over(asked({ rescue: { retries: 0, map: null } }), [ended('a', 'done', true)], {
      rescue: { rescued: 64 * GB, bad: 0 },
    });
    expect(afterwards(whole)).toEqual(['All of the source was read: 64.0 GB.']);
  });

  test('says after a whole rescue how to compare the rest, and not how to continue', () => {
    const resumed = { ...ended('a', 'done', true), uncompared: 25 };
    const view = over(asked({ rescue: { retries: 0, map: 'map' } }), [resumed], {
      rescue: { rescued: 64 * GB, bad: 0 },
    });
    expect(afterwards(view)).toEqual([
      'All of the source was read: 64.0 GB.',
      'By the map map nothing is left to rescue.',
      'Part of it was not compared with the source: `platter verify` with the same source compares all of it.',
    ]);
  });
});

describe('afterwards', () => {
  const job = '20261123-235959-a1b2c3';

  test('says at the end that the checksum in a list beside the source was not compared, and how to', () => {
    const note = { kind: 'checksumBeside', path: 'disk.img', of: 'file', list: 'SHA256SUMS', hash: 'sha256' } as const;
    expect(afterwards(over({ notes: [note] }, [ended('a', 'done', true)]))).toEqual([
      'disk.img was not compared with its checksum in SHA256SUMS. To compare it: platter check --checksum SHA256SUMS disk.img',
    ]);
  });

  test('warns before a job that the source is cut short, and says so again at its end', () => {
    const note = { kind: 'partitionsBeyond', path: 'disk.img', end: 3000, size: 2000, missing: 1000 } as const;
    expect(headline(plan(['a'], { notes: [note] })).at(-1)).toMatch(/^Warning: disk\.img lacks 1,000 bytes/u);
    expect(afterwards(over({ notes: [note] }, [ended('a', 'done', true)]))).toEqual([
      'disk.img is probably cut short: 1,000 bytes of its partitions are missing, on every copy of it too.',
    ]);
  });

  test.each([
    ['in a package', {}, 'platter resume JOB'],
    [
      'by npm start in a checkout',
      { npm_package_name: 'platter', npm_lifecycle_event: 'start' },
      'npm start -- resume JOB',
    ],
    ['by npx in a checkout', { npm_package_name: 'platter', npm_lifecycle_event: 'npx' }, 'npx platter resume JOB'],
    ["by another package's start", { npm_package_name: 'other', npm_lifecycle_event: 'start' }, 'platter resume JOB'],
  ])('names in advice the command that started it: %s', (_, env, command) =>
    expect(asStarted('Continue with: platter resume JOB', ownName(env))).toBe(`Continue with: ${command}`),
  );

  test('leaves a path with the name of the program in it alone', () =>
    expect(asStarted('/srv/platter copy/a.img: Use `platter copy`.', 'npm start --')).toBe(
      '/srv/platter copy/a.img: Use `npm start -- copy`.',
    ));

  test('shows the paths in a note as they were typed, and a download as its URL', () => {
    showAs('/cache/downloads/ab12/disk.img.xz', 'https://example.org/disk.img.xz');
    const note = { kind: 'checksum', path: '/cache/downloads/ab12/disk.img.xz' } as const;
    expect(headline(plan(['a'], { notes: [note] })).at(-1)).toContain(' of https://example.org/disk.img.xz ');
  });

  test('names the manifest after a job, with its digest', () => {
    const view = over(asked({ saveManifest: 'm' }), [ended('a', 'done', true)], { manifest: 'ab'.repeat(32) });
    expect(logEnd(view).at(-1)).toBe(
      `Manifest written to m. Its own checksum, which is not that of the image: ${'ab'.repeat(32)}.`,
    );
    expect(logEnd(over(asked({ saveManifest: 'm' }), [ended('a', 'cancelled', null)])).at(-1)).toBe(
      'No manifest was written to m.',
    );
  });

  test('says how to continue a job that was cut short, and no other', () => {
    expect(afterwards(over({ job }, [{ ...ended('a', 'cancelled', null), written: GB }]))).toEqual([
      `Continue with: platter resume ${job}`,
    ]);
    expect(continuable(over({ job }, [ended('a', 'failed', null, [gone]), ended('b', 'done', true)]))).toBe(job);
    expect(continuable(over({ job }, [ended('a', 'done', true)]))).toBeNull();
    expect(continuable(over({ job: null }, [ended('a', 'cancelled', null)]))).toBeNull();
    // The job only compared this drive.
    expect(continuable(over({ job }, [{ ...ended('a', 'cancelled', null), written: 0 }]))).toBeNull();
    expect(continuable(over({ job }, [{ ...ended('a', 'cancelled', null), durable: 0 }]))).toBeNull();
    // The same drive would fail again at the same place.
    expect(continuable(over({ job }, [ended('a', 'failed', null, [mediumError])]))).toBeNull();
    expect(continuable(jobStarted(plan(['a'], { job }), 0))).toBeNull();
  });

  test('F27 offers no resume of an image whose temporary file was removed', () => {
    const lost: JobError = {
      ...mediumError,
      code: 'NOT_FOUND',
      op: 'rename',
      destination: 0,
      reason: { kind: 'imageLost', part: 'a.part', how: 'removed' },
    };
    expect(continuable(over({ job: '20260101-000000-abcdef' }, [ended('a', 'failed', null, [lost])]))).toBeNull();
  });
});

describe('with a keyboard', () => {
  const job = jobStarted(plan(['/dev/sdb', '/dev/sdc']), 0);

  test('names the keys, and marks the choice', () => {
    expect(liveLines(job, { ...plainScreen(80), selected: null }).at(-1)).toBe(
      '  p: pause or continue, up/down: select one, Ctrl-C: stop',
    );
    const lines = liveLines(job, { ...plainScreen(80), selected: 1 });
    expect(lines[0]).toMatch(/^ {2}· \/dev\/sdb/u);
    expect(lines[1]).toMatch(/^> · \/dev\/sdc/u);
    expect(lines.at(-1)).toBe('  p: pause or continue, x: cancel, r: retry, Esc: all. For /dev/sdc');
    expect(liveLines(job, plainScreen(80)).at(-1)).toBe('  2 waiting');
  });

  test('keeps the chosen destination in view', () => {
    const paths = Array.from({ length: 32 }, (_, index) => `/dev/sd${index}`);
    const many = jobStarted(plan(paths), 0);
    const view = play(
      many,
      sample(
        many,
        paths.map((path, index) => progress(path, index % 2 === 0 ? 'done' : 'copying')),
      ),
    );
    for (let selected = 0; selected < 32; selected += 1) {
      const lines = liveLines(view, { ...plainScreen(80), height: 10, selected });
      expect(lines).toHaveLength(10);
      expect(lines.filter((line) => line.startsWith('>'))).toHaveLength(1);
    }
  });
});

describe('interrupted jobs', () => {
  const job: InterruptedJob = {
    id: '20261123-235959-a1b2c3',
    name: 'Room 12',
    startedAt: Date.UTC(2026, 10, 23, 23, 59),
    source: '/home/me/disk.img',
    bytes: 64 * GB,
    damaged: false,
    destinations: [
      { path: '/dev/sdb', model: 'SanDisk Ultra', serial: '4C530001', durable: 48 * GB, finished: false, part: null },
      { path: '/home/me/copy\u001b.img', model: null, serial: null, durable: 64 * GB, finished: true, part: null },
    ],
  };
  const engine = (jobs: InterruptedJob[]): Engine => ({
    call: (method) => (method === 'jobs' ? Promise.resolve(jobs as never) : Promise.reject(new Error(method))),
    onEvent: () => () => undefined,
    onDisks: () => () => undefined,
    onRights: () => () => undefined,
    onWaiting: () => () => undefined,
    pid: null,
    closed: Promise.resolve(null),
    close: () => Promise.resolve(null),
  });

  test('says which incomplete images stay when their job is forgotten, and what to do with them', () => {
    const image = '/home/me/copy\u001b.img';

    const lines = leftLines([
      { path: `${image}.part`, image, pieces: 1 },
      { path: '/d/a.000.part', image: '/d/a', pieces: 3 },
    ]);

    expect(lines).toEqual([
      expect.stringMatching(
        /^\/home\/me\/copy[^\u001b]+\.img\.part stays\. .* remove it, or move it away before you copy to .* again\.$/u,
      ),
      expect.stringMatching(
        /^\/d\/a\.000\.part and the 2 pieces behind it stay\. .* before you copy to \/d\/a again\.$/u,
      ),
    ]);
  });

  test('lists interrupted jobs with how far each destination is', () => {
    expect(jobLines([job], plain, 'UTC')).toEqual([
      '20261123-235959-a1b2c3  Room 12  started 2026-11-23 23:59',
      '  from /home/me/disk.img, 64.0 GB',
      '  to /dev/sdb (SanDisk Ultra, 4C530001): 75 % is there, 16.0 GB to go',
      '  to /home/me/copy\\x1b.img: finished',
    ]);
    expect(jobLines([{ ...job, damaged: true }], plain, 'UTC')[1]).toContain('its log is damaged');
    expect(jobLines([], plain)).toHaveLength(1);
  });

  test('resumes the only job without its name, and refuses none or several, which it names', async () => {
    expect(await onlyJob(engine([job]))).toBe(job.id);
    await expect(onlyJob(engine([]))).rejects.toMatchObject({ errors: [{ code: 'NOTHING_TO_DO' }] });
    const several = await onlyJob(engine([job, { ...job, id: '20261124-000000-ffffff' }])).catch(
      (error: unknown) => error,
    );
    expect(several).toBeInstanceOf(Refusal);
    expect((several as Refusal).errors).toMatchObject([
      { code: 'BAD_ARGUMENT', message: expect.stringMatching(/^2 jobs.*a1b2c3.*ffffff/u) as string },
    ]);
  });
});
