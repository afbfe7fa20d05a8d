// Copies regions of a rescue's source to its destinations, and keeps the map of what could be read.
import type { Extent } from '../../../../contract/values.ts';
import {
  intersection,
  chunksIn,
  chunksOfErrors,
  union,
  isEmpty,
  noChunks,
  difference,
} from '../../../formats/chunk-sets.ts';
import { chunkRanges, hasChunk, markChunks } from '../../../formats/chunks.ts';
import { setRange, type RescueMap } from '../../../formats/mapfile.ts';
import { chunksOf, chunksWithin } from '../../../formats/rescue-map.ts';
import type { NativeError } from '../../../native/addon.ts';
import type { PassRequest, Target } from '../../pass/pass.ts';
import type { PassOutcome, RunningJob } from '../../pass/running-job.ts';
import { FLUSH_INTERVAL } from '../write.ts';
import { wholeSectors } from './regions.ts';

/** The destinations of a rescue, and what they have. */
export class RegionCopier {
  readonly #running: RunningJob;
  readonly #map: RescueMap;
  /** Destinations that are still written to. */
  #open: readonly number[];
  /** Chunks that could not be written, of destinations that keep going. */
  readonly #bad = new Map<number, Uint8Array>();
  /** The source is gone: nothing more can be read from it. */
  #sourceLost = false;

  constructor(running: RunningJob, destinations: readonly number[], map: RescueMap) {
    this.#running = running;
    this.#open = destinations;
    this.#map = map;
  }

  /** Destinations that are still written to. */
  get open(): readonly number[] {
    return this.#open;
  }

  get sourceLost(): boolean {
    return this.#sourceLost;
  }

  /** True when nothing more can be copied. */
  get isOver(): boolean {
    return this.#running.cancelled || this.#sourceLost || this.#open.length === 0;
  }

  /** True for a destination with chunks that could not be written. */
  hasBad(destination: number): boolean {
    return this.#bad.has(destination);
  }

  /**
   * Copies a region to the destinations that lack it (`all`: to all). What cannot be read gets the status `unreadable`:
   * '*' is left for later, '-' is zeros. True when all of it was read.
   */
  async copy(wanted: Extent, unreadable: '*' | '-', all = false): Promise<boolean> {
    const region = wholeSectors(wanted, this.#running.grid);
    const targets = this.#open.flatMap((destination): Target[] => {
      if (all) return [{ destination }];
      const todo = this.#lacking(destination, region);
      if (todo === null) return [{ destination }];
      return isEmpty(todo) ? [] : [{ destination, todo, check: todo }];
    });
    if (targets.length === 0) {
      // The destinations that lacked it are closed by now: the others have it as it was.
      setRange(this.#map, region.offset, region.length, this.#map.status === '/' ? '-' : '+');
      return true;
    }
    const outcome = await this.#running.perform(
      {
        words: { writing: 'copying', reading: 'verifying' },
        targets,
        more: (ended) => ended === 'done',
        job: this.#jobOf(region, unreadable),
      },
      isOfSource,
    );
    await this.#withdrawBad(outcome);
    const unread = outcome.errors.filter(isOfSource);
    const lost = unread.find(({ cause }) => cause === 'gone' || cause === 'stalled');
    if (this.#running.cancelled || lost !== undefined) await this.#recordPart(region, outcome);
    await this.drop(
      outcome,
      targets.map(({ destination }) => destination),
    );
    if (lost !== undefined) this.#loseSource(lost);
    // Only what all open destinations have on their media is rescued.
    if (this.isOver) return false;
    setRange(this.#map, region.offset, region.length, '+');
    for (const { offset, length } of unread)
      setRange(this.#map, offset, Math.min(length, region.offset + region.length - offset), unreadable);
    this.#map.position = region.offset;
    await this.record(region);
    return unread.length === 0;
  }

  /** Writes zeros over a region of all open destinations. */
  async zero(wanted: Extent): Promise<void> {
    const { offset, length } = wholeSectors(wanted, this.#running.grid);
    const outcome = await this.#running.perform({
      words: { writing: 'copying', reading: 'verifying' },
      targets: this.#open.map((destination) => ({ destination })),
      more: (ended) => ended === 'done',
      job: { op: 'zero', source: null, offset, length },
    });
    await this.drop(outcome, this.#open);
  }

  /**
   * Puts the settled chunks of a region into the log of each open destination, except those that could not be written
   * there.
   */
  async record(region: Extent): Promise<void> {
    const settled = chunksOf(this.#map, '+-', region, this.#running.grid);
    for (const destination of this.#open)
      await this.#running.found(destination, difference(settled, this.#badOf(destination)));
  }

  /**
   * Ends the destinations that failed in a pass over `asked`, unless they keep going past bad blocks. Those that are
   * not in the outcome were retried meanwhile.
   */
  async drop({ targets }: PassOutcome, asked: readonly number[]): Promise<void> {
    for (const { destination, state } of targets) {
      const keepsGoing = state === 'failed' && this.#running.request.keepGoing && this.#bad.has(destination);
      if (state !== 'done' && !keepsGoing) await this.#running.finish(destination, state);
    }
    const retried = asked.filter((destination) => targets.every((target) => target.destination !== destination));
    this.#open = this.#open.filter(
      (destination) => this.#running.isOpen(destination) && !retried.includes(destination),
    );
  }

  #jobOf({ offset, length }: Extent, unreadable: '*' | '-'): PassRequest['job'] {
    const { prepared, request } = this.#running;
    return {
      op: 'copy',
      source: prepared.source!.device,
      offset,
      length,
      verify: prepared.plan.verify,
      hash: true,
      ignoreWrite: request.keepGoing,
      ...(unreadable === '*' ? { skipBad: true, flushInterval: FLUSH_INTERVAL } : { ignoreRead: true }),
    };
  }

  async #withdrawBad({ targets, errors }: PassOutcome): Promise<void> {
    for (const { destination } of targets) {
      const bad = chunksOfErrors(errors, destination, this.#running.grid);
      if (isEmpty(bad)) continue;
      this.#bad.set(destination, union(this.#badOf(destination), bad));
      await this.#running.withdraw(destination, bad);
    }
  }

  #loseSource({ cause, errno }: NativeError): void {
    this.#sourceLost = true;
    this.#running.report(null, 'read', {
      code: cause === 'gone' ? 'DEVICE_GONE' : 'STALLED',
      op: 'read',
      errno,
      reason: { kind: 'sourceSilent' },
    });
  }

  /** Records what is rescued of a region that was cut short: what every destination without a write error has. */
  async #recordPart(region: Extent, { targets, errors, durable }: PassOutcome): Promise<void> {
    const { grid } = this.#running;
    const { first, count } = chunksWithin(region, grid);
    const sound = targets
      .map(({ destination }) => destination)
      .filter((destination) => isEmpty(chunksOfErrors(errors, destination, grid)));
    // Trimming copies parts of chunks. A durable part makes no durable chunk.
    if (first * grid.chunkSize !== region.offset || count === 0 || sound.length === 0) return;
    const parts = sound.map((destination) => {
      const part = noChunks(grid);
      for (const range of durable)
        if (range.destination === destination) markChunks(part, first + range.first, range.count, true);
      return part;
    });
    const shared = difference(parts.reduce(intersection), chunksOfErrors(errors, -1, grid));
    for (const range of chunkRanges(shared, chunksIn(grid))) {
      const offset = range.first * grid.chunkSize;
      setRange(this.#map, offset, Math.min(range.count * grid.chunkSize, grid.bytes - offset), '+');
    }
    for (const destination of sound) await this.#running.found(destination, shared);
  }

  /**
   * The chunks of a region that a destination lacks, numbered from the region's start. For a region that is not of
   * whole chunks: no chunks when the destination has the chunk, null when it lacks it.
   */
  #lacking(destination: number, region: Extent): Uint8Array | null {
    const { grid } = this.#running;
    const durable = this.#running.durable(destination);
    const { first, count } = chunksWithin(region, grid);
    if (first * grid.chunkSize !== region.offset || count === 0)
      return hasChunk(durable, Math.floor(region.offset / grid.chunkSize)) ? new Uint8Array(1) : null;
    const lacking = new Uint8Array(Math.ceil(count / 8));
    for (let chunk = 0; chunk < count; chunk += 1)
      if (!hasChunk(durable, first + chunk)) markChunks(lacking, chunk, 1, true);
    return lacking;
  }

  #badOf(destination: number): Uint8Array {
    return this.#bad.get(destination) ?? noChunks(this.#running.grid);
  }
}

/** Holds back errors of the source: what stays unreadable is reported at the end. */
export const isOfSource = ({ destination }: NativeError): boolean => destination < 0;
