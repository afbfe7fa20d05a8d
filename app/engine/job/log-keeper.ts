// Keeps the log of a running job. A log that cannot be written does not stop the copy: the user is told, and the job
// cannot be resumed.
import type { Note } from '../../contract/facts.ts';
import type { DestinationResult, Endpoint, JobResult } from '../../contract/jobs.ts';
import { isLogged, writes } from '../../contract/request-facts.ts';
import { Answers } from '../../base/slow-answers.ts';
import { chunksIn, isEmpty } from '../formats/chunk-sets.ts';
import { errnoOf, hasStalled, reasonOf, Refusal } from '../../base/errors.ts';
import { bornAt } from '../admission/images.ts';
import {
  isSettled,
  JobLogWriter,
  listJobs,
  pruneJobs,
  removeJob,
  summaries,
  type DurableRange,
  type JobLogHeader,
  type LoggedEnd,
} from '../formats/job-log.ts';
import { isSameEnd, loggedEnd, writtenWith } from '../admission/logged-end.ts';
import { openId } from '../devices/file-ids.ts';
import type { ChunkRange, NativeDevice } from '../native/addon.ts';
import { holdLogBy, type Run } from './run.ts';
import { holdLog, type Resumed } from '../admission/resume.ts';

/** The log of one job, or of none. */
export class LogKeeper {
  /** Why the log could not be written; null when it could. */
  problem: Note | null = null;
  readonly #writer: JobLogWriter | null;
  readonly #run: Run;
  /** The index in the log of each destination of the job. */
  readonly #indices: number[];
  /** The job has every destination of its log. */
  readonly #whole: boolean;
  readonly #answers: Answers;
  /** The log's file system timed out: do not write there again. */
  #silent = false;
  /** The log is worth keeping: something is on a medium, or an existing image has lost its name. */
  #worth: boolean;

  private constructor(run: Run, writer: JobLogWriter | null) {
    this.#run = run;
    this.#writer = writer;
    this.#answers = new Answers(run.request.stallTimeout, () => undefined);
    const { resumed } = run;
    this.#whole = resumed === null || isBegunAnew(resumed) || resumed.indices.length === resumed.log.states.length;
    this.#indices =
      resumed === null || isBegunAnew(resumed) ? run.destinations.map((_, index) => index) : [...resumed.indices];
    this.#worth =
      run.destinations.some(({ updated, end }) => updated && end.image !== null) ||
      (resumed?.durable.some((durable) => !isEmpty(durable)) ?? false);
  }

  /**
   * Begins or continues the log of a job whose images are made. First withdraws what other logs claim of its
   * destinations. A state folder that times out counts as one that cannot be written.
   */
  static async begin(run: Run, answers: Answers): Promise<LogKeeper> {
    const problems: Note[] = [];
    const writer = await trying(problems, async () => {
      if (run.stateDir !== null) await answers.of(run.stateDir, withdrawElsewhere(run, endsOf(run)));
      if (run.log === null) return null;
      return answers.of(run.log.dir, open(run), 'file', (late) => void trying([], () => late.abandon()));
    });
    const keeper = new LogKeeper(run, writer ?? null);
    keeper.problem = problems[0] ?? null;
    return keeper;
  }

  /**
   * Adds a destination that has joined the job, after withdrawing what other logs claim of it. Wait for this before
   * writing it.
   */
  async addDestination(endpoint: Endpoint): Promise<void> {
    const destination = this.#run.destinations.length - 1;
    const { end } = this.#run.destinations[destination]!;
    const dir = this.#run.stateDir;
    if (dir !== null && !this.#silent)
      await this.#trying(dir, () => withdrawElsewhere(this.#run, [loggedEnd(endpoint, end), ...writtenWith(end)]));
    this.#indices.push(this.#writer?.destinations ?? destination);
    await this.#write((writer) => writer.join(loggedEnd(endpoint, end)));
  }

  /** Records chunks that were written and then flushed. */
  durable(ranges: readonly DurableRange[]): Promise<void> {
    if (ranges.length === 0) return Promise.resolve();
    this.#worth = true;
    return this.#write((writer) =>
      writer.allDurable(ranges.map((range) => ({ ...range, destination: this.#indices[range.destination]! }))),
    );
  }

  /** Withdraws chunks that are bad or will be written next. Wait for this before writing them. */
  async withdrawn(destination: number, ranges: readonly ChunkRange[]): Promise<void> {
    for (const { first, count } of ranges)
      await this.#write((writer) => writer.withdraw(this.#indices[destination]!, first, count));
  }

  /** Records the end of a destination. */
  state(destination: number, state: DestinationResult['state'], verified: boolean | null): Promise<void> {
    return this.#write((writer) => writer.state(this.#indices[destination]!, { state, verified }));
  }

  /** Closes the log of an ended job, and removes it when it is of no more use. */
  async close(result: JobResult): Promise<void> {
    const { log, resumed } = this.#run;
    await this.#write((writer) => (this.#whole ? writer.close(result) : writer.abandon()));
    const complete = result.destinations.every(({ state }) => state === 'done') && (resumed?.leftOut ?? 0) === 0;
    const writer = this.#writer;
    if (log === null || writer === null || this.#silent) return;
    // Only the log tells the next job whose NAME.part it is.
    const leavesPart = this.#run.destinations.some(
      ({ end }, index) => end.image !== null && result.destinations[index]?.state !== 'done',
    );
    const worth = this.#worth || leavesPart;
    await this.#trying(writer.path, async () => {
      if (!worth || (complete && !this.#whole)) await removeJob(log.dir, writer.id);
      await pruneJobs(log.dir);
    });
  }

  async #write(act: (writer: JobLogWriter) => Promise<void>): Promise<void> {
    const writer = this.#writer;
    if (writer === null || this.problem !== null) return;
    await this.#trying(writer.path, () => act(writer));
    // A write in flight may still end, so abandon the log without waiting.
    if (this.#silent) void trying([], () => writer.abandon());
  }

  /** Runs `act` on the file `path` until it times out. Its failure becomes the problem. */
  async #trying(path: string, act: () => Promise<void>): Promise<void> {
    const problems: Note[] = [];
    await trying(problems, async () => {
      try {
        await this.#answers.of(path, act());
      } catch (error) {
        this.#silent ||= error instanceof Refusal && hasStalled(error.errors);
        throw error;
      }
    });
    this.problem ??= problems[0] ?? null;
  }
}

async function open(run: Run): Promise<JobLogWriter> {
  const { log, resumed } = run;
  if (resumed === null || isBegunAnew(resumed)) {
    const writer = await JobLogWriter.create(log!.dir, await headerOf(run), log!.id);
    // Destinations that are left out still need the old log.
    if (resumed?.leftOut === 0) await removeJob(log!.dir, resumed.id);
    // The old log was damaged: hold the new one instead.
    holdLogBy(run, await lockOf(run, writer.path));
    return writer;
  }
  const { writer, log: before } = await JobLogWriter.reopen(log!.dir, log!.id);
  // Destinations that were done or replaced keep their end.
  for (const [index, state] of resumed.log.states.entries()) {
    if (state !== null && isSettled(state) && before.states[index] === null) await writer.state(index, state);
  }
  return writer;
}

/** Nothing in a damaged log counts, and nothing can be added to it. */
const isBegunAnew = ({ log }: Resumed): boolean => log.damage === 'corrupt';

/** Locks a log, which marks its job as running. */
function lockOf({ addon }: Run, path: string): Promise<NativeDevice> {
  return addon.openDevice(path, { write: true, exclusive: true });
}

async function headerOf({ request, source, destinations, plan, grid, addon }: Run): Promise<JobLogHeader> {
  if (!isLogged(request)) throw new TypeError('a job that only compares keeps no log');
  const ends = await Promise.all(
    plan.destinations.map(async (endpoint, index): Promise<LoggedEnd> => {
      const { end, device } = destinations[index]!;
      // An image has no identity until it is made.
      const made =
        end.image === null || device === null ? {} : { id: openId(device.info()), born: await bornAt(addon, device) };
      return loggedEnd(endpoint, { ...end, ...made });
    }),
  );
  return {
    request,
    source: source === null ? null : loggedEnd(plan.source!, source.end),
    destinations: ends,
    chunkSize: grid.chunkSize,
    bytes: grid.bytes,
    startedAt: Date.now(),
    maps: (source?.signs ?? []).flatMap(({ offset, sha256 }) => (sha256 === null ? [] : [{ offset, sha256 }])),
  };
}

/** Everything that another log could name of what a job writes. */
const endsOf = ({ plan, destinations }: Run): LoggedEnd[] =>
  plan.destinations.flatMap((endpoint, index) => {
    const { end } = destinations[index]!;
    return [loggedEnd(endpoint, end), ...writtenWith(end)];
  });

/**
 * Takes the destinations that this job writes, `mine`, away from the interrupted jobs that had not finished them: what they
 * would write is not wanted there any more. Their logs stay, and say so to whoever resumes them.
 */
async function withdrawElsewhere(run: Run, mine: readonly LoggedEnd[]): Promise<void> {
  if (!writes(run.request.kind) || run.stateDir === null) return;
  const dir = run.stateDir;
  const others = (await listJobs(dir)).filter(({ id }) => id !== run.resumed?.id);
  for (const summary of await summaries(others)) {
    if (summary === null) continue; // unreadable, so it claims nothing
    const { id, path, header, states, durable, damage } = summary;
    const taken = header.destinations.flatMap((end, index) =>
      !isSettled(states[index]) && mine.some((one) => isSameEnd(one, end)) ? [index] : [],
    );
    if (taken.length === 0) continue;
    const lock = await holdLog(run.addon, path);
    // A running job holds its destinations, so they only look like these. Leave its log alone.
    if (lock === 'running' || lock === 'absent') continue;
    try {
      // Nothing can be added to a damaged log.
      if (damage === 'corrupt' && taken.length === states.length) await removeJob(dir, id);
      const writer = damage === 'corrupt' ? null : await reopened(dir, id);
      if (writer === null) continue;
      for (const [index, state] of states.entries())
        if (state !== null && !taken.includes(index)) await writer.state(index, state);
      for (const index of taken) {
        if (durable[index] !== 0) await writer.withdraw(index, 0, chunksIn(header));
        await writer.state(index, { state: 'replaced', verified: null });
      }
      await writer.abandon();
    } finally {
      lock.close();
    }
  }
}

/** Reopens a log for writing. null when it is damaged: then it claims nothing that could be withdrawn. */
async function reopened(dir: string, id: string): Promise<JobLogWriter | null> {
  try {
    return (await JobLogWriter.reopen(dir, id)).writer;
  } catch (error) {
    if (error instanceof Refusal && error.errors[0]?.code === 'BAD_FILE') return null;
    throw error;
  }
}

/** Runs `act`. A Refusal or a system error becomes a note in `problems`. */
async function trying<T>(problems: Note[], act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Refusal) && errnoOf(error) === null) throw error;
    problems.push({ kind: 'logNotWritten', reason: reasonOf(error) });
    return undefined;
  }
}
