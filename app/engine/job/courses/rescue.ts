// The course of a rescue, as GNU ddrescue does it. Copying: what comes easily. Trimming: what was skipped, from both of its
// edges inwards to the first bad block. Scraping: what is between, block by block. Retrying: what stayed unreadable, again
// and again. What cannot be had is zeros on every destination, and '-' in the map. All of it are passes over regions; map
// and log are written between them, of what is on the media then.
import type { RescueProgress } from '../../../contract/jobs.ts';
import { Answers } from '../../../base/answers.ts';
import {
  allChunks,
  both,
  chunksIn,
  chunksOfErrors,
  either,
  isEmpty,
  noChunks,
  without,
} from '../../formats/chunk-sets.ts';
import { chunkRanges, hasChunk, markChunks } from '../../formats/chunks.ts';
import { FLUSH_INTERVAL } from './course.ts';
import { hasStalled, reasonOf, Refusal } from '../../../base/errors.ts';
import { isDisk, zeroHeads } from './head-last.ts';
import { bytesOf, ranges, setRange, writeMapfile, type RangeStatus, type RescueMap } from '../../formats/mapfile.ts';
import type { NativeError } from '../../native/addon.ts';
import { chunksOf, chunksWithin, reconcile, wholeMap, type Region } from '../../formats/rescue-map.ts';
import type { PassOutcome, RunningJob } from '../running-job.ts';

/** Bytes of one region of the first pass: so much at most is copied again when the computer loses power. The first is small. */
const [FIRST_REGION, LARGEST_REGION] = [8 * 1024 * 1024, 128 * 1024 * 1024];
/** Milliseconds that a region should take: the next one is larger below, smaller above. */
const [SHORT, LONG] = [2000, 8000];
const SECTOR = 512;
/** Milliseconds between two writings of the map. */
const MAP_INTERVAL = 1000;
/** More unreadable places than this are told by the map alone. */
const MOST_TOLD = 1000;

/**
 * Takes `destinations` of `running` through a rescue; `again`: a second time, so what is on their media is theirs already.
 * Resolves when each has ended, or was started again.
 */
export async function rescue(running: RunningJob, destinations: readonly number[], again = false): Promise<void> {
  await new Rescuer(running, destinations, again || running.prepared.resumed !== null).run();
}

class Rescuer {
  readonly #running: RunningJob;
  readonly #map: RescueMap;
  /** The log knows what is on the destinations. */
  readonly #goesOn: boolean;
  readonly #all: readonly number[];
  /** Still written to. */
  #open: readonly number[];
  /** Chunks that could not be written to a destination that goes on all the same. */
  readonly #bad = new Map<number, Uint8Array>();
  /** The source is gone: nothing more can be had of it. */
  #gone = false;
  #savedAt = 0;
  readonly #answers: Answers;
  /** The map's file system does not answer: nothing more is written there. */
  #silent = false;
  /** Bytes of the next region of the first pass. */
  #region = FIRST_REGION;

  constructor(running: RunningJob, destinations: readonly number[], goesOn: boolean) {
    const { grid, prepared } = running;
    this.#running = running;
    this.#all = destinations;
    this.#open = destinations;
    this.#map = wholeMap(prepared.map, grid);
    this.#goesOn = goesOn;
    this.#answers = new Answers(running.request.stallTimeout, () => undefined);
  }

  async run(): Promise<void> {
    if (this.#goesOn) await this.#goOn();
    for (const destination of this.#all) {
      this.#running.expect(destination, this.#running.grid.bytes - bytesOf(this.#map, '+'));
      this.#running.keep(destination, bytesOf(this.#map, '+'));
    }
    await this.#takeOver();
    const head = this.#head();
    if (head !== null) {
      const disks = this.#open.filter((destination) => isDisk(this.#running, destination));
      await this.#drop(await zeroHeads(this.#running, disks, 'copying'), this.#running.cancelled ? [] : disks);
    }
    const behindHead = head?.size ?? 0;
    const { chunkSize } = this.#running.grid;
    await this.#pass(
      'copying',
      '?',
      this.#pieces('?', behindHead, () => this.#region),
      (region) => this.#copyTimed(region),
    );
    await this.#pass(
      'trimming',
      '*',
      this.#pieces('*', behindHead, () => chunkSize),
      (region) => this.#trim(region),
    );
    await this.#pass(
      'scraping',
      '/',
      this.#pieces('/', behindHead, () => chunkSize),
      (region) => this.#copy(region, '-'),
    );
    if (head !== null) await this.#pass('copying', '?', [head], (region) => this.#copy(region, '-'));
    for (
      let retry = 1;
      retry <= this.#running.request.rescue!.retries && ranges(this.#map, '-').length > 0;
      retry += 1
    ) {
      const bad = [...this.#pieces('-', 0, () => chunkSize)];
      await this.#pass(
        'retrying',
        '-',
        retry % 2 === 0 ? bad.reverse() : bad,
        (region) => this.#copy(region, '-', true),
        retry,
      );
    }
    await this.#end();
  }

  /** Map and log by each other. What the log has without a hash may be zeros: where the map does not say, it is read again. */
  async #goOn(): Promise<void> {
    const { grid, hashes } = this.#running;
    const told = either(hashes.known, chunksOf(this.#map, '+-', { position: 0, size: grid.bytes }, grid));
    for (const destination of this.#all) await this.#running.withdraw(destination, without(allChunks(grid), told));
    reconcile(
      this.#map,
      this.#all.map((destination) => this.#running.durable(destination)),
      hashes.known,
      grid,
    );
  }

  /** A map from elsewhere says what is on the destinations; that its holes are zeros there is seen to now. */
  async #takeOver(): Promise<void> {
    const { prepared, grid } = this.#running;
    if (prepared.map === null || this.#goesOn) return;
    for (const { position, size } of ranges(this.#map, '-').map((region) => this.#sectors(region))) {
      if (this.#open.length === 0 || this.#running.cancelled) return;
      await this.#drop(
        await this.#running.perform({
          words: { writing: 'copying', reading: 'verifying' },
          targets: this.#open.map((destination) => ({ destination })),
          more: (ended) => ended === 'done',
          job: { op: 'zero', source: null, offset: position, length: size },
        }),
        this.#open,
      );
    }
    await this.#account({ position: 0, size: grid.bytes });
  }

  /** The first chunk, when there are disks and nothing of it was rescued before: it is written last, so that what is unfinished looks empty. */
  #head(): Region | null {
    const { grid } = this.#running;
    const size = Math.min(grid.chunkSize, grid.bytes);
    const disks = this.#open.some((destination) => isDisk(this.#running, destination));
    const fresh = ranges(this.#map, '+').every(({ position }) => position >= size);
    return disks && fresh ? { position: 0, size } : null;
  }

  /**
   * What of the map has this status now, from an offset on, in pieces: within one chunk, or of whole chunks up to multiples of `most`
   * bytes, which is asked for each.
   */
  *#pieces(status: RangeStatus, from: number, most: () => number): Generator<Region, void, void> {
    const { chunkSize } = this.#running.grid;
    for (const { position, size } of ranges(this.#map, status)) {
      for (let at = Math.max(position, from); at < position + size;) {
        const whole = at % chunkSize === 0 ? Math.floor((position + size) / chunkSize) * chunkSize : at;
        const step = whole > at ? most() : chunkSize;
        const end = Math.min(position + size, (Math.floor(at / step) + 1) * step);
        yield { position: at, size: end - at };
        at = end;
      }
    }
  }

  /** Goes over regions, one after the other, for as long as there is something to read and somebody to write to. */
  async #pass(
    pass: RescueProgress['pass'],
    status: RescueMap['status'],
    regions: Iterable<Region>,
    act: (region: Region) => Promise<unknown>,
    retry = 0,
  ): Promise<void> {
    for (const region of regions) {
      if (this.#over) return; // and the map names the phase in which that was
      this.#map.status = status;
      this.#map.pass = Math.max(1, retry);
      this.#show(pass, retry);
      await act(region);
      await this.#save(false);
    }
    this.#show(pass, retry);
  }

  get #over(): boolean {
    return this.#running.cancelled || this.#gone || this.#open.length === 0;
  }

  /** Whole sectors: no device reads less. */
  #sectors({ position, size }: Region): Region {
    const start = Math.floor(position / SECTOR) * SECTOR;
    const end = Math.min(Math.ceil((position + size) / SECTOR) * SECTOR, this.#running.grid.bytes);
    return { position: start, size: end - start };
  }

  /** From both edges inwards. What is left between two bad blocks is for scraping. */
  async #trim(region: Region): Promise<void> {
    const behind = await this.#edge(region, false);
    const { position, size } = await this.#edge(behind, true);
    if (!this.#over) setRange(this.#map, position, size, '/');
  }

  /** Copies from one edge of a region on, up to its first bad block, which is found by taking more at a time, then less. Gives what is left. */
  async #edge(region: Region, backwards: boolean): Promise<Region> {
    const block = Math.max(SECTOR, this.#running.prepared.source!.device.info().logicalBlock);
    let left = region;
    let length = block;
    for (let grows = true; left.size > 0 && !this.#over;) {
      const size = Math.min(length, left.size);
      const piece = { position: backwards ? left.position + left.size - size : left.position, size };
      const single = size <= block;
      const good = await this.#copy(piece, single ? '-' : '*');
      if (good || single) left = { position: backwards ? left.position : left.position + size, size: left.size - size };
      if (!good && single) return left;
      grows = good && (grows || single);
      length = grows ? size * 2 : Math.max(block, Math.floor(size / 2 / block) * block);
    }
    return left;
  }

  /** Copies a region of the first pass, and chooses the size of the next by the time that it took. */
  async #copyTimed(region: Region): Promise<void> {
    const startedAt = performance.now();
    await this.#copy(region, '*');
    const took = performance.now() - startedAt;
    if (took < SHORT) this.#region = Math.min(this.#region * 2, LARGEST_REGION);
    if (took > LONG) this.#region = Math.max(this.#region / 2, this.#running.grid.chunkSize);
  }

  /**
   * Copies a region to those that lack it (`all`: to all). '*': what cannot be read at once is left for later; '-': what
   * cannot be read is zeros. True when all of it was read.
   */
  async #copy(wanted: Region, unreadable: '*' | '-', all = false): Promise<boolean> {
    const { prepared, request, grid } = this.#running;
    const region = this.#sectors(wanted);
    const targets = this.#open.flatMap((destination) => {
      const todo = all ? null : this.#lacking(destination, region);
      return todo !== null && isEmpty(todo) ? [] : [{ destination, ...(todo === null ? {} : { todo, check: todo }) }];
    });
    if (targets.length === 0) {
      // Those that lacked it are not here any more: the others have it as it was.
      setRange(this.#map, region.position, region.size, this.#map.status === '/' ? '-' : '+');
      return true;
    }
    const end = await this.#running.perform(
      {
        words: { writing: 'copying', reading: 'verifying' },
        targets,
        more: (ended) => ended === 'done',
        job: {
          op: 'copy',
          source: prepared.source!.device,
          offset: region.position,
          length: region.size,
          verify: prepared.plan.verify,
          hash: true,
          ignoreWrite: request.keepGoing,
          ...(unreadable === '*' ? { skipBad: true, flushInterval: FLUSH_INTERVAL } : { ignoreRead: true }),
        },
      },
      isOfSource,
    );
    for (const { destination } of end.targets) {
      const bad = chunksOfErrors(end.errors, destination, grid);
      if (isEmpty(bad)) continue;
      this.#bad.set(destination, either(this.#badOf(destination), bad));
      await this.#running.withdraw(destination, bad);
    }
    const unread = end.errors.filter(isOfSource);
    const lost = unread.find(({ cause }) => cause === 'gone' || cause === 'stalled');
    if (this.#running.cancelled || lost !== undefined) await this.#takePart(region, end);
    await this.#drop(
      end,
      targets.map(({ destination }) => destination),
    );
    if (lost !== undefined) {
      this.#gone = true;
      this.#running.tell(null, 'read', {
        code: lost.cause === 'gone' ? 'DEVICE_GONE' : 'STALLED',
        op: 'read',
        errno: lost.errno,
        reason: { kind: 'sourceSilent' },
      });
      return false;
    }
    // Only what all that are left have, on their media, is rescued.
    if (this.#over) return false;
    setRange(this.#map, region.position, region.size, '+');
    for (const { offset, length } of unread)
      setRange(this.#map, offset, Math.min(length, region.position + region.size - offset), unreadable);
    this.#map.position = region.position;
    await this.#account(region);
    return unread.length === 0;
  }

  /** Of a region that was cut short: what all have that were written to without an error is rescued. */
  async #takePart(region: Region, { targets, errors, durable }: PassOutcome): Promise<void> {
    const { grid } = this.#running;
    const { first } = chunksWithin(region, grid);
    const sound = targets
      .map(({ destination }) => destination)
      .filter((destination) => isEmpty(chunksOfErrors(errors, destination, grid)));
    if (first * grid.chunkSize !== region.position || sound.length === 0) return;
    const parts = sound.map((destination) => {
      const part = noChunks(grid);
      for (const range of durable)
        if (range.destination === destination) markChunks(part, first + range.first, range.count, true);
      return part;
    });
    const shared = without(parts.reduce(both), chunksOfErrors(errors, -1, grid));
    for (const range of chunkRanges(shared, chunksIn(grid))) {
      const position = range.first * grid.chunkSize;
      setRange(this.#map, position, Math.min(range.count * grid.chunkSize, grid.bytes - position), '+');
    }
    for (const destination of sound) await this.#running.found(destination, shared);
  }

  /** The chunks of a region of whole chunks that a destination lacks, numbered from the region's start; of another region, null when it lacks the chunk. */
  #lacking(destination: number, region: Region): Uint8Array | null {
    const { grid } = this.#running;
    const durable = this.#running.durable(destination);
    const { first, count } = chunksWithin(region, grid);
    if (first * grid.chunkSize !== region.position || count === 0)
      return hasChunk(durable, Math.floor(region.position / grid.chunkSize)) ? new Uint8Array(1) : null;
    const lacking = new Uint8Array(Math.ceil(count / 8));
    for (let chunk = 0; chunk < count; chunk += 1)
      if (!hasChunk(durable, first + chunk)) markChunks(lacking, chunk, 1, true);
    return lacking;
  }

  /** Into the log: what of a region is settled, and so is on the media of all that are left but where it could not be written. */
  async #account(region: Region): Promise<void> {
    const settled = chunksOf(this.#map, '+-', region, this.#running.grid);
    for (const destination of this.#open)
      await this.#running.found(destination, without(settled, this.#badOf(destination)));
  }

  #badOf(destination: number): Uint8Array {
    return this.#bad.get(destination) ?? noChunks(this.#running.grid);
  }

  /** Those of a pass over `asked` that failed get no more, unless that was asked for; nor do those that were started again meanwhile. */
  async #drop({ targets }: PassOutcome, asked: readonly number[]): Promise<void> {
    for (const { destination, state } of targets) {
      if (state === 'done' || (state === 'failed' && this.#running.request.keepGoing && this.#bad.has(destination)))
        continue;
      await this.#running.finish(destination, state);
    }
    const left = asked.filter((destination) => targets.every((target) => target.destination !== destination));
    this.#open = this.#open.filter((destination) => this.#running.isOpen(destination) && !left.includes(destination));
  }

  #show(pass: RescueProgress['pass'], retry: number): void {
    const [rescued, bad] = [bytesOf(this.#map, '+'), bytesOf(this.#map, '-')];
    this.#running.rescue = { pass, retry, rescued, bad, left: this.#running.grid.bytes - rescued - bad };
  }

  async #save(always: boolean): Promise<void> {
    const path = this.#running.request.rescue!.map;
    if (path === null || this.#silent || (!always && performance.now() - this.#savedAt < MAP_INTERVAL)) return;
    try {
      await this.#answers.of(path, writeMapfile(path, this.#map));
      this.#savedAt = performance.now();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#silent = hasStalled(error.errors);
      this.#running.note({ kind: 'mapNotWritten', path, reason: reasonOf(error) });
    }
  }

  async #end(): Promise<void> {
    const whole = !this.#running.cancelled && !this.#gone;
    if (whole && this.#open.length > 0) this.#map.status = '+';
    await this.#save(true);
    const holes = ranges(this.#map, '-');
    for (const { position, size } of whole ? holes.slice(0, MOST_TOLD) : []) {
      this.#running.tell(null, 'read', {
        code: 'MEDIUM_ERROR',
        op: 'read',
        offset: position,
        length: size,
        reason: { kind: 'unreadable', place: { offset: position, length: size } },
      });
    }
    if (holes.length > MOST_TOLD) this.#running.note({ kind: 'morePlaces', count: holes.length - MOST_TOLD });
    if (whole) await this.#hashRest();
    const good = this.#open.some((destination) => !this.#bad.has(destination));
    // Those that were started again get it yet.
    if (
      good &&
      this.#all.some(
        (destination) =>
          this.#bad.has(destination) || (this.#running.owns(destination) && !this.#running.isOpen(destination)),
      ) &&
      this.#running.request.rescue!.map !== null
    ) {
      this.#running.note({ kind: 'mapOfDone' });
    }
    for (const destination of this.#open)
      if (whole) await this.#running.finish(destination, this.#bad.has(destination) ? 'failed' : 'done');
  }

  /**
   * For the manifest: what came in pieces has no hash yet. It is read from a destination, where that was compared with the source.
   * What only the map says is there stays a hole.
   */
  async #hashRest(): Promise<void> {
    const { grid, request, hashes } = this.#running;
    const destination = this.#open.find((one) => !this.#bad.has(one));
    if (request.saveManifest === null || destination === undefined) return;
    const rescued = chunksOf(this.#map, '+', { position: 0, size: grid.bytes }, grid);
    const left = without(both(rescued, this.#running.proven(destination)), hashes.known);
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

const isOfSource = ({ destination }: NativeError): boolean => destination < 0;
