// The job log records which chunks of each destination are on its medium, so that an interrupted job can be continued.
// There is one append-only file per job; every append is one write and one fdatasync. job-records.ts has its bytes.
// The caller keeps the order that makes the log true: first the data, then the flush of the destination, then the log.
import { randomInt } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JobResult } from '../../contract/jobs.ts';
import { readAside } from './read-aside.ts';
import { bitmapBytes, chunksOf, hasChunk, HASH_BYTES, markChunks } from './chunks.ts';
import { syncFolder } from '../../base/durable-file.ts';
import { errnoOf, failureOf, Refusal } from '../../base/errors.ts';
import { withJoined, type JobLogHeader, type LoggedEnd } from './job-header.ts';
import type { JobSummary, LoggedJob } from './open-log.ts';
import {
  encodeHeader,
  encodeRecord,
  isSettled,
  JobLogError,
  MAX_HASHED,
  type JobLog,
  type LoggedState,
  type LogRecord,
} from './job-records.ts';
import { thisProgram } from '../../base/program-name.ts';
import { makeFolder } from '../../base/state-folder.ts';

export type { JobLogHeader, LoggedEnd } from './job-header.ts';
export { hadWrongSource, openLog, summarize, type JobSummary, type LoggedJob } from './open-log.ts';
export { isSettled, JobLogError, type JobLog, type LoggedState } from './job-records.ts';

/** Hashes of consecutive chunks: 16 bytes each, with a byte for each, 1 when it is known. */
export interface ChunkHashes {
  hashes: Uint8Array;
  known: Uint8Array;
}

/** Consecutive chunks of a destination, and their hashes. */
export interface DurableRange {
  destination: number;
  first: number;
  count: number;
  made: ChunkHashes | null;
}

const NAME = /^(\d{8}-\d{6}-[0-9a-f]{6})\.log$/;

/**
 * Path of a job's log in the state folder `dir`. Throws a JobLogError when `id` is not a job id, so that no other path
 * can be named.
 */
export function jobPath(dir: string, id: string): string {
  if (!NAME.test(`${id}.log`)) throw new JobLogError({ kind: 'notAnId', id }, null, { kind: 'NOTHING_TO_DO' });
  return join(dir, 'jobs', `${id}.log`);
}

/**
 * The logs in the state folder `dir`, newest first; empty when there is no such folder. Throws a Refusal when it cannot
 * be read.
 */
export async function listJobs(dir: string): Promise<LoggedJob[]> {
  const entries = await readdir(join(dir, 'jobs'), { withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw new Refusal([failureOf(error, 'read', join(dir, 'jobs'), 'file')]);
  });
  // A link, a pipe or a folder is not a log, whatever its name.
  const ids = entries.flatMap((entry) => (entry.isFile() ? (NAME.exec(entry.name)?.[1] ?? []) : []));
  return ids
    .sort()
    .reverse()
    .map((id) => ({ id, path: jobPath(dir, id) }));
}

/**
 * Removes a job's log, durably: it is gone before the data it describes is overwritten. Throws a Refusal when that
 * fails.
 */
export async function removeJob(dir: string, id: string): Promise<void> {
  const path = jobPath(dir, id);
  try {
    await unlink(path);
    await syncFolder(join(dir, 'jobs'));
  } catch (error) {
    throw refusalOf(error, path);
  }
}

/**
 * Removes the logs of jobs that are closed or have nothing left, except those among the `keep` newest jobs. Rejects
 * with a Refusal.
 */
export async function pruneJobs(dir: string, keep = 100): Promise<void> {
  const old = (await listJobs(dir)).slice(keep);
  for (const summary of await summaries(old))
    if (summary !== null && (summary.closed || summary.states.every(isSettled))) await removeJob(dir, summary.id);
}

/** Summaries of logs, in order, read in the reading thread; null for a log that cannot be read. */
export const summaries = (jobs: readonly LoggedJob[]): Promise<(JobSummary | null)[]> =>
  jobs.length === 0 ? Promise.resolve([]) : readAside('summarize', jobs);

/**
 * The content of a log, read in the reading thread. Rejects with a Refusal when the file or its header cannot be read,
 * or the header contradicts itself.
 */
export const readJobLog = async (path: string): Promise<JobLog> => (await readAside('openLog', path)).log;

/**
 * Writes the log of one job. Each method resolves when its record is on the medium; records keep the order of the
 * calls. After a failed write nothing more is written, and every method rejects with the Refusal of that failure.
 */
export class JobLogWriter {
  readonly id: string;
  readonly path: string;
  readonly #file: FileHandle;
  #header: JobLogHeader;
  /** Chunks whose hashes are in the log. */
  readonly #known: Uint8Array;
  #chain: number;
  /** The last append. */
  #last: Promise<void> = Promise.resolve();

  private constructor(place: LoggedJob, file: FileHandle, header: JobLogHeader, known: Uint8Array, chain: number) {
    this.id = place.id;
    this.path = place.path;
    this.#file = file;
    this.#header = header;
    this.#known = known;
    this.#chain = chain;
  }

  /**
   * Creates a log in the state folder `dir`. The folder is created if missing; only its owner can read it. `id` names
   * the log, from `newJobId` when it had to be known earlier. Throws a JobLogError when `header` cannot be logged, a
   * Refusal when the file cannot be created.
   */
  static async create(dir: string, header: JobLogHeader, id = newJobId()): Promise<JobLogWriter> {
    const { bytes, chain } = encodeHeader({ ...header, program: header.program ?? thisProgram() });
    const path = jobPath(dir, id);
    try {
      await makeFolder(dirname(path));
      const file = await open(
        path,
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND,
        0o600,
      );
      const known = new Uint8Array(bitmapBytes(chunksOf(header.bytes, header.chunkSize)));
      const writer = new JobLogWriter({ id, path }, file, header, known, chain);
      await closingWhenThrown(file, async () => {
        await writer.#write(bytes);
        await syncFolder(dirname(path));
      });
      return writer;
    } catch (error) {
      throw refusalOf(error, path);
    }
  }

  /**
   * Reopens the log of an interrupted or ended job. Gives its content, with every destination reset to not ended, and a
   * writer that appends. The caller holds the destinations, so that no other process does the same. Rejects with a
   * Refusal: BAD_FILE when the log is corrupt (nothing in it counts; start a new one), or another code when it cannot
   * be written.
   */
  static async reopen(dir: string, id: string): Promise<{ writer: JobLogWriter; log: JobLog }> {
    const path = jobPath(dir, id);
    const { log, end, chain } = await readAside('openLog', path);
    if (log.damage === 'corrupt') throw new JobLogError({ kind: 'logDamaged' }, path);
    try {
      const file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW);
      const writer = new JobLogWriter({ id, path }, file, log.header, log.known.slice(), chain);
      await closingWhenThrown(file, async () => {
        await file.truncate(end);
        await writer.#append([{ type: 'resumed', at: Date.now() }]);
      });
      return { writer, log: { ...log, states: log.states.map(() => null), closed: null, damage: null } };
    } catch (error) {
      throw refusalOf(error, path);
    }
  }

  /**
   * Records that chunks [first, first + count) of a destination are durable. `made` are their hashes, where known;
   * hashes already in the log are not written again. null: no hashes (holes of a rescue). Throws a RangeError for
   * chunks or a destination outside the job.
   */
  durable(destination: number, first: number, count: number, made: ChunkHashes | null): Promise<void> {
    return this.allDurable([{ destination, first, count, made }]);
  }

  /** Records several ranges, of one or more destinations, in one append. */
  allDurable(ranges: readonly DurableRange[]): Promise<void> {
    return this.#append(ranges.flatMap((range) => this.#durableRecords(range)));
  }

  /** Call this before a destination's chunks are written again: they do not count until they are durable again. */
  withdraw(destination: number, first: number, count: number): Promise<void> {
    this.#check(destination, first, count);
    return this.#append(count === 0 ? [] : [{ type: 'withdrawn', destination, first, count }]);
  }

  /** The number of destinations so far. */
  get destinations(): number {
    return this.#header.destinations.length;
  }

  /** Adds a destination at the end. */
  join(destination: LoggedEnd): Promise<void> {
    this.#header = withJoined(this.#header, destination);
    return this.#append([{ type: 'joined', destination }]);
  }

  /** Records the end of a destination. */
  state(destination: number, { state, verified }: LoggedState): Promise<void> {
    this.#check(destination, 0, 0);
    return this.#append([{ type: 'state', destination, state, verified }]);
  }

  /** Records the end of the job with its result, as the last record. Closes the file, even when that fails. */
  async close(result: JobResult): Promise<void> {
    try {
      await this.#append([{ type: 'closed', result }]);
    } finally {
      await this.#file.close();
    }
  }

  /** Leaves the log as that of an interrupted job, once pending appends are done. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#last]);
    await this.#file.close();
  }

  #durableRecords({ destination, first, count, made }: DurableRange): LogRecord[] {
    this.#check(destination, first, count);
    if (made !== null && (made.known.length !== count || made.hashes.length !== count * HASH_BYTES)) {
      throw new RangeError(`${made.known.length} hashes for ${count} chunks`);
    }
    const isNew = (index: number): boolean =>
      made !== null && made.known[index] === 1 && !hasChunk(this.#known, first + index);
    const records: LogRecord[] = [];
    for (let index = 0; index < count;) {
      const begin = index;
      const hashed = isNew(begin);
      while (index < count && isNew(index) === hashed && (!hashed || index - begin < MAX_HASHED)) index += 1;
      const hashes = hashed ? made!.hashes.subarray(begin * HASH_BYTES, index * HASH_BYTES) : null;
      records.push({ type: 'durable', destination, first: first + begin, count: index - begin, hashes });
      if (hashed) markChunks(this.#known, first + begin, index - begin, true);
    }
    return records;
  }

  #check(destination: number, first: number, count: number): void {
    const { destinations, bytes, chunkSize } = this.#header;
    if (destinations[destination] === undefined) throw new RangeError(`the job has no destination ${destination}`);
    const counts = [first, count].every((value) => Number.isInteger(value) && value >= 0);
    if (!counts || first + count > chunksOf(bytes, chunkSize))
      throw new RangeError(`the job has no chunks ${first} to ${first + count - 1}`);
  }

  #append(records: readonly LogRecord[]): Promise<void> {
    const pieces: Buffer[] = [];
    let chain = this.#chain;
    for (const record of records) {
      const encoded = encodeRecord(record, chain);
      pieces.push(encoded.bytes);
      chain = encoded.chain;
    }
    this.#chain = chain;
    return pieces.length === 0 ? this.#last : this.#write(Buffer.concat(pieces));
  }

  /** Appends after the pending records. Nothing is written after a failed one, because it could not be read. */
  #write(bytes: Buffer): Promise<void> {
    this.#last = this.#last.then(async () => {
      try {
        const { bytesWritten } = await this.#file.write(bytes);
        if (bytesWritten < bytes.length) throw new NoSpace(`${bytesWritten} of ${bytes.length} bytes were written`);
        await this.#file.datasync();
      } catch (error) {
        throw refusalOf(error, this.path);
      }
    });
    return this.#last;
  }
}

/** A write to a file that ends early means that the file system is full. */
class NoSpace extends Error {
  readonly code = 'ENOSPC';
}

async function closingWhenThrown(file: FileHandle, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A new name for a log. Sorting by name sorts by time. */
export const newJobId = (): string => timedId(Date.now());

/**
 * The id for another time, in milliseconds since the epoch. Of its last six digits, the first ten bits are the
 * milliseconds and the others are random, so ids sort by time.
 */
export function timedId(at: number): string {
  const time = new Date(at).toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const rest = (Math.floor(at) % 1000) * 2 ** 14 + randomInt(2 ** 14);
  return `${time}-${rest.toString(16).padStart(6, '0')}`;
}

/** Turns a system error into a Refusal. Returns any other error unchanged. */
function refusalOf(error: unknown, path: string): unknown {
  return errnoOf(error) === null ? error : new Refusal([failureOf(error, 'write', path, 'file')]);
}
