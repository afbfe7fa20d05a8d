// Drives that are plugged in while a job runs, and the review of the one that shall join it.
import { isRemovable, type Disk } from '../../app/contract/disks.ts';
import type { PlatterError } from '../../app/contract/errors.ts';
import { MAX_DESTINATIONS } from '../../app/contract/limits.ts';
import type { Plan } from '../../app/contract/jobs.ts';
import { rescueOf } from '../../app/contract/request-facts.ts';
import type { AppState, Bridge, JobView, Review } from '../../app/contract/window.ts';
import { isComplete, tilesOf } from '../../app/view/destination-progress.ts';
import { drivesOf } from '../../app/view/drives.ts';
import { destinationLock, driveTitle, endpointTitle, identity } from '../disk-facts.ts';
import { say } from '../words.ts';
import type { Asking } from './asking.ts';
import type { Mirror } from './mirror.svelte.ts';

/** A drive that was plugged in during the job. */
export interface Offer {
  /** Tells it from the same drive when that is plugged in again. */
  key: string;
  disk: Disk;
  /** "Bay 6 · SanDisk Ultra Fit" */
  name: string;
  /** Why it cannot join, in words; null when it can be asked for. */
  lock: string | null;
  /** The job has already verified it. */
  isDone: boolean;
}

/** Why nothing came of a review, and of which drive. */
interface Left {
  why: 'ended' | 'stopped' | 'unplugged';
  name: string;
}

/** A drive under this path, since it was plugged in. */
const keyOf = (disk: Disk): string => JSON.stringify([identity(disk), disk.diskSequence]);

/** The drives that can join the running job. */
export class Joining implements Asking {
  busy = $state.raw<'checking' | 'starting' | null>(null);
  refusals = $state.raw<readonly PlatterError[]>([]);
  /** The drive of the last call: its key and name. */
  asked = $state.raw<Pick<Offer, 'key' | 'name'> | null>(null);
  /** The review that ended without an answer. */
  #left = $state.raw<Left | null>(null);
  /** Keys of the drives that came during the job, oldest first, and of those that shall not be offered. */
  #come = $state.raw<readonly string[]>([]);
  #ignored = $state.raw<readonly string[]>([]);
  #job: number | null = null;
  #here: readonly string[] = [];
  #shown: Review | null = null;
  /** The person has answered or left the review, so its end is no news. */
  #answered = false;
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  /** The review of the drive that waits for consent; null for none. */
  get review(): Review | null {
    return this.#mirror.state?.joining ?? null;
  }

  /** The drives to offer. Those of unfinished destinations are not: their tiles have what can be done. */
  readonly offers: Offer[] = $derived.by(() => {
    const { job, disks, state } = this.#mirror;
    if (job === null || !takesDrives(job) || state?.station?.phase === 'armed') return [];
    const used = drivesOf(job.plan.destinations, disks);
    const tiles = tilesOf(job);
    return this.#come.flatMap((key) => {
      const disk = disks.find((each) => keyOf(each) === key);
      if (disk === undefined || this.#ignored.includes(key)) return [];
      const tile = tiles[used.indexOf(disk)];
      if (tile !== undefined && !isComplete(tile)) return [];
      return [{ key, disk, name: driveTitle(disk), lock: lockOf(disk, job.plan), isDone: tile !== undefined }];
    });
  });

  /** What became of the last review when it ended by itself, in words; empty for nothing. */
  get news(): string {
    return this.#left === null ? '' : say(`joining.${this.#left.why}`, { name: this.#left.name });
  }

  /** Takes the newest state. Gives the drives that can join since then. */
  follow(state: AppState): Offer[] {
    const { job, joining } = state;
    const now = state.disks.map(keyOf);
    const startedAt = job?.startedAt ?? null;
    if (startedAt === null || startedAt !== this.#job) this.#begin(startedAt, now);
    const before = this.#come;
    const come = state.disks.filter((disk) => !this.#here.includes(keyOf(disk)) && isOffered(disk)).map(keyOf);
    const left = before.filter((key) => now.includes(key));
    if (come.length > 0 || left.length < before.length) this.#come = [...left, ...come];
    this.#here = now;
    this.#followReview(job, joining, state.disks);
    return this.offers.filter(({ key, lock }) => come.includes(key) && lock === null);
  }

  /** Has this drive checked for the job; on success main's state holds its review. */
  async ask({ key, name, disk }: Offer): Promise<void> {
    if (this.busy !== null) return;
    this.asked = { key, name };
    this.#left = null;
    this.refusals = [];
    this.busy = 'checking';
    const outcome = await this.#mirror.ask(this.#bridge.prepareJoin(disk.path));
    this.busy = null;
    // Nothing is told to the person who gave it up.
    if (outcome?.ok === false) this.refusals = outcome.errors.filter(({ code }) => code !== 'CANCELLED');
  }

  async start(id: string): Promise<void> {
    if (this.busy !== null) return;
    this.busy = 'starting';
    this.#answered = true;
    const { asked } = this;
    const outcome = await this.#mirror.ask(this.#bridge.join(id));
    this.busy = null;
    this.refusals = outcome?.ok === false ? outcome.errors : [];
    // Without consent the review stays.
    if (this.review !== null) this.#answered = false;
    if (outcome?.ok === true && asked !== null) this.ignore(asked.key);
  }

  /** Leaves the review, or gives up the check. */
  async dismissReview(): Promise<void> {
    this.#answered = true;
    this.refusals = [];
    await this.#mirror.ask(this.#bridge.leaveJoin());
  }

  /** Offers this drive no more, until it is plugged in again. */
  ignore(key: string): void {
    this.#ignored = [...this.#ignored, key];
    if (this.asked?.key === key) this.refusals = [];
  }

  #begin(job: number | null, now: readonly string[]): void {
    this.#job = job;
    this.#here = now;
    this.#come = [];
    this.#ignored = [];
    this.#left = null;
    this.refusals = [];
  }

  #followReview(job: JobView | null, joining: Review | null, disks: readonly Disk[]): void {
    const was = this.#shown;
    this.#shown = joining;
    const name = was === null ? '' : endpointTitle(was.plan.destinations[0]!);
    if (joining === null) {
      if (was !== null && !this.#answered) this.#left = { why: whyOver(job), name };
      this.#answered = false;
      return;
    }
    if (was?.id !== joining.id) this.#left = null;
    const [end] = joining.plan.destinations;
    if (this.#answered || disks.some(({ path }) => path === end!.realPath)) return;
    this.#left = { why: 'unplugged', name: endpointTitle(end!) };
    void this.dismissReview();
  }
}

const whyOver = (job: JobView | null): Left['why'] =>
  job?.phase === 'ended' ? 'ended' : job?.phase === 'cancelling' ? 'stopped' : 'unplugged';

/** Loop devices are in the list only where somebody asked for them. */
const isOffered = (disk: Disk): boolean => !disk.system && (isRemovable(disk) || disk.kind === 'loop');

/** The host decides (engine/admission/join.ts). This keeps offers away that it would refuse for every drive. */
const takesDrives = ({ phase, plan }: JobView): boolean =>
  phase === 'running' && (plan.kind === 'copy' || plan.kind === 'resume') && rescueOf(plan.request) === null;

function lockOf(disk: Disk, { source, bytes, destinations }: Plan): string | null {
  if (destinations.length >= MAX_DESTINATIONS) return say('choose.most', { most: MAX_DESTINATIONS });
  return destinationLock(disk, source === null ? null : { image: source.realPath, bytes }, 'copy');
}
