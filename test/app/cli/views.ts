// Job views as values, for tests of their output.
import type { Screen } from '../../../app/cli/output/job-lines.ts';
import { plain } from '../../../app/cli/output/text.ts';
import type { JobError } from '../../../app/contract/errors.ts';
import type {
  DestinationProgress,
  DestinationResult,
  DestinationState,
  Endpoint,
  JobResult,
  Plan,
} from '../../../app/contract/jobs.ts';
import type { JobView } from '../../../app/contract/window.ts';
import { reduce, type JobEvent } from '../../../app/view/reduce-events.ts';
import { asked } from '../../requests.ts';

export const GB = 1e9;

export const endpoint = (path: string, facts: Partial<Endpoint> = {}): Endpoint => ({
  path,
  realPath: path,
  kind: 'block',
  size: 64 * GB,
  model: 'SanDisk Ultra',
  serial: '4C530001',
  majorMinor: '8:16',
  diskSequence: 7,
  port: null,
  logicalSector: 512,
  contents: [],
  mounts: [],
  overwrites: true,
  ...facts,
});

export const plan = (paths: string[], facts: Partial<Plan> = {}): Plan => ({
  kind: 'copy',
  name: null,
  source: endpoint('disk.img', { kind: 'file' }),
  origin: null,
  destinations: paths.map((path) => endpoint(path)),
  bytes: 64 * GB,
  mapped: null,
  verify: true,
  io: 'uring',
  memory: 4 << 20,
  notes: [],
  job: null,
  request: asked({ source: 'disk.img', destinations: paths.length === 0 ? ['a'] : paths }),
  ...facts,
});

export const progress = (
  path: string,
  state: DestinationState,
  facts: Partial<DestinationProgress> = {},
): DestinationProgress => ({
  path,
  state,
  written: 0,
  verified: 0,
  uncompared: 0,
  toWrite: 64 * GB,
  toVerify: 64 * GB,
  bytesPerSecond: 0,
  secondsLeft: null,
  paused: false,
  ...facts,
});

export const mediumError: JobError = {
  side: 'write',
  destination: 1,
  code: 'MEDIUM_ERROR',
  op: 'write',
  device: '/dev/sdc',
  offset: 12 * GB,
  length: 512,
  errno: 'EIO',
  reason: { kind: 'failedAt', what: 'write', place: { offset: 12 * GB, length: 512 }, cause: { kind: 'medium' } },
  remedy: { kind: 'MEDIUM_ERROR' },
  message: 'Write failed at 12.0 GB (sector 23437500): the drive reported a medium error.',
  advice: 'Replace this drive; the others go on.',
};

export const result = (destinations: DestinationResult[], facts: Partial<JobResult> = {}): JobResult => ({
  readErr: 0,
  writeErr: 0,
  seconds: 10,
  bytes: 64 * GB,
  cancelled: false,
  errors: [],
  destinations,
  manifest: null,
  rescue: null,
  sourceWritten: false,
  notes: [],
  ...facts,
});

export const ended = (
  path: string,
  state: DestinationResult['state'],
  verified: boolean | null,
  errors: JobError[] = [],
): DestinationResult => ({
  path,
  state,
  verified,
  uncompared: 0,
  written: state === 'done' ? 64 * GB : 0,
  kept: 0,
  seconds: 10,
  errors,
});

export const plainScreen = (width: number): Screen => ({ width, height: Infinity, paint: plain, unicode: true });

export const play = (view: JobView, ...events: JobEvent[]): JobView => events.reduce(reduce, view);

export const sample = (
  view: JobView,
  destinations: DestinationProgress[],
  facts: Partial<JobView['progress']> = {},
): JobEvent => ({ event: 'progress', progress: { ...view.progress, destinations, ...facts } });
