// Drives that join a running job. Each is held when it was checked, and joins once the person has agreed.
import { plainRunning } from '../../contract/request-facts.ts';
import type { Plan } from '../../contract/jobs.ts';
import { Answers, type Waiting } from '../../base/slow-answers.ts';
import { cancelledOpening, refuse } from '../../base/errors.ts';
import { takeMounted } from '../access/unmount.ts';
import { prepareJoin, refuseJoin, releaseJoin, type PreparedJoin } from '../admission/join.ts';
import type { Held } from '../admission/prepared.ts';
import type { NativeDevice } from '../native/addon.ts';
import type { JobControls } from './controls.ts';
import type { JobParts } from './job-parts.ts';
import { DestinationTotals } from './destination-totals.ts';
import { addDestination } from './run.ts';
import type { Emit } from './reports.ts';

/** The joining of drives to one job. */
export class Joins {
  readonly #parts: JobParts;
  readonly #controls: JobControls;
  readonly #emit: Emit;
  readonly #begin: (destination: number) => void;
  /** The drive that is held, and waits for consent. */
  #held: PreparedJoin | null = null;
  /** Stops the check that runs. */
  #checking: AbortController | null = null;

  /** `begin` sends a destination on the job's course, beside those that are on theirs. */
  constructor(parts: JobParts, controls: JobControls, emit: Emit, begin: (destination: number) => void) {
    this.#parts = parts;
    this.#controls = controls;
    this.#emit = emit;
    this.#begin = begin;
  }

  /** Checks and holds the disk at `path`. Another one that was held is let go. Rejects with a Refusal. */
  async prepare(path: string, waiting: Waiting): Promise<Plan> {
    this.close();
    this.#refuseIfOver(path);
    const { run } = this.#parts;
    const checking = new AbortController();
    this.#checking = checking;
    const others = run.destinations.flatMap(({ end, device }) =>
      device === null ? [] : [{ end, device, written: true }],
    );
    try {
      const answers = new Answers(plainRunning.stallTimeout, waiting, checking.signal);
      const prepared = await prepareJoin(run, path, others, answers, checking.signal);
      if (checking.signal.aborted) {
        releaseJoin(run.addon, prepared);
        throw cancelledOpening(path);
      }
      this.#held = prepared;
      return prepared.plan;
    } catch (error) {
      // The job may have ended and closed what the check compares with.
      if (checking.signal.aborted) throw cancelledOpening(path);
      throw error;
    } finally {
      if (this.#checking === checking) this.#checking = null;
    }
  }

  /** The held disk; empty without one. */
  get held(): readonly Held[] {
    return this.#held === null ? [] : [this.#held.held];
  }

  /** Adds the held disk to the job. The job does not end before. Rejects with a Refusal, and lets the disk go. */
  async join(): Promise<void> {
    const held = this.#held;
    if (held === null) return refuse({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'nothingReviewed' } });
    this.#held = null;
    // As one piece of work: the others may end while the disk is unmounted.
    await this.#parts.attempts.keepRunning(this.#claimed(held).then((device) => this.#add(held, device)));
  }

  /** The disk, unmounted and claimed. Rejects with a Refusal, and lets the disk go. */
  async #claimed(prepared: PreparedJoin): Promise<NativeDevice> {
    const { run } = this.#parts;
    const { held, session } = prepared;
    try {
      this.#refuseIfOver(held.end.path);
      if (held.mounts.length === 0) return held.device!;
      const sessions = session === null ? [] : [session];
      return await takeMounted({ addon: run.addon, sessions }, held);
    } catch (error) {
      releaseJoin(run.addon, prepared);
      throw error;
    }
  }

  /** Gives up the check that runs, and lets the held disk go. */
  close(): void {
    this.#checking?.abort();
    this.#checking = null;
    const held = this.#held;
    this.#held = null;
    if (held !== null) releaseJoin(this.#parts.run.addon, held);
  }

  /** Nothing in here is refused: from here on the job has the disk. */
  async #add({ held, plan, session }: PreparedJoin, device: NativeDevice): Promise<void> {
    const { run, record, totals, reports } = this.#parts;
    const [endpoint] = plan.destinations;
    const sessions = session === null ? [] : [session];
    const destination = addDestination(run, { ...held, device }, endpoint!, sessions);
    this.#controls.limits.push(0);
    totals.push(new DestinationTotals());
    reports.addDestination(destination);
    // Before the next sample, which has one more destination.
    this.#emit({ event: 'joined', destination: endpoint!, notes: plan.notes });
    await record.addDestination(endpoint!);
    if (this.#parts.cancelled) totals[destination]!.cancelled = true;
    this.#begin(destination);
  }

  #refuseIfOver(path: string): void {
    const { run, attempts, cancelled } = this.#parts;
    refuseJoin(run, path, !attempts.areRunning || cancelled);
  }
}
