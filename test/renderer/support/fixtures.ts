// Snapshots as main would push them, built from the contract's types.
import type { Port } from '../../../app/contract/bays.ts';
import type { Disk } from '../../../app/contract/disks.ts';
import type { ErrorCode, JobError, PlatterError } from '../../../app/contract/errors.ts';
import type { Content } from '../../../app/contract/facts.ts';
import type {
  DestinationProgress,
  DestinationResult,
  DestinationState,
  Endpoint,
  InterruptedJob,
  JobResult,
  Plan,
} from '../../../app/contract/jobs.ts';
import { defaultSettings } from '../../../app/contract/default-settings.ts';
import type { AppState, JobView, Review } from '../../../app/contract/window.ts';
import { failure as failing } from '../../../app/base/errors.ts';
import { reduce } from '../../../app/view/reduce-events.ts';
import { noPace } from '../../../app/view/time-left.ts';
import { asked } from '../../requests.ts';

export const GB = 1e9;

export function disk(path: string, more: Partial<Disk> = {}): Disk {
  return {
    path,
    majorMinor: `8:${path.charCodeAt(path.length - 1)}`,
    diskSequence: null,
    size: 64_023_257_088,
    logicalSector: 512,
    physicalSector: 512,
    model: 'SanDisk Ultra Fit',
    serial: `4C530001${path.slice(5).toUpperCase()}0716`,
    transport: 'usb',
    removable: true,
    rotational: false,
    readOnly: false,
    kind: 'disk',
    backingFile: null,
    mountedAt: [],
    system: false,
    fileSystem: null,
    label: null,
    partitionTable: null,
    signatures: [],
    partitions: [],
    port: null,
    ejectable: true,
    locked: null,
    ...more,
  };
}

export const systemDisk = disk('/dev/nvme0n1', {
  size: 512_110_190_592,
  model: 'Samsung SSD 980 PRO',
  serial: 'S5GXNX0T123456',
  transport: 'nvme',
  removable: false,
  mountedAt: ['/', '/boot/efi'],
  system: true,
  partitions: [
    { path: '/dev/nvme0n1p1', size: 536_870_912, label: 'EFI', fileSystem: 'vfat', mountedAt: ['/boot/efi'] },
    { path: '/dev/nvme0n1p2', size: 511_000_000_000, label: null, fileSystem: 'ext4', mountedAt: ['/'] },
  ],
  locked: { code: 'IS_SYSTEM', reason: { kind: 'isSystem' } },
});

export const mountedDisk = disk('/dev/sdx', {
  model: 'Kingston DataTraveler',
  mountedAt: ['/media/photos'],
  fileSystem: 'exfat',
  label: 'PHOTOS',
});

export const readOnlyDisk = disk('/dev/mmcblk0', {
  size: 31_914_983_424,
  model: 'SD32G',
  transport: 'mmc',
  readOnly: true,
  locked: { code: 'READ_ONLY', reason: { kind: 'writeProtected' } },
});

export const smallDisk = disk('/dev/sdy', { size: 4_004_511_744, model: 'Old stick' });

export const loopDisk = disk('/dev/loop7', {
  kind: 'loop',
  transport: 'loop',
  removable: false,
  model: null,
  serial: null,
  backingFile: '/home/me/lab/target.img',
  size: 1_073_741_824,
});

/** A socket of a hub, with the number of its bay when it has one. */
export const usbPort = (hub: number, port: number, bay: number | null = null): Port => ({
  path: `usb-0000:00:14.0-001-00${hub}-${String(port).padStart(3, '0')}`,
  sockets: [
    { kind: 'usbBus', number: '1' },
    { kind: 'hub', number: String(hub) },
    { kind: 'port', number: String(port) },
  ],
  bay: bay === null ? null : { number: bay, name: null },
});

/** The content of a stick. */
export const ext4 = (label: string, path = '/dev/sdb1'): Content => ({
  kind: 'labelled',
  fileSystem: 'ext4',
  label,
  path,
  size: 32e9,
});

/** n equal USB sticks in hubs of ten ports, /dev/sdb on. */
export const sticks = (n: number): Disk[] =>
  Array.from({ length: n }, (_, i) => {
    const [hub, port] = [Math.floor(i / 10) + 1, (i % 10) + 1];
    return disk(i < 25 ? `/dev/sd${String.fromCharCode(98 + i)}` : `/dev/sda${String.fromCharCode(72 + i)}`, {
      port: usbPort(hub, port),
    });
  });

export const appState = (more: Partial<AppState> = {}): AppState => ({
  elevating: false,
  reading: null,
  slow: null,
  disks: [],
  disksError: null,
  hotplugError: null,
  review: null,
  joining: null,
  station: null,
  job: null,
  drives: [],
  interrupted: [],
  interruptedError: null,
  opened: null,
  download: null,
  left: [],
  recent: [],
  openImages: [],
  record: null,
  recordError: null,
  settings: defaultSettings,
  language: 'en',
  settingsError: null,
  ...more,
});

export const endpoint = (from: Disk, more: Partial<Endpoint> = {}): Endpoint => ({
  path: from.path,
  realPath: from.path,
  kind: 'block',
  size: from.size,
  model: from.model,
  serial: from.serial,
  majorMinor: from.majorMinor,
  diskSequence: from.diskSequence,
  port: from.port,
  logicalSector: from.logicalSector,
  contents: [],
  mounts: [],
  overwrites: true,
  ...more,
});

export const imageEndpoint = (path: string, size: number, more: Partial<Endpoint> = {}): Endpoint => ({
  path,
  realPath: path,
  kind: 'file',
  size,
  model: null,
  serial: null,
  majorMinor: null,
  diskSequence: null,
  port: null,
  logicalSector: 512,
  contents: [],
  mounts: [],
  overwrites: false,
  ...more,
});

export const plan = (destinations: Endpoint[], more: Partial<Plan> = {}): Plan => ({
  kind: 'copy',
  name: null,
  source: imageEndpoint('/home/me/images/station-42.img', 31_914_983_424),
  origin: null,
  destinations,
  bytes: 31_914_983_424,
  mapped: null,
  verify: true,
  io: 'uring',
  memory: 16 * 1024 * 1024,
  notes: [],
  job: '20261124-001500-a1b2c3',
  request: asked({ source: '/home/me/images/station-42.img', destinations: destinations.map(({ path }) => path) }),
  ...more,
});

/** A plan that waits for consent. */
export const review = (of: Plan, id = 'review'): Review => ({ id, plan: of });

/** A plan for an interrupted job, as `resume` gives it. */
export const resumePlan = (destinations: Endpoint[]): Plan =>
  plan(destinations, {
    kind: 'resume',
    request: asked({ kind: 'resume', job: '20261124-001500-a1b2c3' }),
  });

/** A job that wrote 40 % of each of its drives before it was cut short. */
export const interrupted = (paths: string[], more: Partial<InterruptedJob> = {}): InterruptedJob => ({
  id: '20261124-001500-a1b2c3',
  name: null,
  startedAt: Date.now() - 60_000,
  source: '/home/me/images/station-42.img',
  destinations: paths.map((path) => ({
    path,
    model: 'SanDisk Ultra Fit',
    serial: 'A0716',
    durable: 0.4 * 31_914_983_424,
    finished: false,
    part: null,
  })),
  bytes: 31_914_983_424,
  damaged: false,
  ...more,
});

/** A plain copy of `plan.bytes`, read back, unless told otherwise. */
export const progress = (
  of: Plan,
  state: DestinationState,
  path: string,
  more: Partial<DestinationProgress> = {},
): DestinationProgress => ({
  path,
  state,
  written: 0,
  verified: 0,
  uncompared: 0,
  toWrite: of.bytes,
  toVerify: of.verify ? of.bytes : 0,
  bytesPerSecond: 0,
  secondsLeft: null,
  paused: false,
  ...more,
});

/** A failure. `message` or `advice` replace its words in every language. */
export const failure = (
  code: ErrorCode,
  { message = `It is ${code}.`, advice, ...more }: Partial<PlatterError> = {},
): PlatterError =>
  failing({
    code,
    op: 'open',
    reason: { kind: 'said', text: message },
    ...(advice === undefined ? {} : { remedy: { kind: 'said', text: advice } }),
    ...more,
  });

/** A write error as the engine would word it. */
export function writeError(destination: number, device: string, more: Partial<JobError> = {}): JobError {
  const place = { offset: more.offset ?? 13_312_720_896, length: more.length ?? 4096 };
  const known = { op: 'write', device, ...place, errno: 'EIO', side: 'write', destination, ...more } as const;
  const what =
    known.side === 'verify'
      ? ({ what: 'verify', cause: { kind: 'otherThanSource' } } as const)
      : ({ what: 'write', cause: { kind: 'medium' } } as const);
  const reason = more.message === undefined ? { reason: { kind: 'failedAt', place, ...what } as const } : {};
  return { ...known, ...failure(more.code ?? 'MEDIUM_ERROR', { ...reason, ...known }) };
}

/** A job whose destinations are at the given samples. */
export function job(of: Plan, samples: Partial<DestinationProgress>[], more: Partial<JobView> = {}): JobView {
  const destinations = of.destinations.map(({ path }, i) => progress(of, 'copying', path, samples[i]));
  return {
    plan: of,
    startedAt: 1_700_000_000_000,
    phase: 'running',
    progress: {
      bytes: Math.max(0, ...destinations.map(({ written }) => written)),
      totalBytes: of.bytes,
      seconds: 300,
      destinations,
      rescue: null,
    },
    errors: [],
    result: null,
    failure: null,
    throttle: of.request.throttle,
    destinationThrottles: of.destinations.map(() => null),
    paces: of.destinations.map(() => noPace),
    ...more,
  };
}

/** `running` after its engine host has failed. */
export const broken = (running: JobView, ended = failure('HOST_FAILED')): JobView =>
  reduce(running, { event: 'failure', failure: ended });

/** The end of the destination at `index`: verified and all written, unless told otherwise. */
export const end = (of: Plan, index: number, more: Partial<DestinationResult> = {}): DestinationResult => ({
  path: of.destinations[index]!.path,
  state: 'done',
  verified: true,
  uncompared: 0,
  written: of.bytes,
  kept: 0,
  seconds: 60,
  errors: [],
  ...more,
});

/** The engine's result for destinations with these ends. */
export const result = (of: Plan, ends: JobResult['destinations'], more: Partial<JobResult> = {}): JobResult => ({
  readErr: 0,
  writeErr: ends.reduce((mask, { state }, i) => (state === 'failed' ? mask | (1 << i) : mask), 0),
  seconds: 754,
  bytes: of.bytes,
  cancelled: false,
  sourceWritten: false,
  errors: [],
  destinations: ends,
  manifest: null,
  rescue: null,
  notes: [],
  ...more,
});

/** Samples of a batch half way: some verified, one failed, the rest running. */
export function midway(of: Plan): Partial<DestinationProgress>[] {
  const total = of.bytes;
  return of.destinations.map((_, i) => {
    if (i === 2) return { state: 'failed', written: total * 0.41 };
    const step = i % 8;
    if (step < 3) return { state: 'done', written: total, verified: total };
    if (step === 3) return { state: 'flushing', written: total, secondsLeft: 190 };
    if (step < 6)
      return {
        state: 'verifying',
        written: total,
        verified: total * (0.83 - step * 0.07),
        bytesPerSecond: 96.4e6,
        secondsLeft: 40 * step,
      };
    return {
      state: 'copying',
      written: total * (0.9 - 0.07 * step),
      bytesPerSecond: 31.4e6 - step * 1e6,
      secondsLeft: 35 * step,
    };
  });
}
