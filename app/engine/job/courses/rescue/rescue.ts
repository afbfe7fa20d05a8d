// The course of a rescue, in GNU ddrescue's phases. Copying reads what comes easily. Trimming reads what was skipped,
// from both edges inwards to the first bad block. Scraping reads what is between, block by block. Retrying reads what
// stayed unreadable, again and again. What cannot be read is zeros on every destination, and '-' in the map. Each phase
// is made of passes over regions. Map and log are written between them, and tell what is on the media then.
import type { RescueProgress } from '../../../../contract/jobs.ts';
import type { Extent } from '../../../../contract/values.ts';
import { mapOf, newManifest, rescueOf } from '../../../../contract/request-facts.ts';
import { allChunks, intersection, union, isEmpty, noChunks, difference } from '../../../formats/chunk-sets.ts';
import { bytesOf, ranges, setRange, type RescueMap } from '../../../formats/mapfile.ts';
import { chunksOf, reconcile, wholeMap } from '../../../formats/rescue-map.ts';
import type { RunningJob } from '../../pass/running-job.ts';
import { isDisk, zeroHeads } from '../head-last.ts';
import { MapWriter } from './map-writer.ts';
import { isOfSource, RegionCopier } from './region-copier.ts';
import { regionsOf, SECTOR, trim } from './regions.ts';

/** Bytes of one region of the first pass: a power cut costs at most as much. The first one is small. */
const [FIRST_REGION, LARGEST_REGION] = [8 * 1024 * 1024, 128 * 1024 * 1024];
/** Milliseconds that a region should take: below, the next one is larger; above, smaller. */
const [SHORT, LONG] = [2000, 8000];
/** Unreadable places beyond this number are in the map only. */
const MOST_TOLD = 1000;

/**
 * Takes `destinations` through a rescue. `continues`: the log knows what is on them. Resolves when each has ended, or
 * was retried.
 */
export async function rescue(running: RunningJob, destinations: readonly number[], continues: boolean): Promise<void> {
  await new Rescuer(running, destinations, continues).run();
}

class Rescuer {
  readonly #running: RunningJob;
  readonly #map: RescueMap;
  readonly #writer: MapWriter;
  readonly #copier: RegionCopier;
  readonly #continues: boolean;
  readonly #retries: number;
  readonly #all: readonly number[];
  /** Bytes of the next region of the first pass. */
  #regionSize = FIRST_REGION;

  constructor(running: RunningJob, destinations: readonly number[], continues: boolean) {
    const { grid, prepared, request } = running;
    this.#running = running;
    this.#all = destinations;
    this.#map = wholeMap(prepared.map, grid);
    this.#continues = continues;
    this.#retries = rescueOf(request)!.retries;
    this.#writer = new MapWriter(running, mapOf(request));
    this.#copier = new RegionCopier(running, destinations, this.#map);
  }

  async run(): Promise<void> {
    if (this.#continues) await this.#reconcileWithLog();
    for (const destination of this.#all) {
      this.#running.expect(destination, this.#running.grid.bytes - bytesOf(this.#map, '+'));
      this.#running.keep(destination, bytesOf(this.#map, '+'));
    }
    await this.#zeroHoles();
    const head = this.#freshHead();
    if (head !== null) await this.#blankHeads();
    await this.#readAll(head);
    await this.#retryBad();
    await this.#end();
  }

  /**
   * Corrects map and log by each other. A chunk that the log has without a hash may be zeros: where the map does not
   * say, it is read again.
   */
  async #reconcileWithLog(): Promise<void> {
    const { grid, hashes } = this.#running;
    const told = union(hashes.known, chunksOf(this.#map, '+-', { offset: 0, length: grid.bytes }, grid));
    for (const destination of this.#all) await this.#running.withdraw(destination, difference(allChunks(grid), told));
    reconcile(
      this.#map,
      this.#all.map((destination) => this.#running.durable(destination)),
      hashes.known,
      grid,
    );
  }

  /** A map from elsewhere claims what the destinations hold. Makes sure that its bad sectors are zeros there. */
  async #zeroHoles(): Promise<void> {
    const { prepared, grid } = this.#running;
    if (prepared.map === null || this.#continues) return;
    for (const hole of ranges(this.#map, '-')) {
      if (this.#copier.open.length === 0 || this.#running.cancelled) return;
      await this.#copier.zero(hole);
    }
    await this.#copier.record({ offset: 0, length: grid.bytes });
  }

  /**
   * The first chunk, when there are disks and none of it was rescued before; null otherwise. It is written last, so
   * that an unfinished disk looks empty.
   */
  #freshHead(): Extent | null {
    const { grid } = this.#running;
    const length = Math.min(grid.chunkSize, grid.bytes);
    const isFresh = ranges(this.#map, '+').every(({ offset }) => offset >= length);
    return this.#openDisks().length > 0 && isFresh ? { offset: 0, length } : null;
  }

  #openDisks(): number[] {
    return this.#copier.open.filter((destination) => isDisk(this.#running, destination));
  }

  async #blankHeads(): Promise<void> {
    const disks = this.#openDisks();
    await this.#copier.drop(await zeroHeads(this.#running, disks, 'copying'), this.#running.cancelled ? [] : disks);
  }

  /** Every phase but the retries, and then the head. */
  async #readAll(head: Extent | null): Promise<void> {
    const { grid } = this.#running;
    const behindHead = head?.length ?? 0;
    const regions = regionsOf(this.#map, '?', grid, behindHead, () => this.#regionSize);
    await this.#phase('copying', '?', regions, (region) => this.#copyTimed(region));
    await this.#phase('trimming', '*', regionsOf(this.#map, '*', grid, behindHead), (region) => this.#trim(region));
    await this.#phase('scraping', '/', regionsOf(this.#map, '/', grid, behindHead), (region) =>
      this.#copier.copy(region, '-'),
    );
    if (head !== null) await this.#phase('copying', '?', [head], (region) => this.#copier.copy(region, '-'));
  }

  /** Reads bad sectors again, in turn from the start and from the end. */
  async #retryBad(): Promise<void> {
    const { grid } = this.#running;
    for (let retry = 1; retry <= this.#retries && ranges(this.#map, '-').length > 0; retry += 1) {
      const bad = [...regionsOf(this.#map, '-', grid, 0)];
      if (retry % 2 === 0) bad.reverse();
      await this.#phase('retrying', '-', bad, (region) => this.#copier.copy(region, '-', true), retry);
    }
  }

  /** Goes over regions one after the other, as long as there is something to read and a destination to write to. */
  async #phase(
    phase: RescueProgress['pass'],
    status: RescueMap['status'],
    regions: Iterable<Extent>,
    act: (region: Extent) => Promise<unknown>,
    retry = 0,
  ): Promise<void> {
    for (const region of regions) {
      if (this.#copier.isOver) return; // the map then names the phase that was stopped
      this.#map.status = status;
      this.#map.pass = Math.max(1, retry);
      this.#show(phase, retry);
      await act(region);
      await this.#writer.writeIfDue(this.#map);
    }
    this.#show(phase, retry);
  }

  /** Leaves what is between two bad blocks for scraping. */
  async #trim(region: Extent): Promise<void> {
    const { offset, length } = await trim(region, {
      block: Math.max(SECTOR, this.#running.prepared.source!.device.info().logicalBlock),
      copy: (piece, isLast) => this.#copier.copy(piece, isLast ? '-' : '*'),
      isOver: () => this.#copier.isOver,
    });
    if (!this.#copier.isOver) setRange(this.#map, offset, length, '/');
  }

  /** Copies a region of the first pass, and chooses the size of the next by the time that it took. */
  async #copyTimed(region: Extent): Promise<void> {
    const startedAt = performance.now();
    await this.#copier.copy(region, '*');
    const took = performance.now() - startedAt;
    if (took < SHORT) this.#regionSize = Math.min(this.#regionSize * 2, LARGEST_REGION);
    if (took > LONG) this.#regionSize = Math.max(this.#regionSize / 2, this.#running.grid.chunkSize);
  }

  #show(pass: RescueProgress['pass'], retry: number): void {
    const [rescued, bad] = [bytesOf(this.#map, '+'), bytesOf(this.#map, '-')];
    this.#running.rescue = { pass, retry, rescued, bad, left: this.#running.grid.bytes - rescued - bad };
  }

  async #end(): Promise<void> {
    const isComplete = !this.#running.cancelled && !this.#copier.sourceLost;
    const { open } = this.#copier;
    if (isComplete && open.length > 0) this.#map.status = '+';
    await this.#writer.write(this.#map);
    this.#tellHoles(isComplete);
    if (isComplete) await this.#hashRest();
    if (this.#isMapOfSome()) this.#running.note({ kind: 'mapOfDone' });
    if (!isComplete) return;
    for (const destination of open)
      await this.#running.finish(destination, this.#copier.hasBad(destination) ? 'failed' : 'done');
  }

  #tellHoles(isComplete: boolean): void {
    const holes = ranges(this.#map, '-');
    for (const { offset, length } of isComplete ? holes.slice(0, MOST_TOLD) : []) {
      this.#running.report(null, 'read', {
        code: 'MEDIUM_ERROR',
        op: 'read',
        offset,
        length,
        reason: { kind: 'unreadable', place: { offset, length } },
      });
    }
    if (holes.length > MOST_TOLD) this.#running.note({ kind: 'morePlaces', count: holes.length - MOST_TOLD });
  }

  /** True when the map holds for some destinations and not for others. A retried destination will still catch up. */
  #isMapOfSome(): boolean {
    if (mapOf(this.#running.request) === null) return false;
    return (
      this.#copier.open.some((destination) => !this.#copier.hasBad(destination)) &&
      this.#all.some(
        (destination) =>
          this.#copier.hasBad(destination) || (this.#running.owns(destination) && !this.#running.isOpen(destination)),
      )
    );
  }

  /**
   * Hashes, for the manifest, the chunks that were read in pieces. Reads them from a destination that was compared with
   * the source. Chunks known only from the map stay without a hash.
   */
  async #hashRest(): Promise<void> {
    const { grid, request, hashes } = this.#running;
    const destination = this.#copier.open.find((one) => !this.#copier.hasBad(one));
    if (newManifest(request) === null || destination === undefined) return;
    const rescued = chunksOf(this.#map, '+', { offset: 0, length: grid.bytes }, grid);
    const left = difference(intersection(rescued, this.#running.proven(destination)), hashes.known);
    if (isEmpty(left)) return;
    await this.#running.perform(
      {
        words: { writing: 'copying', reading: 'verifying' },
        targets: [{ destination, todo: noChunks(grid), check: left }],
        more: (ended) => ended === 'done',
        job: {
          op: 'copy',
          source: this.#running.device(destination),
          offset: 0,
          length: grid.bytes,
          verify: true,
          hash: true,
          ignoreRead: true,
        },
      },
      isOfSource,
    );
  }
}
