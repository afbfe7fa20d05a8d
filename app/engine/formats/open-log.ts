// Reads job logs in the calling thread: the reading thread, or the command line's.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { fileSource } from '../../base/byte-source.ts';
import type { JobResult } from '../../contract/jobs.ts';
import { checkPlainFile } from '../../base/durable-file.ts';
import { errnoOf, failureOf, Refusal } from '../../base/errors.ts';
import { bytesOf } from './chunk-sets.ts';
import { decodeLog, JobLogError, type JobLog, type ReadLog } from './job-records.ts';

/** A log in the state folder. */
export interface LoggedJob {
  /** "20261123-235959-a1b2c3", in UTC. */
  id: string;
  path: string;
}

/** A log of the largest job has 1 GiB of hashes; the rest is for the records of its flushes. */
const MAX_LOG_BYTES = 2 ** 31 - 1;

/** The progress of a job according to its log. */
export interface JobSummary extends Pick<JobLog, 'header' | 'states' | 'damage'> {
  id: string;
  path: string;
  /** Bytes on the medium of each destination. */
  durable: number[];
  /** The job has ended, though one of its destinations may be unfinished. */
  closed: boolean;
  /** It ended because its source is damaged or not the file that it has to be, so no destination can be finished. */
  sourceWrong: boolean;
}

/**
 * Summaries of logs, in order, read in this thread; null for a log that cannot be read. Holds the bitmaps of one log at
 * a time.
 */
export const summarize = (jobs: readonly LoggedJob[]): (JobSummary | null)[] =>
  jobs.map(({ id, path }) => {
    try {
      const { header, durable, states, damage, closed } = openLog(path, 'progress').log;
      return {
        id,
        path,
        header,
        states,
        damage,
        closed: closed !== null,
        sourceWrong: hadWrongSource(closed),
        durable: durable.map((set) => bytesOf(set, header)),
      };
    } catch (error) {
      if (error instanceof Refusal) return null; // an unreadable log cannot be continued
      throw error;
    }
  });

/** True when a job with this result cannot be continued, because its source file is bad and stays bad. */
export const hadWrongSource = (closed: JobResult | null): boolean =>
  closed?.errors.some(({ code }) => code === 'BAD_IMAGE') ?? false;

/**
 * Reads a log in this thread, which takes seconds for a job of many terabytes. 'progress' keeps no hashes. Throws a
 * JobLogError when its header cannot be read or contradicts itself, a Refusal when the file cannot be read.
 */
export function openLog(path: string, want: 'all' | 'progress' = 'all'): ReadLog {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(descriptor);
      checkPlainFile(stats, path, MAX_LOG_BYTES);
      return decodeLog(fileSource(descriptor, stats.size), want);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof JobLogError) throw new JobLogError(error.errors[0]!.reason, path, error.errors[0]!.remedy);
    throw errnoOf(error) === null ? error : new Refusal([failureOf(error, 'read', path, 'file')]);
  }
}
