// Continuing an interrupted job: what its log says, which devices it means, and whether they still hold what it says.
import type { PlatterError } from '../../contract/errors.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import type { InterruptedJob } from '../../contract/jobs.ts';
import { isWrittenWhole } from '../../contract/image-formats.ts';
import { bmapOf, downloadedFrom, imageFormatOf, rescueOf, withBmap } from '../../contract/request-facts.ts';
import type { LoggedRequest, ResumeRequest } from '../../contract/request.ts';
import type { Blocks } from '../devices/block-devices.ts';
import { intersection, bytesOf, chunksIn, isEmpty, noChunks, sampleOf, type Grid } from '../formats/chunk-sets.ts';
import { markChunks } from '../formats/chunks.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { errnoOf, failure, failureOf, nullIfRefused, Refusal, refuse } from '../../base/errors.ts';
import type { End, Found, HeldEnd } from '../devices/ends.ts';
import { inspectDestination, inspectExisting, inspectRepaired, partOf } from '../devices/inspect-paths.ts';
import { jobError } from '../native/errors.ts';
import {
  hadWrongSource,
  isSettled,
  jobPath,
  listJobs,
  readJobLog,
  summaries,
  type JobLog,
  type JobLogHeader,
  type JobSummary,
  type LoggedEnd,
} from '../formats/job-log.ts';
import { bmapFor } from '../unpacking/bmap-file.ts';
import { inspectSource } from '../unpacking/disk-folder.ts';
import { sourceFor } from '../unpacking/packed-source.ts';
import { difference, isSameEnd, isThatFile, mayBeThatFile, pathNow } from './logged-end.ts';
import type { NativeAddon, NativeClient, NativeDevice } from '../native/addon.ts';

/** Chunks of each end that are read again before anything is written. */
const SAMPLES = 16;

/** An interrupted job that is about to go on. */
export interface Resumed {
  id: string;
  log: JobLog;
  /** The log's index of each destination that is continued. */
  indices: number[];
  /** The number of destinations that are not done and cannot be found. */
  leftOut: number;
  /**
   * The chunks known to be on the medium of each destination, and the source's hashes. Empty when the log is damaged.
   */
  durable: Uint8Array[];
  known: Uint8Array;
  hashes: Uint8Array;
}

/** What was found of an interrupted job. */
export interface FoundJob {
  resumed: Resumed;
  /** The original request, with the limits and memory of the current one. */
  request: LoggedRequest;
  source: Found;
  destinations: Found[];
  notes: Note[];
}

/**
 * Opens and locks the log of an interrupted job, so that nobody else continues it. Rejects with a Refusal when there is
 * no such job, it runs, or nothing of it is left.
 */
export async function openInterrupted(
  dir: string,
  id: string,
  addon: NativeAddon,
): Promise<{ log: JobLog; lock: NativeDevice }> {
  const path = jobPath(dir, id);
  const lock = await holdLog(addon, path);
  if (lock === 'absent') return refuse({ code: 'NOTHING_TO_DO', op: 'open', reason: { kind: 'noJob', id } });
  if (lock === 'running') return refuse({ code: 'IN_USE', op: 'open', reason: { kind: 'jobRuns', id } });
  try {
    const log = await readJobLog(path);
    if (toContinue(log).length === 0) return await refuseSettled(dir, id, log);
    if (!hadWrongSource(log.closed)) return { log, lock };
    return refuse({
      code: 'NOTHING_TO_DO',
      op: 'open',
      reason: { kind: 'sourceWasWrong', id },
      remedy: { kind: 'copyRightFile' },
    });
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Refuses to continue a job that has nothing left. Names the job that has written its destinations since, if any. */
async function refuseSettled(dir: string, id: string, log: JobLog): Promise<never> {
  const { header, states } = log;
  const [packed] = unfinished(log);
  if (packed !== undefined)
    return refuse({
      code: 'NOTHING_TO_DO',
      op: 'open',
      device: header.destinations[packed]!.path,
      reason: { kind: imageFormatOf(header.request).split === null ? 'packedImage' : 'splitWhole', job: 'resume' },
      remedy: { kind: 'newCopy' },
    });
  const taken = header.destinations.filter((_, index) => states[index]?.state === 'replaced');
  if (taken.length === 0) return refuse({ code: 'NOTHING_TO_DO', op: 'open', reason: { kind: 'nothingLeft', id } });
  const others = (await summaries(await listJobs(dir))).filter((other) => other !== null);
  const by = others.find((other) =>
    other.header.destinations.some(
      (end, index) => other.states[index]?.state !== 'replaced' && taken.some((one) => isSameEnd(one, end)),
    ),
  );
  return refuse({
    code: 'NOTHING_TO_DO',
    op: 'open',
    reason: by ? { kind: 'writtenByJob', id, by: by.id } : { kind: 'writtenByOthers', id },
    remedy: { kind: 'copyAgain' },
  });
}

/**
 * Finds the ends of an interrupted job on the machine as it is now. Leaves out missing destinations, unless all are
 * missing.
 */
export async function findEnds(
  id: string,
  log: JobLog,
  now: ResumeRequest,
  blocks: Blocks,
  answers: Answers,
): Promise<FoundJob> {
  const { header } = log;
  const logged = toContinue(log);
  const [source, ...found] = await Promise.all([
    header.source === null
      ? missingSource()
      : inspectSource(pathNow(header.source, blocks), blocks).then((file) =>
          sourceAgain(header.request, file, answers),
        ),
    ...logged.map((index) => destinationAgain(header.request, header.destinations[index]!, blocks)),
  ]);
  const here = logged.flatMap((index, place) =>
    isGone(found[place]!, header.destinations[index]!) || hasAnother(found[place]!, index, header)
      ? []
      : [{ index, found: found[place]! }],
  );
  const kept = here.length === 0 ? logged.map((index, place) => ({ index, found: found[place]! })) : here;
  const missing = logged
    .filter((index) => kept.every((one) => one.index !== index))
    .map((index) => header.destinations[index]!.path);
  const indices = kept.map(({ index }) => index);
  const damaged = log.damage === 'corrupt';
  return {
    resumed: {
      id,
      log,
      indices,
      leftOut: missing.length,
      durable: indices.map((index) => log.durable[index]!),
      known: log.known,
      hashes: log.hashes,
    },
    request: {
      ...header.request,
      // The limit of a single destination was for the first run.
      destinations: indices.map((index) => ({ path: header.request.destinations[index]!.path, throttle: null })),
      io: now.io,
      memory: now.memory,
      throttle: now.throttle,
      stallTimeout: now.stallTimeout,
      unmount: now.unmount,
    },
    source: header.source === null ? source : checked(source, (end) => difference(header.source!, end, true)),
    destinations: kept.map((one) =>
      checked(one.found, (end) => difference(header.destinations[one.index]!, end, false)),
    ),
    notes: [
      ...missing.map((path) => ({ kind: 'leftOut', path }) as const),
      ...header.destinations.flatMap(({ path }, index) =>
        log.states[index]?.state === 'replaced' ? [{ kind: 'writtenByOther', path } as const] : [],
      ),
      ...unfinished(log).flatMap((index): Note[] =>
        isWhole(header, index) ? [{ kind: 'packedLeftOut', path: header.destinations[index]!.path }] : [],
      ),
      ...(damaged ? [{ kind: 'logDamaged' } as const] : []),
    ],
  };
}

/** A logged destination, as it is on the machine now. */
function destinationAgain(request: LoggedRequest, logged: LoggedEnd, blocks: Blocks): Promise<Found> {
  const path = pathNow(logged, blocks);
  if (request.kind !== 'repair') return inspectDestination(path, blocks, imageFormatOf(request));
  return logged.kind === 'file'
    ? inspectRepaired(path, logged.realPath, (end) => mayBeThatFile(end, logged), blocks)
    : inspectExisting(path, blocks);
}

/** The destination is not there: no such path, a device without a medium, or neither an image nor its NAME.part. */
function isGone({ end, ...rest }: Found, logged: LoggedEnd): boolean {
  if (end === null) return 'error' in rest && rest.error.code === 'NOT_FOUND';
  return end.block !== null ? end.size === 0 : end.image !== null && end.image.partId === null && !isNamed(end, logged);
}

/** Finds the source again, with the block map that the job began with, if any. */
async function sourceAgain(request: LoggedRequest, file: Found, answers: Answers): Promise<Found> {
  if (file.end === null) return file;
  try {
    const bmap = await bmapFor(bmapOf(request) === 'beside' ? withBmap(request, 'none') : request, file.end, answers);
    return await sourceFor(request, file, bmap.file, answers);
  } catch (error) {
    if (error instanceof Refusal) return { end: null, error: error.errors[0]! };
    throw error;
  }
}

/** True when another drive of the job is where this one was: it joined in the place of this one, which is not there. */
const hasAnother = ({ end }: Found, index: number, { destinations }: JobLogHeader): boolean =>
  end?.block !== undefined &&
  end.block !== null &&
  difference(destinations[index]!, end, false) !== null &&
  destinations.some((other, place) => place > index && difference(other, end, false) === null);

const missingSource = (): Found => ({
  end: null,
  error: failure({ code: 'BAD_FILE', op: 'check', reason: { kind: 'noSourceInLog' } }),
});

/** The end as it was found, or CHANGED with the reason that `compare` gives. */
function checked(found: Found, compare: (end: End) => Reason | null): Found {
  const reason = found.end === null ? null : compare(found.end);
  if (reason === null) return found;
  const { path, kind } = found.end!;
  return {
    end: null,
    error: failure({
      code: 'CHANGED',
      op: 'check',
      device: path,
      reason,
      ...(kind === 'file' ? { remedy: { kind: 'newCopy' } } : {}),
    }),
  };
}

/** The destinations that can be continued. Only in a zstd can the frames that it has be found. */
const toContinue = (log: Pick<JobLog, 'states' | 'header'>): number[] =>
  unfinished(log).filter((index) => !isWhole(log.header, index));

/** True for an image in a format that has to be written as a whole. */
const isWhole = ({ request, destinations }: JobLogHeader, index: number): boolean =>
  isWrittenWhole(imageFormatOf(request), destinations[index]!);

/** The indices of the destinations that are not done, and that no other job has written since. */
export const unfinished = ({ states }: Pick<JobLog, 'states'>): number[] =>
  states.flatMap((state, index) => (isSettled(state) ? [] : [index]));

/**
 * Reads samples of the source and of what each destination should hold. Gives the errors of the ends that do not match
 * the log. Writes nothing.
 */
export async function sampleErrors(
  { log, durable, known, hashes }: Resumed,
  client: NativeClient,
  source: HeldEnd,
  destinations: readonly HeldEnd<NativeDevice | null>[],
): Promise<PlatterError[]> {
  const grid = { bytes: log.header.bytes, chunkSize: log.header.chunkSize };
  const ends = [
    { ...source, chunks: known },
    ...destinations.map((held, index) => ({
      ...held,
      chunks: inFile(intersection(durable[index]!, known), held, grid),
    })),
  ].flatMap(({ device, ...rest }) => (device === null || isEmpty(rest.chunks) ? [] : [{ ...rest, device }]));
  if (ends.length === 0) return [];
  const check = ends.map(({ chunks }) => sampleOf(chunks, SAMPLES, grid));
  const job = client.submit({
    op: 'compare',
    source: null,
    destinations: ends.map(({ device }) => device),
    offset: 0,
    length: grid.bytes,
    hashes,
    known,
    check,
    ignoreWrite: true,
    todo: ends.map(() => noChunks(grid)),
  });
  await job.done;
  const named = {
    kind: 'verify' as const,
    source: null,
    sourceIsFile: false,
    manifest: null,
    destinations: ends.map(({ end }) => ({ path: end.path, part: null })),
  };
  const told = new Set<number>();
  const entries = job.errors(0).sort((one, other) => one.destination - other.destination);
  return entries.flatMap((entry) => {
    if (entry.destination < 0 || told.has(entry.destination)) return [];
    const isSource = ends[entry.destination]!.end === source.end;
    // A rescue expects that its source cannot be read.
    if (isSource && entry.cause !== 'mismatch' && rescueOf(log.header.request) !== null) return [];
    told.add(entry.destination);
    const { side: _side, destination: _destination, ...error } = jobError(entry, named);
    if (entry.cause !== 'mismatch') return [error];
    return [
      failure({
        ...error,
        code: 'CHANGED',
        op: 'check',
        reason: { kind: isSource ? 'changedSince' : 'overwrittenSince' },
        remedy: { kind: 'newCopy' },
      }),
    ];
  });
}

/**
 * The `chunks` that lie within an image's file. Zeros at the end of a new image are not in the file until it is
 * complete; they are read back then.
 */
function inFile(chunks: Uint8Array, { device }: HeldEnd<NativeDevice | null>, grid: Grid): Uint8Array {
  if (device === null || device.info().kind === 'block') return chunks;
  const inside = chunks.slice();
  const whole = Math.floor(device.sizeNow() / grid.chunkSize);
  if (device.sizeNow() < grid.bytes) markChunks(inside, whole, chunksIn(grid) - whole, false);
  return inside;
}

/**
 * The interrupted jobs that could be continued, newest first. Skips logs that cannot be opened. Rejects with a Refusal
 * when the logs cannot be listed.
 */
export async function interruptedJobs(dir: string, addon: NativeAddon): Promise<InterruptedJob[]> {
  const found = [];
  for (const job of await listJobs(dir)) {
    const lock = await holdLog(addon, job.path).catch(nullIfRefused);
    if (lock === null || lock === 'running' || lock === 'absent') continue;
    lock.close();
    found.push(job);
  }
  return (await summaries(found)).flatMap((summary) =>
    summary !== null && toContinue(summary).length > 0 && !summary.sourceWrong ? [describe(summary)] : [],
  );
}

/** True when an image has its own name, although the log does not say so. Its content is checked later. */
export const isNamed = (end: End, logged: Pick<LoggedEnd, 'id' | 'born'>): boolean =>
  isThatFile(end, logged) || (end.lasting && mayBeThatFile(end, logged));

/**
 * The interrupted job whose log names the file at `image.part`; null when there is none. Rejects with a Refusal when
 * the logs cannot be listed.
 */
export async function leftByJob(dir: string, { realPath, image, lasting }: End): Promise<JobSummary | null> {
  const left = { id: image?.partId ?? null, born: image?.partBorn ?? null, lasting };
  const logs = (await summaries(await listJobs(dir))).filter((log) => log !== null);
  return (
    logs.find((log) =>
      unfinished(log)
        .map((index) => log.header.destinations[index]!)
        .some((logged) => logged.kind === 'file' && logged.realPath === realPath && isThatFile(left, logged)),
    ) ?? null
  );
}

function describe({ id, header, durable, states, damage }: JobSummary): InterruptedJob {
  return {
    id,
    name: header.request.name,
    startedAt: header.startedAt,
    source: downloadedFrom(header.request) ?? header.source?.path ?? '',
    bytes: header.bytes,
    damaged: damage === 'corrupt',
    // A drive that another job has written since is no longer a destination of this one.
    destinations: header.destinations.flatMap(({ path, realPath, kind, model, serial }, index) => {
      if (states[index]?.state === 'replaced') return [];
      const finished = states[index]?.state === 'done';
      const part = kind === 'file' && !finished ? partOf(realPath) : null;
      return [{ path, model, serial, durable: durable[index]!, finished, part }];
    }),
  };
}

/** Locks the log, as a running job does with its own. Rejects with a Refusal when it cannot be opened. */
export async function holdLog(addon: NativeAddon, path: string): Promise<NativeDevice | 'absent' | 'running'> {
  try {
    return await addon.openDevice(path, { write: true, exclusive: true });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return 'absent';
    if (errno === 'EBUSY') return 'running';
    throw new Refusal([failureOf(error, 'open', path, 'file')]);
  }
}

/** What is continued. */
export function resumeNote({ durable, log }: Resumed): Note {
  const began = log.header.startedAt;
  const there = durable.reduce((sum, one) => sum + bytesOf(one, log.header), 0);
  return there === 0 ? { kind: 'beginsAgain', began } : { kind: 'goesOn', began, there };
}
