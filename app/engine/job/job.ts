// A running job: sends its destinations on their courses, passes on what the user wants meanwhile (stop, pause, slower,
// retry), and gives the result.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Attempts } from './attempts.ts';
import { ChunkRecord } from './chunk-record.ts';
import { closeJob } from './finish-job.ts';
import { finish } from './finish-destination.ts';
import { JobControls } from './controls.ts';
import { CourseJob } from './course-job.ts';
import { retryCourse, startCourse } from './choose-course.ts';
import { DestinationTotals } from './destination-totals.ts';
import type { Held } from '../admission/prepared.ts';
import type { Plan } from '../../contract/jobs.ts';
import type { Waiting } from '../../base/slow-answers.ts';
import type { JobParts } from './job-parts.ts';
import type { LogKeeper } from './log-keeper.ts';
import { Passes } from './passes.ts';
import { Reports, type Emit } from './reports.ts';
import { Joins } from './join.ts';
import { Retries } from './retry.ts';
import { releaseRun, type Run } from './run.ts';
import { progressOf, whileSampling } from './sampling.ts';

/** One job from its start to its result. */
export class Job {
  /** Resolves when the result was given and everything is closed; rejects when the engine itself failed. */
  readonly ended: Promise<void>;
  readonly run: Run;
  readonly #parts: JobParts;
  readonly #controls: JobControls;
  readonly #retries: Retries;
  readonly #joins: Joins;
  readonly #emit: Emit;
  readonly #startedAt = performance.now();
  /** A fault in this program, which ends the job without a result. */
  #fault: { error: unknown } | null = null;

  /**
   * Starts the job on what `begin` opened. Its events begin in a later turn of the event loop, after the caller could
   * answer.
   */
  constructor(run: Run, log: LogKeeper, emit: Emit) {
    this.run = run;
    this.#emit = emit;
    this.#controls = new JobControls(run);
    const records = {
      record: new ChunkRecord(run, log),
      totals: run.destinations.map(() => new DestinationTotals()),
      reports: new Reports(run, emit, (destination) => this.cancel(destination)),
    };
    this.#parts = {
      ...records,
      run,
      passes: new Passes(run, this.#controls, records),
      attempts: new Attempts(),
      cancelled: false,
      rescue: null,
    };
    this.#joins = new Joins(this.#parts, this.#controls, emit, (destination) => this.#retry(destination));
    this.#retries = new Retries(this.#parts, (destination) => this.#retry(destination));
    this.ended = this.#run();
  }

  /**
   * Stops the job (null) or one destination: what is in flight ends, the devices are flushed, the result says which
   * were cut short.
   */
  cancel(destination: number | null): void {
    const { totals, attempts, passes } = this.#parts;
    if (destination === null) {
      this.#parts.cancelled = true;
      this.#joins.close();
      this.run.source?.unpacking?.giveUp();
    }
    for (const one of destination === null ? totals : [totals[destination]])
      if (one?.end === null) one.cancelled = true;
    attempts.stopWaiting(destination);
    this.#retries.cancel(destination);
    for (const pass of passes.running) pass.cancel(destination);
  }

  /** Starts no new work for the job (null) or a destination until it is told to go on; what is in flight ends. */
  pause(destination: number | null, paused: boolean): void {
    this.#controls.pause(destination, paused);
    for (const pass of this.#parts.passes.running) pass.pause(destination, paused);
  }

  /** Limits the job (null) or a destination to so many bytes per second from now on; null for no limit. */
  throttle(destination: number | null, bytesPerSecond: number | null): void {
    const limit = this.#controls.throttle(destination, bytesPerSecond);
    for (const pass of this.#parts.passes.running) pass.throttle(destination, limit);
  }

  /**
   * Starts a failed or cancelled destination again; what is on its medium stays. Rejects with a Refusal when it has not
   * ended, or is no longer the same device.
   */
  retry(destination: number): Promise<void> {
    return this.#retries.retry(destination);
  }

  /**
   * Checks and holds the disk at `path`, which may then join. Gives the plan with it as the only destination. Rejects
   * with a Refusal. `waiting` hears of a drive that does not answer.
   */
  prepareJoin(path: string, waiting: Waiting): Promise<Plan> {
    return this.#joins.prepare(path, waiting);
  }

  /** The disk that is held for joining; empty without one. */
  get joining(): readonly Held[] {
    return this.#joins.held;
  }

  /** Adds the held disk as the last destination, which starts beside the others. Rejects with a Refusal. */
  join(): Promise<void> {
    return this.#joins.join();
  }

  /** Lets the held disk go. */
  leaveJoin(): void {
    this.#joins.close();
  }

  /** Takes a uevent of the device with this number. A removed device has failed, even when it had nothing to do. */
  deviceChanged(number: string, action: string): void {
    const { reports, totals } = this.#parts;
    for (const { end, failure } of reports.removals.onUevent(number, action))
      if (end === null || totals[end]!.end === null) reports.reportGone(end, failure);
  }

  async #run(): Promise<void> {
    await nextTurn();
    const { attempts, passes } = this.#parts;
    await whileSampling(
      async () => {
        this.#start();
        await attempts.ended();
      },
      () => this.#sample(),
      () => passes.recordDurable(),
    );
    this.#joins.close();
    if (this.#fault !== null) throw this.#fault.error;
    const result = await closeJob(this.#parts, () => this.#seconds());
    await releaseRun(this.run);
    this.#emit({ event: 'progress', progress: progressOf(this.#parts, this.#controls, result.seconds) });
    this.#emit({ event: 'result', result });
  }

  /** Sends all destinations on the job's course. */
  #start(): void {
    const all = [...this.run.destinations.keys()];
    this.#begin(all, (running) => startCourse(running, all));
  }

  /** Sends one destination on the job's course again, beside those that are on theirs. */
  #retry(destination: number): void {
    this.#begin([destination], (running) => retryCourse(running, destination));
  }

  /** Begins a course. A destination that the course leaves without an end has been cancelled or has failed. */
  #begin(destinations: readonly number[], course: (running: CourseJob) => Promise<void>): void {
    const { attempts, totals } = this.#parts;
    attempts.begin(
      destinations,
      async (owns) => {
        const running = new CourseJob(this.#parts, owns);
        await course(running);
        for (const destination of destinations)
          await running.finish(destination, totals[destination]!.cancelled ? 'cancelled' : 'failed');
      },
      (error) => this.#break(error),
    );
  }

  /** Ends a destination that is done while its pass goes on for others. */
  #settle(destination: number): void {
    const settling = finish(this.#parts, destination, 'done', []);
    this.#parts.attempts.keepRunning(settling).catch((error: unknown) => this.#break(error));
  }

  /** A fault in this program stops the job. */
  #break(error: unknown): void {
    this.#fault ??= { error };
    this.cancel(null);
  }

  #sample(): void {
    this.#parts.passes.reportErrors();
    for (const destination of this.#parts.passes.takeDone()) this.#settle(destination);
    this.#emit({ event: 'progress', progress: progressOf(this.#parts, this.#controls, this.#seconds()) });
  }

  /** Seconds since the start. */
  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}
