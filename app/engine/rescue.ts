// The course of a rescue, as GNU ddrescue does it: first what comes easily, then what was skipped, from its end, down to
// the block; then what stayed unreadable, again and again. What cannot be had is zeros on every destination, and in the
// map. All of it are passes over regions; the map is written after each of them, when what it says is on the media.
import type { RescueProgress } from '../contract.ts';
import { FLUSH_INTERVAL } from './course.ts';
import { Refusal } from './errors.ts';
import { bytesOf, newMap, ranges, setRange, writeMapfile, type RescueMap } from './mapfile.ts';
import type { NativeError } from './native.ts';
import type { PassEnd, Stage } from './stage.ts';
import { place } from './words.ts';

/** Bytes of one region of the first pass: so much is copied again at the most when a rescue is interrupted. */
const REGION = 128 * 1024 * 1024;
const SECTOR = 512;
/** Milliseconds between two writings of the map. */
const MAP_INTERVAL = 1000;
/** More unreadable places than this are told by the map alone. */
const MOST_TOLD = 1000;

interface Region {
  position: number;
  size: number;
}

/** Takes `destinations` of `stage` through a rescue. Resolves when each has ended. */
export async function rescue(stage: Stage, destinations: readonly number[]): Promise<void> {
  await new Rescuer(stage, destinations).run();
}

class Rescuer {
  readonly #stage: Stage;
  readonly #map: RescueMap;
  /** Still written to. */
  #open: readonly number[];
  /** Those that failed somewhere and go on, because that was asked for. */
  readonly #failing = new Set<number>();
  /** The source is gone: nothing more can be had of it. */
  #gone = false;
  #savedAt = 0;

  constructor(stage: Stage, destinations: readonly number[]) {
    const { bytes } = stage.grid;
    this.#stage = stage;
    this.#open = destinations;
    this.#map = stage.prepared.map ?? newMap(bytes);
    const last = this.#map.extents.at(-1);
    const end = last === undefined ? 0 : last.position + last.size;
    if (end < bytes) setRange(this.#map, end, bytes - end, '?');
    for (const destination of destinations) stage.expect(destination, bytes - bytesOf(this.#map, '+'));
  }

  async run(): Promise<void> {
    const head = this.#head();
    if (head !== null) await this.#blank(head);
    const behindHead = head?.size ?? 0;
    await this.#pass('copying', '?', pieces(this.#ranges('?', behindHead), REGION, false), true);
    await this.#pass('scraping', '/', pieces(this.#ranges('*/', behindHead), this.#stage.grid.chunkSize, true), false);
    if (head !== null) await this.#pass('copying', '?', [head], false);
    for (let retry = 1; retry <= this.#stage.request.rescue!.retries && ranges(this.#map, '-').length > 0; retry += 1) {
      await this.#pass('retrying', '-', pieces(this.#ranges('-', 0), this.#stage.grid.chunkSize, retry % 2 === 0), false, retry);
    }
    await this.#end();
  }

  /** The first chunk, when there are disks and nothing of it was rescued before: it is written last, so that what is unfinished looks empty. */
  #head(): Region | null {
    const { grid, prepared } = this.#stage;
    const size = Math.min(grid.chunkSize, grid.bytes);
    const disks = this.#open.some((destination) => prepared.destinations[destination]!.end.kind === 'block');
    const fresh = ranges(this.#map, '+').every(({ position }) => position >= size);
    return disks && fresh ? { position: 0, size } : null;
  }

  async #blank(region: Region): Promise<void> {
    const disks = this.#open.filter((destination) => this.#stage.prepared.destinations[destination]!.end.kind === 'block');
    const end = await this.#stage.perform({
      words: { writing: 'copying', reading: 'verifying' },
      targets: disks.map((destination) => ({ destination })),
      more: (ended) => ended === 'done',
      job: { op: 'zero', source: null, offset: region.position, length: region.size },
    });
    await this.#drop(end);
  }

  #ranges(statuses: string, from: number): Region[] {
    const all = this.#map.extents.filter(({ status }) => statuses.includes(status));
    return all.flatMap(({ position, size }) => {
      const start = Math.max(position, from);
      return start < position + size ? [{ position: start, size: position + size - start }] : [];
    });
  }

  /** Copies regions, one after the other. `skip`: what cannot be read at once is left for later. */
  async #pass(pass: RescueProgress['pass'], status: RescueMap['status'], regions: readonly Region[], skip: boolean, retry = 0): Promise<void> {
    this.#map.status = status;
    this.#map.pass = Math.max(1, retry);
    for (const region of regions) {
      if (this.#stage.cancelled || this.#gone || this.#open.length === 0) return;
      this.#show(pass, retry);
      await this.#copy(this.#sectors(region), skip);
      await this.#save(false);
    }
    this.#show(pass, retry);
  }

  /** Whole sectors: no device reads less. */
  #sectors({ position, size }: Region): Region {
    const start = Math.floor(position / SECTOR) * SECTOR;
    const end = Math.min(Math.ceil((position + size) / SECTOR) * SECTOR, this.#stage.grid.bytes);
    return { position: start, size: end - start };
  }

  async #copy({ position, size }: Region, skip: boolean): Promise<void> {
    const { prepared, request } = this.#stage;
    const end = await this.#stage.perform({
      words: { writing: 'copying', reading: 'verifying' },
      targets: this.#open.map((destination) => ({ destination })),
      more: (ended) => ended === 'done',
      job: {
        op: 'copy', source: prepared.source!.device, offset: position, length: size, verify: prepared.plan.verify, ignoreWrite: request.keepGoing,
        ...(skip ? { skipBad: true, flushInterval: FLUSH_INTERVAL } : { ignoreRead: true }),
      },
    }, isOfSource);
    await this.#drop(end);
    const unread = end.errors.filter(isOfSource);
    const lost = unread.find(({ cause }) => cause === 'gone' || cause === 'stalled');
    if (lost !== undefined) {
      this.#gone = true;
      this.#stage.tell(null, 'read', { code: lost.cause === 'gone' ? 'DEVICE_GONE' : 'STALLED', op: 'read', errno: lost.errno, message: 'The source does not answer any more: the rescue can go on with its map when it does.' });
      return;
    }
    // Only what all that are left have, on their media, is rescued.
    if (this.#stage.cancelled || this.#open.length === 0) return;
    setRange(this.#map, position, size, '+');
    for (const { offset, length } of unread) setRange(this.#map, offset, Math.min(length, position + size - offset), skip ? '*' : '-');
    this.#map.position = position;
  }

  /** Those that failed get no more, unless that was asked for. */
  async #drop({ targets }: PassEnd): Promise<void> {
    for (const { destination, state } of targets) {
      if (state === 'done') continue;
      if (state === 'failed' && this.#stage.request.keepGoing) this.#failing.add(destination);
      else await this.#stage.finish(destination, state);
    }
    this.#open = this.#open.filter((destination) => this.#stage.isOpen(destination));
  }

  #show(pass: RescueProgress['pass'], retry: number): void {
    const [rescued, bad] = [bytesOf(this.#map, '+'), bytesOf(this.#map, '-')];
    this.#stage.rescue = { pass, retry, rescued, bad, left: this.#stage.grid.bytes - rescued - bad };
  }

  async #save(always: boolean): Promise<void> {
    const path = this.#stage.request.rescue!.map;
    if (path === null || (!always && performance.now() - this.#savedAt < MAP_INTERVAL)) return;
    try {
      await writeMapfile(path, this.#map);
      this.#savedAt = performance.now();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#stage.note(`The map could not be written to ${path}: ${error.errors[0]!.message}`);
    }
  }

  async #end(): Promise<void> {
    const whole = !this.#stage.cancelled && !this.#gone;
    if (whole && this.#open.length > 0) this.#map.status = '+';
    await this.#save(true);
    const holes = ranges(this.#map, '-');
    for (const { position, size } of whole ? holes.slice(0, MOST_TOLD) : []) {
      this.#stage.tell(null, 'read', { code: 'MEDIUM_ERROR', op: 'read', offset: position, length: size, message: `Unreadable at ${place(position, size)}: there are zeros on every destination.` });
    }
    if (holes.length > MOST_TOLD) this.#stage.note(`${holes.length - MOST_TOLD} more unreadable places are in the map only.`);
    for (const destination of this.#open) if (whole) await this.#stage.finish(destination, this.#failing.has(destination) ? 'failed' : 'done');
  }
}

const isOfSource = ({ destination }: NativeError): boolean => destination < 0;

/** `regions` in pieces of at most `size` bytes, aligned to it; from the end, if so wished. */
function pieces(regions: readonly Region[], size: number, backwards: boolean): Region[] {
  const cut = regions.flatMap(({ position, size: length }) => {
    const found: Region[] = [];
    for (let at = position; at < position + length;) {
      const end = Math.min(position + length, (Math.floor(at / size) + 1) * size);
      found.push({ position: at, size: end - at });
      at = end;
    }
    return found;
  });
  return backwards ? cut.reverse() : cut;
}
