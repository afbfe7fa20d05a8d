// Every screen of the window, with made-up drives: for the pictures of all screens, and for the tests of accessibility.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disk } from '../../../app/contract/disks.ts';
import type { DestinationProgress, Plan } from '../../../app/contract/jobs.ts';
import type { AppState, JobView } from '../../../app/contract/window.ts';
import type { JobRecord } from '../../../app/contract/records.ts';
import { recordOf } from '../../../app/records/record.ts';
import { say } from '../../../app/words/speech.ts';
import { changed } from '../../requests.ts';
import * as make from './fixtures.ts';
import { described, recentImage } from './images.ts';
import { proposed, stationOf, stationPlan } from './station.ts';
import { refuse, type OpenWindow } from './window.ts';

/** A screen of the window. */
export interface Screen {
  name: string;
  state: Partial<AppState>;
  /** What a person does to reach it. It speaks the language of `say`. */
  steps?: (window: OpenWindow) => Promise<void>;
}

const BRANDS = [
  { model: 'SanDisk Ultra Fit', size: 64_023_257_088 },
  { model: 'Kingston DataTraveler', size: 62_075_699_200 },
  { model: 'Samsung FIT Plus', size: 64_160_400_896 },
] as const;
const HELD: readonly Partial<Disk>[] = [
  {},
  { fileSystem: 'exfat', label: 'PHOTOS', signatures: ['exfat'] },
  {},
  {
    partitionTable: 'dos',
    signatures: ['dos'],
    partitions: [
      { path: '/dev/sdx1', size: 536_870_912, label: 'bootfs', fileSystem: 'vfat', mountedAt: [] },
      { path: '/dev/sdx2', size: 31e9, label: 'rootfs', fileSystem: 'ext4', mountedAt: [] },
    ],
  },
  {},
  { fileSystem: 'vfat', label: 'CAMERA', signatures: ['vfat'], mountedAt: ['/media/anna/CAMERA'] },
];

/** Sticks of three makers in numbered bays of hubs with ten ports. Some hold data, one is mounted. */
export const hub = (count: number): Disk[] =>
  make.sticks(count).map((disk, i) => ({
    ...disk,
    ...BRANDS[i % BRANDS.length],
    ...HELD[i % HELD.length],
    port: make.usbPort(Math.floor(i / 10) + 1, (i % 10) + 1, i + 1),
  }));

const eight = hub(8);
const machine = [...eight, make.systemDisk, make.smallDisk, make.loopDisk];
const crowd = hub(32);
const IMAGE = '/home/anna/images/classroom-2026.img.xz';

/** A copy of the image to these drives, the second of which holds data. */
function copyTo(disks: readonly Disk[], more: Partial<Plan> = {}): Plan {
  const ends = disks.map((disk) =>
    make.endpoint(disk, { contents: disk.label === 'PHOTOS' ? [make.ext4('photos', disk.path)] : [] }),
  );
  return make.plan(ends, { name: 'Room 12', source: make.imageEndpoint(IMAGE, 31_914_983_424), ...more });
}

const copies = copyTo(eight);
const plain = copyTo(eight.filter(({ fileSystem, partitionTable }) => fileSystem === null && partitionTable === null));
const errors = [make.writeError(2, eight[2]!.path)];
const running = make.job(copies, make.midway(copies), { errors });
const crowded = copyTo(crowd);

/** A copy whose finished drives can be taken out. The third one of every five is still written. */
function rolling(count: number): JobView {
  const plan = copyTo(hub(count));
  const samples: Partial<DestinationProgress>[] = Array.from({ length: count }, (_, i) =>
    i % 5 === 1 || i % 5 === 3
      ? { written: plan.bytes * (0.62 - i * 0.03), bytesPerSecond: 31.4e6 - i * 1e6, secondsLeft: 340 + i * 20 }
      : { state: 'done', written: plan.bytes, verified: plan.bytes, letGo: true },
  );
  return make.job(plan, samples);
}

/** The job with one destination that is much slower than the others. */
function slowed(job: JobView, index: number): JobView {
  const { progress } = job;
  const slow = progress.destinations.map((_, i) => (i === index ? { bytesPerSecond: 1.1e6, usual: 5.04e6 } : null));
  return { ...job, progress: { ...progress, slow } };
}

const twelve = hub(12);

/** The bay whose drive is out has another one, which is plugged in now; and so has the next one, which is too small. */
const fresh = (disk: Disk, more: Partial<Disk> = {}): Disk => ({
  ...disk,
  path: '/dev/sdz',
  majorMinor: '65:144',
  serial: '4C5300019F2ADE71',
  fileSystem: 'exfat',
  label: 'HOLIDAY',
  mountedAt: ['/media/anna/HOLIDAY'],
  ...more,
});

/** Takes the first drive out, and plugs others in. */
const swap =
  (disks: readonly Disk[], ...come: Disk[]) =>
  async ({ main }: OpenWindow): Promise<void> => {
    await main.push({ disks: disks.slice(1) });
    await main.push({ disks: [...disks.slice(1), ...come] });
  };

/** Plugs a drive in, and asks for its review. */
const ask =
  (disks: readonly Disk[], come: Disk) =>
  async (window: OpenWindow): Promise<void> => {
    const { main, page } = window;
    const lost = {
      contents: [make.ext4('HOLIDAY', come.path)],
      mounts: [{ device: `${come.path}1`, target: '/media/anna/HOLIDAY' }],
    };
    const of = copyTo([come]);
    main.reviewed = { ok: true, value: { ...of, destinations: [{ ...of.destinations[0]!, ...lost }] } };
    await swap(disks, come)(window);
    await page
      .getByRole('button', { name: say('joining.add') })
      .first()
      .click();
    await page.getByRole('dialog').waitFor();
  };

/** A drive came into the place of the first one, which is done. */
function joined(count: number): JobView {
  const disks = hub(count);
  const plan = copyTo([...disks, fresh(disks[0]!)]);
  const { progress } = rolling(count);
  return make.job(plan, [
    ...progress.destinations,
    { written: plan.bytes * 0.08, bytesPerSecond: 29e6, secondsLeft: 900 },
  ]);
}

/** Takes these of the drives out, and has the system mount the last one again. */
const takeOut =
  (disks: readonly Disk[], ...out: number[]) =>
  async ({ main }: OpenWindow): Promise<void> => {
    const left = disks.filter((_, index) => !out.includes(index));
    await main.push({
      disks: left.map((disk) => (disk.path === disks[10]?.path ? { ...disk, mountedAt: ['/media/anna/CARD'] } : disk)),
    });
  };

/** A copy to so few drives that each has a row. */
function few(count: number): JobView {
  const plan = copyTo(eight.slice(0, count));
  const samples: Partial<DestinationProgress>[] = Array.from({ length: count }, (_, i) => ({
    written: plan.bytes * (0.43 - i * 0.05),
    bytesPerSecond: 31.4e6 - i * 2e6,
    secondsLeft: 640 + i * 60,
  }));
  return make.job(plan, samples);
}

/** The copy after its end, in which the drives with these indices failed. */
function ended(of: Plan, ...failed: number[]): JobView {
  const ends = of.destinations.map(({ path }, index) =>
    make.end(
      of,
      index,
      failed.includes(index) ? { state: 'failed', verified: null, errors: [make.writeError(index, path)] } : {},
    ),
  );
  return make.job(of, [], {
    phase: 'ended',
    errors: failed.map((index) => make.writeError(index, of.destinations[index]!.path)),
    result: make.result(of, ends, { manifest: '5e'.repeat(32) }),
  });
}

const check = copyTo(eight.slice(0, 3), { kind: 'verify', job: null });
const differing = make.writeError(1, eight[1]!.path, { side: 'verify', code: 'VERIFY_MISMATCH' });
const checked = make.job(check, [], {
  phase: 'ended',
  errors: [differing],
  result: make.result(check, [
    make.end(check, 0),
    make.end(check, 1, { state: 'failed', verified: false, errors: [differing] }),
    make.end(check, 2),
  ]),
});

const mapped = copyTo(eight.slice(0, 3), {
  mapped: 12e9,
  parts: [
    {
      partition: 1,
      signatures: ['ntfs'],
      offset: 1e6,
      size: 8e9,
      used: 8e9,
      whole: { kind: 'usedHibernated' },
      saves: 5e9,
    },
    { partition: 2, signatures: ['ext4'], offset: 9e9, size: 8e9, used: 4e9, whole: null, saves: 0 },
  ],
  request: changed(copies.request, { used: true }),
});

const rescue = copyTo(eight.slice(0, 1), {
  request: changed(copies.request, { rescue: { retries: 1, map: null } }),
});
const rescuing = make.job(rescue, [{ written: rescue.bytes * 0.7, bytesPerSecond: 2.1e6, secondsLeft: 3000 }]);

const armed = stationOf(stationPlan(eight), eight, [
  { kind: 'done' },
  { kind: 'running', index: 3 },
  { kind: 'failed', reason: make.writeError(2, eight[2]!.path).reason },
  { kind: 'countdown', until: Date.now() + 3.6e6 },
  { kind: 'refused', reason: { kind: 'stationUsed' } },
  { kind: 'waiting' },
  { kind: 'wasIn' },
]);

const entry = (job: JobView, minutesAgo: number, more: Partial<JobRecord> = {}): JobRecord => ({
  ...recordOf(
    { ...job, plan: { ...job.plan, job: null }, startedAt: Date.now() - minutesAgo * 60_000 },
    Date.now() - minutesAgo * 60_000 + 754_000,
  ),
  ...more,
});

/** Waits until the fonts are there and nothing changes any more. */
async function settle({ page }: OpenWindow): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await sleep(150);
}

const press =
  (key: string) =>
  async ({ page }: OpenWindow): Promise<void> =>
    page.keyboard.press(key);

/** Chooses the packed image, and every drive that may be chosen at once. */
async function choose(window: OpenWindow): Promise<void> {
  window.main.image = IMAGE;
  window.main.described = { ok: true, value: described() };
  await window.page.getByRole('button', { name: say('choose.image') }).click();
  await window.page.getByRole('button', { name: say('choose.selectAll', { count: 0 }).replace(/\d.*/, '') }).click();
}

/** Opens the details of the tile with this index. */
const details =
  (index: number) =>
  async ({ page }: OpenWindow): Promise<void> => {
    await page.locator('.tile button').nth(index).click();
    await page.getByRole('dialog').waitFor();
  };

/** All screens, in the order in which a person meets them. */
export const screens: readonly Screen[] = [
  { name: 'first start', state: { disks: [make.systemDisk] } },
  { name: 'list failed', state: { disksError: make.failure('IO_ERROR') } },
  { name: 'choosing', state: { disks: machine, recent: [recentImage('disk.img'), recentImage('class.zip', 24)] } },
  { name: 'chosen', state: { disks: machine }, steps: choose },
  { name: 'chosen of 32', state: { disks: [...crowd, make.systemDisk] }, steps: choose },
  {
    name: 'refused',
    state: { disks: machine },
    steps: async (window) => {
      window.main.reviewed = refuse(make.failure('IN_USE', { device: eight[0]!.path }));
      await choose(window);
      await window.page.getByRole('button', { name: say('choose.review'), exact: true }).click();
      await window.page.getByText(say('choose.notStarted')).waitFor();
    },
  },
  {
    name: 'options',
    state: { disks: machine },
    steps: async (window) => {
      await choose(window);
      await window.page.getByRole('button', { name: say('options.more') }).click();
    },
  },
  {
    name: 'choosing a check',
    state: { disks: machine },
    steps: async ({ page }) => page.getByText(say('tasks.verify'), { exact: true }).click(),
  },
  {
    name: 'interrupted',
    state: { disks: machine, interrupted: [make.interrupted(eight.slice(0, 2).map(({ path }) => path))] },
  },
  { name: 'review, held', state: { disks: machine, review: make.review(plain) } },
  { name: 'review, typed', state: { disks: machine, review: make.review(copies) } },
  { name: 'review of 32', state: { disks: crowd, review: make.review(crowded) } },
  { name: 'review of used blocks', state: { disks: machine, review: make.review(mapped) } },
  { name: 'review of a check', state: { disks: machine, review: make.review(check) } },
  {
    name: 'review, continued',
    state: { disks: machine, review: make.review(make.resumePlan(plain.destinations)) },
  },
  {
    name: 'station, set up',
    state: { disks: machine },
    steps: async (window) => {
      window.main.bays = eight.map(({ port }, i) => ({ port: port!.path, name: i === 0 ? 'Left' : null }));
      await choose(window);
      await window.page.getByRole('button', { name: say('station.open') }).click();
      await window.page.getByRole('button', { name: say('station.allBays') }).click();
    },
  },
  { name: 'station, asking', state: { disks: machine, station: proposed(stationPlan(eight, { eraseUsed: true })) } },
  { name: 'station, armed', state: { disks: machine, job: running, station: armed } },
  {
    name: 'station, stopped',
    state: {
      disks: machine,
      station: {
        ...armed,
        bays: armed.bays.map((bay) =>
          ['countdown', 'waiting', 'running'].includes(bay.activity.kind)
            ? { ...bay, activity: { kind: 'skipped' } }
            : bay,
        ),
        plan: { ...armed.plan, count: 37 },
        phase: 'stopped',
        reason: { kind: 'stationCount', count: 37 },
      },
    },
  },
  { name: 'one at work', state: { disks: machine, job: few(1) } },
  { name: 'three at work', state: { disks: machine, job: few(3) } },
  { name: 'eight at work', state: { disks: machine, job: running } },
  {
    name: 'joining, offered',
    state: { disks: twelve, job: rolling(12) },
    steps: swap(twelve, fresh(twelve[0]!), fresh(make.smallDisk, { path: '/dev/sdy', port: make.usbPort(2, 9, 19) })),
  },
  { name: 'joining, offered to two', state: { disks: hub(2), job: rolling(2) }, steps: swap(hub(2), fresh(eight[0]!)) },
  { name: 'joining, asking', state: { disks: twelve, job: rolling(12) }, steps: ask(twelve, fresh(twelve[0]!)) },
  {
    name: 'joining, ended meanwhile',
    state: { disks: twelve, job: rolling(12) },
    steps: async (window) => {
      await ask(twelve, fresh(twelve[0]!))(window);
      await window.main.push({ joining: null, job: ended(copyTo(twelve)), record: 'ended' });
    },
  },
  {
    name: 'joining, refused',
    state: { disks: twelve, job: rolling(12) },
    steps: async (window) => {
      await swap(twelve, fresh(twelve[0]!))(window);
      window.main.reviewed = refuse(
        make.failure('IN_USE', { device: '/dev/sdz', reason: { kind: 'heldBy', holders: ['/dev/md0'] } }),
      );
      await window.page.getByRole('button', { name: say('joining.add') }).click();
      await window.page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'joined',
    state: { disks: twelve, job: joined(12) },
    steps: swap(twelve, fresh(twelve[0]!)),
  },
  { name: 'a slow drive, of eight', state: { disks: machine, job: slowed(running, 6) } },
  { name: 'a slow drive, of three', state: { disks: machine, job: slowed(few(3), 1) } },
  { name: 'rolling, two', state: { disks: machine, job: rolling(2) } },
  { name: 'rolling, four', state: { disks: machine, job: rolling(4) } },
  { name: 'rolling, 32', state: { disks: crowd, job: rolling(32) }, steps: takeOut(crowd, 0, 4) },
  { name: 'rolling, twelve', state: { disks: twelve, job: rolling(12) }, steps: takeOut(twelve, 0, 4) },
  {
    name: '32 at work',
    state: { disks: crowd, job: make.job(crowded, make.midway(crowded), { errors }) },
  },
  {
    name: 'checking the source first',
    state: {
      disks: machine,
      job: make.job(
        copies,
        eight.map(() => ({ state: 'waiting' })),
      ),
      reading: { why: 'check', done: 4e8, of: 1.1e9 },
    },
  },
  {
    name: 'rescue',
    state: {
      disks: machine,
      job: {
        ...rescuing,
        progress: {
          ...rescuing.progress,
          rescue: { pass: 'copying', retry: 0, rescued: 2e10, bad: 4096, left: 1e9, waiting: [] },
        },
      },
    },
  },
  {
    name: 'paused, stalled and removed',
    state: {
      disks: machine,
      job: make.job(
        copies,
        [
          { state: 'paused', paused: true, written: 1e9 },
          { state: 'stalled', written: 4e9 },
          { state: 'failed', written: 9e9 },
          { state: 'cancelled', written: 2e9 },
          { state: 'comparing', toWrite: 0 },
          { state: 'repairing', written: 1e9 },
          { state: 'waiting' },
        ],
        { errors: [make.writeError(2, eight[2]!.path, { code: 'DEVICE_GONE' })] },
      ),
    },
  },
  { name: 'details of a drive at work', state: { disks: machine, job: running }, steps: details(7) },
  { name: 'details of a failed drive', state: { disks: machine, job: running }, steps: details(2) },
  { name: 'ended well', state: { disks: machine, job: ended(copies), record: 'ended' } },
  { name: 'ended with a failure', state: { disks: machine, job: ended(copies, 4), record: 'ended' } },
  { name: 'ended of 32', state: { disks: crowd, job: ended(crowded, 8, 20), record: 'ended' } },
  { name: 'ended of one', state: { disks: machine, job: ended(copyTo(eight.slice(0, 1))), record: 'ended' } },
  { name: 'ended check', state: { disks: machine, job: checked, record: 'ended' } },
  { name: 'engine failed', state: { disks: machine, job: make.broken(running) } },
  {
    name: 'history',
    state: { disks: machine },
    steps: async (window) => {
      window.main.history = [
        entry(ended(copies, 4), 12, { name: 'Room 12' }),
        entry(ended(copies), 60),
        entry(checked, 60 * 26),
      ];
      await press('Control+h')(window);
      await window.page.getByRole('dialog').waitFor();
      await window.page.getByText('Room 12').first().waitFor();
    },
  },
  {
    name: 'settings',
    state: { disks: machine },
    steps: async (window) => {
      window.main.bays = eight.map(({ port }, i) => ({ port: port!.path, name: i === 0 ? 'Left' : null }));
      await press('Control+,')(window);
      await window.page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'help',
    state: { disks: machine },
    steps: async (window) => {
      await press('F1')(window);
      await window.page.getByRole('dialog').getByRole('table').waitFor();
    },
  },
  {
    name: 'manual',
    state: { disks: machine },
    steps: async (window) => {
      await press('F1')(window);
      await window.page.getByRole('button', { name: say('help.readManual') }).click();
      await window.page.getByRole('article').waitFor();
    },
  },
];

/** Takes the steps to a screen that has been opened, and waits until it rests. */
export async function reach({ steps }: Screen, window: OpenWindow): Promise<void> {
  await steps?.(window);
  await settle(window);
}
