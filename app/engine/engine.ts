// The operations of the host: list and watch the disks, eject one, and prepare, start and control one job at a time.
import type { KeptBay } from '../contract/bays.ts';
import type { Disk } from '../contract/disks.ts';
import type { DisksEvent } from '../contract/host.ts';
import { Answers, type Waiting } from '../base/slow-answers.ts';
import type { Forgotten, InterruptedJob, Plan, Usage } from '../contract/jobs.ts';
import { plainRunning } from '../contract/request-facts.ts';
import type { JobRequest } from '../contract/request.ts';
import { throttleErrors } from '../base/request-rules.ts';
import { foundations, withDescendants } from './devices/block-devices.ts';
import { DiskWatch } from './devices/disk-watch.ts';
import { inBays, keepBays, readBays } from './devices/bays.ts';
import { disksOf } from './devices/disks.ts';
import { againstEjecting, eject } from './access/eject.ts';
import { cancelledOpening, errnoOf, Refusal, refuse } from '../base/errors.ts';
import { jobsNow } from './access/holders.ts';
import { inspectExisting } from './devices/inspect-paths.ts';
import type { Job } from './job/job.ts';
import type { Emit } from './job/reports.ts';
import { begin } from './job/begin.ts';
import { readBlocks } from './devices/lsblk.ts';
import { exportManifest } from './job/made-manifests.ts';
import type { NativeAddon, NativeUevent } from './native/addon.ts';
import { looksBlank } from './admission/blank-looks.ts';
import { prepare } from './admission/prepare.ts';
import { isHeld, release, type Held, type Prepared } from './admission/prepared.ts';
import type { Rights } from './access/rights.ts';
import { forgetJob } from './admission/forget.ts';
import { interruptedJobs } from './admission/resume.ts';
import { stateDir } from '../base/state-folder.ts';
import { usageOf } from './admission/usage.ts';

type State =
  | { name: 'idle' }
  /** Devices are being opened or closed until `over`. The user can cancel meanwhile. */
  | { name: 'busy'; over: Promise<unknown>; givenUp: boolean; prepared: Prepared | null; withdraw: () => void }
  | { name: 'prepared'; prepared: Prepared }
  | { name: 'running'; job: Job };

/** The engine of one host. A call that cannot be carried out rejects with, or throws, a Refusal. */
export class LocalEngine {
  readonly #load: () => NativeAddon;
  readonly #emit: Emit;
  readonly #emitDisks: (event: DisksEvent) => void;
  readonly #broken: (error: unknown) => void;
  readonly #rights: Rights | null;
  readonly #waiting: Waiting;
  /** The clients that watch the disks, with or without loop devices. */
  #watch: DiskWatch | null = null;
  /** The kernel's uevents, once they are needed. */
  #uevents: { close(): void } | null = null;
  #state: State = { name: 'idle' };
  /** The calls of `usage` that go on. */
  readonly #looking = new Set<AbortController>();

  /**
   * `load` returns the addon when it is first needed. `emit` gets the events of jobs, `emitDisks` the watched lists,
   * `broken` a job that ended without a result, which must not happen. `rights` asks for what the user may not do;
   * null: nobody is asked. `waiting` gets a file that does not answer, or is read whole, before a job.
   */
  constructor(
    load: () => NativeAddon,
    emit: Emit,
    emitDisks: (event: DisksEvent) => void,
    broken: (error: unknown) => void,
    rights: Rights | null = null,
    waiting: Waiting = () => undefined,
  ) {
    this.#load = load;
    this.#emit = emit;
    this.#emitDisks = emitDisks;
    this.#broken = broken;
    this.#rights = rights;
    this.#waiting = waiting;
  }

  /** The disks; `all` adds loop devices. */
  async list({ all }: { all: boolean }): Promise<Disk[]> {
    return inBays(disksOf(await readBlocks(undefined, this.#held(), all ? null : []), all, jobsNow()), stateDir());
  }

  /** The bays, in the order of their numbers. Rejects with a Refusal when they cannot be read. */
  bays(): Promise<KeptBay[]> {
    return readBays(stateDir());
  }

  /** Numbers and names the bays anew. Rejects with a Refusal when they cannot be stored. */
  setBays(bays: readonly KeptBay[]): Promise<void> {
    return keepBays(stateDir(), bays);
  }

  /**
   * Sends a list of the disks whenever they change, from now on. Throws a Refusal when the kernel's uevents are
   * refused.
   */
  watch({ all }: { all: boolean }): void {
    this.#watch?.stop();
    this.#watch = new DiskWatch(() => this.list({ all }), this.#emitDisks, this.#broken);
    const errno = this.#listenForUevents();
    if (errno === null) return;
    refuse({
      code: 'ENGINE_UNAVAILABLE',
      op: 'host',
      errno,
      reason: { kind: 'noNews', errno },
      remedy: { kind: 'polled' },
    });
  }

  /** Unmounts, flushes and ejects the disk at `path`. Rejects with a Refusal. */
  async eject(path: string): Promise<void> {
    const found = await inspectExisting(path, await readBlocks(undefined, this.#held(), [path]));
    if (found.end === null) throw new Refusal([found.error]);
    const errors = againstEjecting(
      path,
      found.end.block,
      this.#held(this.#state.name === 'running' ? this.#state.job.joining : []),
    );
    if (errors.length > 0) throw new Refusal(errors);
    await eject(path, found.end.block!, { rights: this.#rights });
  }

  /** How much of the source at `path` `--used` would copy. Rejects with a Refusal when it cannot be opened. */
  async usage(path: string): Promise<Usage> {
    const looking = new AbortController();
    this.#looking.add(looking);
    const answers = new Answers(plainRunning.stallTimeout, this.#waiting, looking.signal);
    try {
      return await usageOf(path, await readBlocks(undefined, this.#held(), [path]), this.#addon(), answers);
    } finally {
      this.#looking.delete(looking);
    }
  }

  /** Gives up every `usage`. */
  stopUsage(): void {
    for (const looking of this.#looking) looking.abort();
  }

  /** Interrupted jobs, newest first. Rejects with a Refusal: the state folder does not answer. */
  jobs(): Promise<InterruptedJob[]> {
    const { stallTimeout } = plainRunning;
    return new Answers(stallTimeout, this.#waiting).of(stateDir(), interruptedJobs(stateDir(), this.#addon()));
  }

  /** Forgets an interrupted job. Rejects with a Refusal: there is none, or it runs. */
  forget(job: string): Promise<Forgotten> {
    return forgetJob(stateDir(), job, this.#addon());
  }

  /** Writes the kept manifest with this SHA-256 (hex) to the file `path`. Rejects with a Refusal. */
  saveManifest(digest: string, path: string): Promise<void> {
    return exportManifest(stateDir(), digest, path);
  }

  /** Checks a request and holds its devices until `start` or `cancel`. */
  async prepare(request: JobRequest): Promise<Plan> {
    this.#require('idle');
    // It finds the same, and reads the same disk.
    this.stopUsage();
    const question = new AbortController();
    const preparing = prepare(request, {
      load: () => this.#addon(),
      rights: this.#rights,
      signal: question.signal,
      waiting: this.#waiting,
    });
    const busy: State = {
      name: 'busy',
      over: preparing,
      givenUp: false,
      prepared: null,
      withdraw: () => question.abort(),
    };
    this.#state = busy;
    let prepared: Prepared;
    try {
      prepared = await preparing;
    } catch (error) {
      this.#state = { name: 'idle' };
      // Every device that was still awaited gives the same error.
      throw busy.givenUp && error instanceof Refusal ? cancelledOpening() : error;
    }
    this.#state = { name: 'prepared', prepared };
    if (!busy.givenUp) return prepared.plan;
    await this.cancel();
    throw cancelledOpening();
  }

  /** For each disk that is held and not written yet: whether it is blank. null where it could not be read. */
  looksBlank(): Promise<(boolean | null)[]> {
    const held =
      this.#state.name === 'running' ? this.#state.job.joining : this.#require('prepared').prepared.destinations;
    return looksBlank(held, this.#waiting);
  }

  /** Starts what was prepared. Nothing was written, and nothing is held any more, when this refuses. */
  async start(): Promise<void> {
    const { prepared } = this.#require('prepared');
    // Without uevents, a drive that was taken out shows when it is written to.
    this.#listenForUevents();
    const question = new AbortController();
    const answers = new Answers(prepared.request.stallTimeout, this.#waiting, question.signal);
    const launching = begin(prepared, this.#emit, answers);
    const busy: State = {
      name: 'busy',
      over: launching,
      givenUp: false,
      prepared,
      withdraw: () => question.abort(),
    };
    this.#state = busy;
    try {
      const job = await launching;
      this.#state = { name: 'running', job };
      job.ended.then(() => (this.#state = { name: 'idle' }), this.#broken);
      if (busy.givenUp) job.cancel(null);
    } catch (error) {
      this.#state = { name: 'idle' };
      throw error;
    }
  }

  /**
   * Pauses or continues the running job (null) or one destination. Throws a Refusal, as the next two do: no such job or
   * destination.
   */
  pause(destination: number | null, paused: boolean): void {
    this.#running(destination).pause(destination, paused);
  }

  /** Bytes per second of the running job (null) or of one destination from now on; null for no limit. */
  throttle(destination: number | null, bytesPerSecond: number | null): void {
    const errors = throttleErrors(bytesPerSecond);
    if (errors.length > 0) throw new Refusal(errors);
    this.#running(destination).throttle(destination, bytesPerSecond);
  }

  /**
   * Starts a failed or cancelled destination of the running job again. Rejects with a Refusal when that is impossible.
   */
  async retry(destination: number): Promise<void> {
    await this.#running(destination).retry(destination);
  }

  /**
   * Checks the disk at `path` for the running job, and holds it until it joins or leaves. Gives the plan with it as the
   * only destination. Rejects with a Refusal, as `join` does.
   */
  prepareJoin(path: string): Promise<Plan> {
    return this.#running(null).prepareJoin(path, this.#waiting);
  }

  /** Adds the held disk to the running job. */
  join(): Promise<void> {
    return this.#running(null).join();
  }

  /** Lets the held disk go. */
  leaveJoin(): void {
    if (this.#state.name === 'running') this.#state.job.leaveJoin();
  }

  /** Stops one destination of the running job. It ends later, with the others. */
  cancelOne(destination: number): void {
    this.#running(destination).cancel(destination);
  }

  #running(destination: number | null): Job {
    const { job } = this.#require('running');
    const count = job.run.destinations.length;
    if (destination === null || destination < count) return job;
    return refuse({
      code: 'BAD_ARGUMENT',
      op: 'host',
      reason: { kind: 'noSuchDestination', index: String(destination), count },
    });
  }

  /** Gives up the prepared job, or stops the running one, which ends later with its result. */
  async cancel(): Promise<void> {
    const state = this.#state;
    switch (state.name) {
      case 'idle':
        return;
      case 'busy':
        state.givenUp = true;
        state.withdraw();
        await state.over.catch(() => undefined); // reported to its caller
        return;
      case 'prepared':
        return this.#releasing(state.prepared);
      case 'running':
        state.job.cancel(null);
    }
  }

  /** Stops everything safely. Resolves when nothing is in flight or held. A failing job does not reject it. */
  async stop(): Promise<void> {
    this.#watch?.stop();
    this.stopUsage();
    this.#uevents?.close();
    this.#uevents = null;
    while (this.#state.name !== 'idle') {
      const state = this.#state;
      await this.cancel();
      if (state.name === 'running') await state.job.ended;
    }
  }

  /** Begins to listen for uevents. Returns the errno when that was refused, else null. */
  #listenForUevents(): string | null {
    try {
      this.#uevents ??= this.#addon().watchUevents((news) => this.#onUevent(news));
      return null;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === null) throw error;
      return errno;
    }
  }

  #onUevent({ action, number }: NativeUevent): void {
    this.#watch?.changed();
    if (this.#state.name === 'running') this.#state.job.deviceChanged(number, action);
  }

  /**
   * Numbers of the job's devices and of those that join it, and of the devices above and below them. Nothing else may
   * read or eject these.
   */
  #held(joining: readonly Held[] = []): ReadonlySet<string> {
    const state = this.#state;
    const prepared = state.name === 'idle' ? null : state.name === 'running' ? state.job.run : state.prepared;
    const ends =
      prepared === null
        ? []
        : [prepared.source?.end, ...[...prepared.destinations.filter(isHeld), ...joining].map(({ end }) => end)];
    const blocks = ends.flatMap((end) => end?.block ?? []);
    // Ejecting a disk takes its partitions along, and reading a partition reads the disk.
    const around = blocks.flatMap((block) => [...withDescendants(block), ...foundations(block)]);
    return new Set(around.map(({ majorMinor }) => majorMinor));
  }

  async #releasing(prepared: Prepared): Promise<void> {
    const over = release(prepared);
    this.#state = { name: 'busy', over, givenUp: false, prepared, withdraw: () => undefined };
    await over;
    this.#state = { name: 'idle' };
  }

  #require<N extends State['name']>(name: N): Extract<State, { name: N }> {
    const state = this.#state;
    if (isIn(state, name)) return state;
    return refuse({
      code: 'BAD_ARGUMENT',
      op: 'host',
      reason: { kind: name === 'prepared' ? 'notPrepared' : name === 'running' ? 'notRunning' : 'hostBusy' },
    });
  }

  #addon(): NativeAddon {
    try {
      return this.#load();
    } catch (error) {
      const [said = ''] = String(error).split('\n');
      return refuse({ code: 'ENGINE_UNAVAILABLE', op: 'host', reason: { kind: 'addonFailed', said } });
    }
  }
}

const isIn = <N extends State['name']>(state: State, name: N): state is Extract<State, { name: N }> =>
  state.name === name;
