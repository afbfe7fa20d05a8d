// Batches of the same job, one after the other: which drives are done, and which have come for the next batch.
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { isRemovable, type Disk } from '../../app/contract/disks.ts';
import type { Endpoint } from '../../app/contract/jobs.ts';
import { rescueOf } from '../../app/contract/request-facts.ts';
import type { AppState, JobView } from '../../app/contract/window.ts';
import { isComplete, tilesOf } from '../../app/view/destination-progress.ts';
import { driveOf } from '../../app/view/drives.ts';
import { identity } from '../disk-facts.ts';
import type { Choice } from './choice.svelte.ts';

/** A drive of an earlier batch. */
export interface Earlier {
  /** The number of its batch. */
  batch: number;
  /** It has all of its data. */
  complete: boolean;
}

/** A drive by what it says of itself, wherever it is plugged in. */
const nameplate = ({ model, serial, size }: Pick<Endpoint, 'model' | 'serial' | 'size'>): string | null =>
  serial === null ? null : JSON.stringify([model, serial, size]);

/** A drive in its socket. When the kernel counts, another drive in the same socket is another one. */
const insertion = (disk: Disk): string => `${identity(disk)} ${disk.diskSequence ?? ''}`;

/**
 * True when the job can be done again with other drives: a copy to drives that went well for some of them. A rescue,
 * and a job whose engine broke down, is continued instead.
 */
export function canRepeat(job: JobView): boolean {
  const { phase, failure, plan } = job;
  return (
    phase === 'ended' &&
    failure === null &&
    plan.kind === 'copy' &&
    plan.source !== null &&
    rescueOf(plan.request) === null &&
    tilesOf(job).some((tile) => tile.endpoint.kind === 'block' && isComplete(tile))
  );
}

/** Counts the batches of a job, and chooses the drives that arrive for the next one. */
export class Batch {
  /** 1 until a job is done again. */
  number = $state(1);
  /** The next batch has no drives yet, and takes those that arrive. */
  waiting = $state(false);
  readonly #choice: Choice;
  /** Drives of earlier batches by their nameplates; null for one that two drives have. */
  readonly #known = new SvelteMap<string, Earlier | null>();
  /** Drives of earlier batches that have been plugged in ever since. */
  readonly #still = new SvelteMap<string, Earlier>();
  /** The job that ended last, and what has been plugged in since its end. */
  #ended: number | null = null;
  readonly #present = new SvelteSet<string>();
  /** Drives that were chosen once. The user may drop them again. */
  readonly #taken = new SvelteSet<string>();

  constructor(choice: Choice) {
    this.#choice = choice;
    choice.isSpared = (disk) => this.earlierOf(disk) !== null;
  }

  /** The earlier batch of this drive; null for a drive that was in none. */
  earlierOf(disk: Disk): Earlier | null {
    const plate = nameplate(disk);
    return this.#still.get(insertion(disk)) ?? (plate === null ? null : (this.#known.get(plate) ?? null));
  }

  /** Another batch of the ended `job` begins. Call this while the job is shown. */
  begin(job: JobView, disks: readonly Disk[]): void {
    const mine = new SvelteMap<string, Earlier | null>();
    for (const tile of tilesOf(job)) {
      const { endpoint } = tile;
      if (endpoint.kind !== 'block') continue;
      const earlier = { batch: this.number, complete: isComplete(tile) };
      const plate = nameplate(endpoint);
      if (plate !== null) mine.set(plate, mine.has(plate) ? null : earlier);
      const disk = driveOf(endpoint, disks);
      // Without a serial number, the drive in its socket may be the next one already.
      if (disk !== undefined && this.#present.has(insertion(disk))) this.#still.set(insertion(disk), earlier);
    }
    for (const [plate, earlier] of mine) this.#known.set(plate, this.#known.get(plate) === null ? null : earlier);
    this.number += 1;
    this.waiting = true;
  }

  /** What follows is no batch of the same job. */
  end(): void {
    this.number = 1;
    this.waiting = false;
    this.#known.clear();
    this.#still.clear();
    this.#taken.clear();
  }

  /**
   * Follows the drives, and chooses those that have arrived since the last job ended. `isBusy`: the choice must not
   * change now.
   */
  follow(state: AppState, isBusy: boolean): void {
    this.#look(state);
    const { job, review, disks } = state;
    if (job !== null && job.phase !== 'ended') {
      this.waiting = false;
      if (job.plan.kind !== 'copy') this.end();
    }
    if (!this.waiting || job !== null || review !== null || isBusy) return;
    if (this.#choice.options.task === 'copy') for (const disk of disks) this.#take(disk);
    else this.end();
  }

  #look({ job, disks, disksError }: AppState): void {
    // A list that could not be read says of no drive that it went.
    if (disksError !== null) return;
    const now = disks.map(insertion);
    if (job?.phase === 'ended' && job.startedAt !== this.#ended) {
      this.#ended = job.startedAt;
      this.#present.clear();
      for (const each of now) this.#present.add(each);
    }
    for (const before of [this.#present, this.#taken, this.#still])
      for (const each of before.keys()) if (!now.includes(each)) before.delete(each);
  }

  #take(disk: Disk): void {
    const each = insertion(disk);
    if (this.#present.has(each) || this.#taken.has(each) || this.earlierOf(disk) !== null) return;
    if (!isRemovable(disk) || disk.system || this.#choice.lockOf(disk) !== null) return;
    this.#taken.add(each);
    if (!this.#choice.has(disk)) this.#choice.toggle(disk);
  }
}
