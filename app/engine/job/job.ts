// A running job: makes its images and its log, takes its destinations through their course, samples the passes, tells
// their errors, and gives the result. What the user wants meanwhile (stop, wait, slower, again) reaches it here.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { JobError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import type { HostEvent } from '../../contract/host.ts';
import { writes, type DestinationResult, type JobProgress } from '../../contract/jobs.ts';
import { bytesOf, chunksOfErrors, type Grid, type KnownHashes } from '../formats/chunk-sets.ts';
import { CourseJob } from './course-job.ts';
import { retryCourse, startCourse } from './courses/registry.ts';
import { joinedEntries } from '../../base/error-ranges.ts';
import { cancelledOpening, failureOf, type Failure } from '../../base/errors.ts';
import { whatIsFull } from './full-file-system.ts';
import { giveName, loseName } from '../admission/images.ts';
import { about, jobError, type Named } from '../native/errors.ts';
import { jobResult, unexplained } from './job-result.ts';
import { ChunkRecord } from './chunk-record.ts';
import { lengthOf } from '../admission/image-length.ts';
import type { LogKeeper } from './log-keeper.ts';
import { leaveManifest } from './made-manifests.ts';
import { uncertainChunks } from '../admission/same-medium.ts';
import type { NativeDevice, NativeError } from '../native/addon.ts';
import { Looks } from './differing-sectors.ts';
import { Pass, type Controls, type PassRequest } from './pass.ts';
import { showNewPartitions } from '../access/partitions.ts';
import { release, type Prepared } from '../admission/prepared.ts';
import { isOver } from '../../view/reduce.ts';
import { Removals } from './removals.ts';
import { refuseRetry, reopenForRetry } from '../admission/retry.ts';
import { notPerformed, type PassOutcome, type RunningJob } from './running-job.ts';
import { DestinationTotals } from './destination-totals.ts';
import { sourceWritten } from '../devices/write-counts.ts';

const SAMPLE_MS = 100;
/** What is durable is put into the log so often. */
const LOG_MS = 1000;

/** Told what happens in a job. */
export type Emit = (event: HostEvent) => void;

/** One job from its start to its result. */
export class Job implements RunningJob {
  /** Resolves when the result was given and everything is closed; rejects when the engine itself failed. */
  readonly ended: Promise<void>;
  readonly prepared: Prepared;
  readonly request: Prepared['request'];
  readonly grid: Grid;
  rescue: RunningJob['rescue'] = null;
  readonly #emit: Emit;
  readonly #named: Named;
  readonly #chunkRecord: ChunkRecord;
  readonly #totals: DestinationTotals[];
  /** The passes that run, each with the errors that are not to be told. */
  readonly #passes = new Map<Pass, (error: NativeError) => boolean>();
  /** Courses that have not ended: the job's own, and one for each retry. */
  readonly #courses = new Set<Promise<unknown>>();
  /** The one of all destinations. */
  #firstCourse: Promise<void> = Promise.resolve();
  /** Ends the waiting of those that wait for it, by destination. */
  readonly #waiting = new Map<number, () => void>();
  /** How often each destination was sent on a course. */
  readonly #attempts: number[] = [];
  readonly #removals: Removals;
  /** The latest course of each destination; never rejects. */
  readonly #courseOf: Promise<void>[] = [];
  /** What stops the opening of a destination that is being started again. */
  readonly #retrying = new Map<number, AbortController>();
  readonly #errors: JobError[] = [];
  readonly #notes: Note[] = [];
  /** A check names the sectors that differ. */
  readonly #looks: Looks | null;
  /** Errors of which more is being found out. */
  #late = Promise.resolve();
  readonly #startedAt = performance.now();
  readonly #paused = new Set<number>();
  readonly #controls: Controls & { limits: number[]; pausedDestinations: Set<number> };
  #cancelled = false;
  /** A fault in this program, which ends the job without a result. */
  #fault: { error: unknown } | null = null;
  /** Bytes of the source that ended passes have read. */
  #bytesRead = 0;
  #readErr: 0 | 1 = 0;

  /** Starts the job on what `launch` has made ready. Its events begin in a later turn of the event loop, after the caller could answer. */
  constructor(prepared: Prepared, log: LogKeeper, emit: Emit) {
    const { plan, destinations, request, grid } = prepared;
    this.prepared = prepared;
    this.request = request;
    this.grid = grid;
    this.#removals = new Removals(prepared);
    this.#emit = emit;
    this.#chunkRecord = new ChunkRecord(prepared, log);
    this.#named = {
      kind: plan.kind,
      source: plan.source?.path ?? null,
      sourceIsFile: prepared.source?.end.kind === 'file',
      manifest: request.kind === 'repair' ? prepared.manifest : null,
      destinations: destinations.map((held) => ({
        path: held.end.path,
        get part() {
          return held.naming?.part ?? null;
        },
      })),
    };
    this.#looks =
      request.kind !== 'verify' || prepared.source === null
        ? null
        : new Looks(
            prepared.source.device,
            (index) => this.device(index),
            ({ entry, superblock }) => this.#push(jobError(entry, this.#named, { superblock })),
          );
    this.#totals = destinations.map(() => new DestinationTotals());
    this.#controls = {
      paused: false,
      pausedDestinations: this.#paused,
      limit: wholeLimit(request.throttle),
      limits: destinations.map((_, index) => wholeLimit(request.destinationThrottles[index] ?? null)),
      stallTimeout: Math.ceil(request.stallTimeout * 1000),
    };
    this.ended = this.#run();
  }

  // ---- What the user wants ----------------------------------------------------------------------------------

  /** Stops it (null) or one destination: what is in flight ends, the devices are flushed, the result says which were cut short. */
  cancel(destination: number | null): void {
    if (destination === null) this.#cancelled = true;
    for (const totals of destination === null ? this.#totals : [this.#totals[destination]]) {
      if (totals?.end === null) totals.cancelled = true;
    }
    for (const [index, stop] of this.#waiting) if (destination === null || destination === index) stop();
    for (const [index, retrying] of this.#retrying) if (destination === null || destination === index) retrying.abort();
    for (const pass of this.#passes.keys()) pass.cancel(destination);
  }

  /** No new work for the job (null) or a destination until it is told to go on; what is in flight ends. */
  pause(destination: number | null, paused: boolean): void {
    if (destination === null) this.#controls.paused = paused;
    else if (paused) this.#paused.add(destination);
    else this.#paused.delete(destination);
    for (const pass of this.#passes.keys()) pass.pause(destination, paused);
  }

  /** Bytes per second of the job (null) or a destination from now on; null for no limit. */
  throttle(destination: number | null, bytesPerSecond: number | null): void {
    const limit = wholeLimit(bytesPerSecond);
    if (destination === null) this.#controls.limit = limit;
    else this.#controls.limits[destination] = limit;
    for (const pass of this.#passes.keys()) pass.throttle(destination, limit);
  }

  /**
   * Starts a destination again that has failed or was cancelled; what is on its medium stays. Rejects with a Refusal when
   * it cannot be: it has not ended, or is not the device any more that it was.
   */
  async retry(destination: number): Promise<void> {
    const totals = this.#totals[destination]!;
    const pass = [...this.#passes.keys()].find((one) =>
      one.sample().some((progress) => progress.destination === destination),
    );
    // As it is shown: the course of a destination that has failed or was cancelled may not have recorded that yet.
    const shown =
      totals.end ?? pass?.sample().find((progress) => progress.destination === destination)?.state ?? totals.left;
    const own = this.#errors.slice(totals.errorsFrom).filter((error) => error.destination === destination);
    const running = this.#courses.size > 0 && !this.#cancelled && !this.#retrying.has(destination);
    refuseRetry(this.#named.destinations[destination]!.path, running && isOver(shown) ? shown : null, own);
    const retrying = new AbortController();
    this.#retrying.set(destination, retrying);
    // The job does not end while this is under way.
    const opening = reopenForRetry(this.prepared, destination, retrying.signal).then(async () => {
      const errors: NativeError[] = [];
      for (const one of this.#passes.keys()) {
        this.#chunkRecord.takeDurable(one);
        this.#chunkRecord.takeHashes(one);
        errors.push(...one.errors());
      }
      // Its course would have done this at the end of the pass: what was found bad is written again.
      await this.#chunkRecord.withdraw(destination, chunksOfErrors(errors, destination, this.grid));
      await this.#chunkRecord.withdraw(
        destination,
        await uncertainChunks(this.prepared, destination, this.#chunkRecord.durable(destination), this.hashes),
      );
      this.#refuseCancelled(destination, retrying.signal);
      await this.#takeFromCourse(destination);
      this.#refuseCancelled(destination, retrying.signal);
      this.#removals.forget(destination);
      this.#chunkRecord.doubt(destination);
      totals.reopen(this.#errors.length);
      this.#begin([destination], true);
    });
    try {
      await this.#keepRunning(opening);
    } finally {
      this.#retrying.delete(destination);
    }
  }

  /** A retry that was cancelled while it was being prepared does not begin. */
  #refuseCancelled(destination: number, { aborted }: AbortSignal): void {
    if (aborted) throw cancelledOpening(this.#named.destinations[destination]!.path);
  }

  /**
   * Takes a destination that has failed or was cancelled from its course: out of the pass that still runs for others, or,
   * when that pass has ended, once the course has recorded the end. Rejects with a Refusal when it is complete after all.
   */
  async #takeFromCourse(destination: number): Promise<void> {
    const totals = this.#totals[destination]!;
    const dismissed = [...this.#passes.keys()].flatMap((pass) => {
      this.#chunkRecord.takeDurable(pass);
      return pass.dismiss(destination) ?? [];
    });
    for (const last of dismissed) totals.add(last);
    if (dismissed.length > 0) return;
    await Promise.race([totals.ended, this.#courseOf[destination]]);
    refuseRetry(this.#named.destinations[destination]!.path, totals.end, []);
  }

  /** The kernel has told of the device with this number: one that was taken out has failed, also while it had nothing to do. */
  deviceChanged(number: string, action: string): void {
    for (const { end, failure } of this.#removals.heard(number, action)) {
      if (end === null || this.#totals[end]!.end === null) this.#tellGone(end, failure);
    }
  }

  // ---- What its course asks for (running-job.ts) ------------------------------------------------------------------

  get hashes(): KnownHashes {
    return this.#chunkRecord.hashes;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  device(destination: number): NativeDevice {
    return this.prepared.destinations[destination]!.device!;
  }

  durable(destination: number): Uint8Array {
    return this.#chunkRecord.durable(destination);
  }

  unproven(destination: number): number {
    return this.#chunkRecord.unproven(destination);
  }

  proven(destination: number): Uint8Array {
    return this.#chunkRecord.proven(destination);
  }

  owns(): boolean {
    return true;
  }

  isOpen(destination: number): boolean {
    const { end, cancelled } = this.#totals[destination]!;
    return end === null && !cancelled;
  }

  isDone(destination: number): boolean {
    return this.#totals[destination]!.end === 'done';
  }

  async untilOthersEnded(destination: number): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#waiting.set(destination, resolve));
    await Promise.race([this.#firstCourse, stopped]);
    this.#waiting.delete(destination);
  }

  async perform(request: PassRequest, hold: (error: NativeError) => boolean = () => false): Promise<PassOutcome> {
    const pass = this.#submit(request);
    if (pass === null)
      return notPerformed(
        request.targets.map(({ destination }) => destination),
        'failed',
      );
    this.#passes.set(pass, hold);
    const answers = await pass.done;
    await nextTurn();
    this.#tellErrors(pass, true);
    await Promise.all([this.#looks?.done, this.#late]);
    this.#chunkRecord.takeDurable(pass);
    this.#passes.delete(pass);
    const ofSource = request.job.source === this.prepared.source?.device;
    if (ofSource) this.#bytesRead += pass.bytesRead;
    if (ofSource && answers.readErr === 1 && request.job.ignoreRead !== true && request.job.skipBad !== true)
      this.#readErr = 1;
    this.#chunkRecord.takeHashes(pass);
    this.#chunkRecord.takeEvidence(pass, answers.readErr === 1);
    const targets = pass.sample().map((progress) => {
      const totals = this.#totals[progress.destination]!;
      totals.add(progress);
      totals.failed =
        ((answers.writeErr >>> request.targets.findIndex(({ destination }) => destination === progress.destination)) &
          1) ===
        1;
      return { destination: progress.destination, state: progress.ended ?? 'failed' };
    });
    return {
      targets,
      errors: pass.errors(),
      sourceFailed: answers.readErr === 1,
      durable: this.request.rescue === null ? [] : pass.newlyDurable(),
    };
  }

  /** What the system refuses here is an error of every destination in it. */
  #submit(request: PassRequest): Pass | null {
    try {
      return new Pass(
        this.prepared.client,
        request,
        this.prepared.destinations.map(({ device }) => device!),
        this.#controls,
      );
    } catch (error) {
      for (const { destination } of request.targets) {
        const { path, kind } = this.prepared.destinations[destination]!.end;
        this.tell(destination, 'write', failureOf(error, 'open', path, kind));
        this.#totals[destination]!.failed = true;
      }
      return null;
    }
  }

  failSource(): void {
    this.#readErr = 1;
  }

  async finish(
    destination: number,
    state: DestinationResult['state'],
    held: readonly NativeError[] = [],
  ): Promise<void> {
    const totals = this.#totals[destination]!;
    if (totals.end !== null) return;
    for (const error of joinedEntries(held)) if (error.cause !== 'cancelled') this.#push(jobError(error, this.#named));
    // Late news: the request that failed came before the drive was seen to be gone.
    if (state === 'failed') this.#tellGone(destination, this.#removals.look(destination));
    const compared = state === 'done' || (state === 'failed' && this.request.kind === 'verify');
    const lengthFits = !compared || this.#hasLength(destination);
    const good =
      state === 'done'
        ? lengthFits && this.#nameImage(destination)
        : state === 'failed' || !this.#removals.has(destination);
    const end = good ? state : 'failed';
    if (!good) totals.failed = true;
    totals.uncompared = end === 'done' && this.prepared.plan.verify ? this.#chunkRecord.unproven(destination) : 0;
    totals.close(end);
    await this.#chunkRecord.state(destination, end);
  }

  keep(destination: number, bytes: number): void {
    this.#totals[destination]!.kept = bytes;
  }

  expect(destination: number, bytes: number): void {
    this.#totals[destination]!.whole = { toWrite: bytes, toVerify: this.prepared.plan.verify ? bytes : 0 };
  }

  found(destination: number, chunks: Uint8Array): Promise<void> {
    return this.#chunkRecord.found(destination, chunks);
  }

  withdraw(destination: number, chunks: Uint8Array): Promise<void> {
    return this.#chunkRecord.withdraw(destination, chunks);
  }

  unname(destination: number): void {
    const problem = loseName(this.prepared.addon, this.prepared.destinations[destination]!);
    if (problem !== null) this.note(problem);
  }

  tell(destination: number | null, side: JobError['side'], error: Failure): void {
    this.#push(about(this.#named, destination, side, error));
  }

  note(note: Note): void {
    if (!this.#notes.some((other) => isDeepStrictEqual(other, note))) this.#notes.push(note);
  }

  // ---- The run ----------------------------------------------------------------------------------------------

  async #run(): Promise<void> {
    await nextTurn();
    const samples = setInterval(() => this.#sample(), SAMPLE_MS);
    const logs = setInterval(
      () => [...this.#passes.keys()].forEach((pass) => this.#chunkRecord.takeDurable(pass)),
      LOG_MS,
    );
    try {
      this.#begin(
        this.prepared.destinations.map((_, index) => index),
        false,
      );
      while (this.#courses.size > 0) await Promise.all(this.#courses);
    } finally {
      clearInterval(samples);
      clearInterval(logs);
    }
    if (this.#fault !== null) throw this.#fault.error;
    await this.#end();
  }

  /** Sends destinations on their course, beside those that are on theirs. What is left of them at its end has an end then. */
  #begin(destinations: readonly number[], again: boolean): void {
    const attempts = new Map(destinations.map((destination) => [destination, (this.#attempts[destination] ?? 0) + 1]));
    for (const [destination, attempt] of attempts) this.#attempts[destination] = attempt;
    const running = new CourseJob(this, (destination) => this.#attempts[destination] === attempts.get(destination));
    const course = again ? retryCourse(running, destinations[0]!) : startCourse(running, destinations);
    const over = this.#keepRunning(
      course.then(async () => {
        for (const destination of destinations)
          await running.finish(destination, this.#totals[destination]!.cancelled ? 'cancelled' : 'failed');
      }),
    ).catch((error: unknown) => {
      this.#fault ??= { error };
      this.cancel(null);
    });
    for (const destination of destinations) this.#courseOf[destination] = over;
    if (!again) this.#firstCourse = over;
  }

  /** The job does not end before `work` has. */
  async #keepRunning(work: Promise<void>): Promise<void> {
    const entry = work.then(
      () => undefined,
      () => undefined,
    );
    this.#courses.add(entry);
    try {
      await work;
    } finally {
      this.#courses.delete(entry);
    }
  }

  async #end(): Promise<void> {
    const { plan, source } = this.prepared;
    const ends = this.#totals.map(({ end, uncompared, written, kept, seconds, failed, errorsFrom }, index) => {
      const durable =
        end === 'done' || !writes(plan.kind) ? undefined : bytesOf(this.#chunkRecord.durable(index), this.grid);
      return {
        state: end ?? 'failed',
        uncompared,
        written,
        kept,
        durable,
        seconds: seconds ?? this.#seconds(),
        failed,
        errorsFrom,
      };
    });
    for (const error of unexplained(ends, this.#errors, this.#named)) this.#push(error);
    const silent = new Set(this.#errors.flatMap(({ code, destination }) => (code === 'STALLED' ? [destination] : [])));
    for (const note of await showNewPartitions(
      this.prepared,
      (index) => silent.has(index) || this.#removals.has(index),
    ))
      this.note(note);
    const written = source === null ? 'no' : await sourceWritten(source, this.prepared.addon);
    if (written !== 'no')
      this.note({ kind: written === 'yes' ? 'sourceWritten' : 'sourceUnwatched', path: source!.end.path });
    const cut =
      this.rescue?.left === 0
        ? null
        : ({ kind: ends.some(({ state }) => state === 'cancelled') ? 'cancelled' : 'sourceUnread' } as const);
    const manifest = await leaveManifest(this.prepared, this.hashes, cut, (note) => this.note(note));
    const seconds = this.#seconds();
    if (this.#chunkRecord.problem !== null) this.note(this.#chunkRecord.problem);
    const result = jobResult({
      plan,
      named: this.#named,
      ends,
      errors: this.#errors,
      seconds,
      bytes: this.#bytesRead,
      sourceWritten: written !== 'no',
      notes: this.#notes,
      manifest,
      readErr: (this.rescue?.bad ?? 0) > 0 ? 1 : this.#readErr,
      rescue: this.rescue === null ? null : { rescued: this.rescue.rescued, bad: this.rescue.bad },
    });
    await this.#chunkRecord.close(result);
    await release(this.prepared);
    this.#emit({ event: 'progress', progress: this.#progress(seconds) });
    this.#emit({ event: 'result', result });
  }

  #sample(): void {
    for (const pass of this.#passes.keys()) this.#tellErrors(pass, false);
    this.#emit({ event: 'progress', progress: this.#progress(this.#seconds()) });
  }

  #progress(seconds: number): JobProgress {
    const passes = [...this.#passes.keys()];
    const samples = passes.flatMap((pass) => pass.sample());
    const bytes = passes.reduce((sum, pass) => sum + pass.bytesRead, this.#bytesRead);
    return {
      bytes,
      totalBytes: Math.max(bytes, this.prepared.plan.bytes),
      seconds,
      destinations: this.#totals.map((totals, index) =>
        totals.view(
          this.#named.destinations[index]!.path,
          seconds,
          samples.find(({ destination }) => destination === index) ?? null,
          this.#controls.paused || this.#paused.has(index),
        ),
      ),
      rescue: this.rescue === null ? null : { ...this.rescue, waiting: [...this.#waiting.keys()] },
    };
  }

  #tellErrors(pass: Pass, ended: boolean): void {
    const hold = this.#passes.get(pass)!;
    for (const entry of joinedEntries(pass.newErrors(ended))) {
      // Which destinations were cut short, their states say; each gets one error of its own for it.
      if (entry.cause === 'cancelled' || hold(entry)) continue;
      if (this.#isFull(entry)) this.#late = this.#late.then(() => this.#tellFull(entry));
      else if (this.#looks?.take(entry) !== true)
        this.#push(
          jobError(entry, this.#named, {
            rewritten: pass.rewrote(entry),
            // A job that goes on leaves nothing out itself, but what it only reads back may have been left out before.
            blank: pass.request.job.assumeBlank === true || (this.request.assumeBlank && !pass.writes(entry)),
          }),
        );
    }
  }

  /** Only ENOSPC says that the file system is full: a quota and the longest file that it takes are others. */
  #isFull({ cause, errno, destination }: NativeError): boolean {
    return (
      cause === 'no-space' &&
      errno === 'ENOSPC' &&
      destination >= 0 &&
      this.prepared.destinations[destination]!.end.kind === 'file'
    );
  }

  async #tellFull(entry: NativeError): Promise<void> {
    const { end, naming } = this.prepared.destinations[entry.destination]!;
    const whole = !this.request.sparse || end.image?.limits.whole === true;
    this.#push(
      jobError(entry, this.#named, {
        full: await whatIsFull({ path: naming?.part ?? end.realPath, bytes: this.grid.bytes, whole }),
      }),
    );
  }

  #push(said: JobError): void {
    const error = this.#removals.judge(said);
    this.#errors.push(error);
    this.#emit({ event: 'error', error });
    // Also a destination that is to go on past its bad blocks.
    if (error !== said && error.destination !== null) this.cancel(error.destination);
  }

  #tellGone(destination: number | null, failure: Failure | null): void {
    if (failure === null) return;
    this.tell(destination, destination === null ? 'read' : 'write', failure);
    // One that is waiting would wait for ever.
    if (destination !== null) this.cancel(destination);
  }

  /** Has an image the length of the source? One that has another length is not equal to it. A disk can be larger. */
  #hasLength(destination: number): boolean {
    const [has, needs] = [lengthOf(this.prepared.destinations[destination]!), this.grid.bytes];
    if (has === null || has === needs) return true;
    const place = { offset: Math.min(has, needs), length: Math.abs(has - needs) };
    this.tell(destination, 'verify', {
      code: 'VERIFY_MISMATCH',
      op: 'verify',
      ...place,
      reason: { kind: 'otherLength', has, needs },
    });
    return false;
  }

  /** Gives a complete image its name. False when that failed. */
  #nameImage(destination: number): boolean {
    const failed = giveName(this.prepared.addon, this.prepared.destinations[destination]!);
    if (failed !== null) this.tell(destination, 'write', failed);
    return failed === null;
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}

/** The engine counts whole bytes; 0 for no limit. */
const wholeLimit = (bytesPerSecond: number | null): number => Math.floor(bytesPerSecond ?? 0);
