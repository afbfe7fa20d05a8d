// Has disks join the running job: one that a person reviews, or one of a station, to which the person agreed in advance.
import { randomUUID } from 'node:crypto';
import type { Outcome } from '../contract/errors.ts';
import type { Review } from '../contract/window.ts';
import { nothingRuns, type JobSession } from '../client/job-session.ts';
import { cancelledOpening } from '../base/errors.ts';
import { anotherReview, nothingReviewed, stillChecking, type Gate, type Objections } from './gate.ts';
import type { JobsState } from './jobs.ts';

/** What joining needs of the jobs. */
interface Around {
  /** The job that is shown, running or not; null for none. */
  session: () => JobSession | null;
  state: () => JobsState;
  /** Changes `joining` of the state. */
  set: (joining: Review | null) => void;
  /** The host's calls of these names. */
  looksBlank: () => Promise<Outcome<(boolean | null)[]>>;
  leave: () => Promise<Outcome<unknown>>;
}

/** The disks that join the running job, one at a time. */
export class Joins {
  /** The number of checks of a disk that may join, and of those that were given up. */
  #questions = 0;
  /** A disk is being added without a review. */
  #adding = false;
  readonly #gate: Gate;
  readonly #around: Around;

  constructor(gate: Gate, around: Around) {
    this.#gate = gate;
    this.#around = around;
  }

  /**
   * Checks the disk at `path` for the running job and holds it; its plan, with it as the only destination, becomes
   * `joining`. A disk that was held before is let go.
   */
  async prepare(path: string): Promise<Outcome<Review>> {
    const session = this.#around.session();
    if (this.#adding) return { ok: false, errors: [stillChecking()] };
    if (session === null) return { ok: false, errors: [nothingRuns()] };
    const { request } = session.view.plan;
    const asked = request.kind === 'resume' ? null : { ...request, destinations: [{ path, throttle: null }] };
    // The job's own files were given when it was reviewed. What joins is a disk in the list, or nothing.
    const listed = this.#around.state().disks.some((disk) => disk.path === path);
    const errors = asked === null || listed ? [] : this.#gate.refusals(asked, this.#around.state().disks);
    if (errors.length > 0) return { ok: false, errors };
    this.#around.set(null);
    const question = ++this.#questions;
    const plan = await session.prepareJoin(path);
    if (!plan.ok) return plan;
    // Meanwhile it was given up, or the job ended. The host has let the disk go.
    if (question !== this.#questions || !session.runs) return { ok: false, errors: [...cancelledOpening(path).errors] };
    const joining = { id: randomUUID(), plan: plan.value };
    this.#around.set(joining);
    return { ok: true, value: joining };
  }

  /** Adds the disk of `joining` to the running job if the person has agreed to it. */
  async join(id: string): Promise<Outcome<null>> {
    const asked = this.#around.state().joining;
    if (asked === null) return { ok: false, errors: [nothingReviewed()] };
    if (asked.id !== id) return { ok: false, errors: [anotherReview()] };
    const refused = await this.#gate.agreed(asked);
    if (refused !== null) return { ok: false, errors: [refused] };
    // The review may have changed while the person was asked.
    if (this.#around.state().joining?.id !== id) return { ok: false, errors: [anotherReview()] };
    this.#around.set(null);
    return this.#enter();
  }

  /**
   * Checks the disk at `path` for the running job and adds it. For a station, to which the person has agreed in advance:
   * `objections` says what of its plan goes beyond that.
   */
  async addAgreed(path: string, objections: Objections): Promise<Outcome<null>> {
    const session = this.#around.session();
    if (session === null) return { ok: false, errors: [nothingRuns()] };
    if (this.#adding) return { ok: false, errors: [stillChecking()] };
    this.#adding = true;
    try {
      this.#around.set(null);
      const plan = await session.prepareJoin(path);
      if (!plan.ok) return plan;
      const errors = await objections(plan.value, () => this.#around.looksBlank());
      if (errors.length === 0) return await this.#enter();
      await this.#around.leave();
      return { ok: false, errors };
    } finally {
      this.#adding = false;
    }
  }

  /** Gives up a check of `addAgreed`, and lets its disk go. */
  async giveUp(): Promise<void> {
    if (this.#adding) await this.#around.leave();
  }

  /** Lets the disk of `joining` go, or gives up its check. */
  async leave(): Promise<void> {
    const { job } = this.#around.state();
    // A station's disk is not the person's to let go.
    if (this.#adding || job === null || job.phase === 'ended') return;
    this.#questions += 1;
    this.#around.set(null);
    await this.#around.leave();
  }

  #enter(): Promise<Outcome<null>> {
    const session = this.#around.session();
    return session === null ? Promise.resolve({ ok: false, errors: [nothingRuns()] }) : session.join();
  }
}
