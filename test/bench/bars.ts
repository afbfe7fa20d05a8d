// The bars, with which measurements are compared. Pure: it says met or not met, and asserts nothing.
import { availableParallelism } from 'node:os';
import { COMMAND_LINE } from './contenders.ts';
import { DECODER, ONE_CORE } from './decode.ts';
import type { Extras } from './extras.ts';
import { GiB, median, MiB, straightLine } from './figures.ts';
import { COPYING, DECODING } from './images.ts';
import type { Sample } from './measure.ts';
import { alone, atDepth, beside, DEPTHS, ENGINE, FAN_OUT, HASHING, LIMIT } from './rows.ts';
import type { EntryResult, RowResult } from './run.ts';
import type { StartUp } from './start-up.ts';
import { CLONEZILLA, OURS, OURS_UNVERIFIED } from './used-blocks.ts';
import { ENGINE_LINE, type Plot } from './series.ts';

/** One bar. */
export interface Bar {
  what: string;
  /** "at most 0.70" */
  bar: string;
  /** Null when it was not measured; `why` says why. */
  measured: number | null;
  met: boolean | null;
  /** The figure as text, with its unit. */
  text: string;
}

/** Everything that was measured. */
export interface Results {
  rows: RowResult[];
  plots: Plot[];
  extras: Extras | null;
  /** Null when it was not asked for; else measured, or why not. */
  startUp: StartUp | string | null;
}

/** Median of one figure of an entry; null without samples, or when the figure is unknown. */
export function middle(entry: EntryResult | undefined, of: (sample: Sample) => number | null): number | null {
  const values = (entry?.samples ?? []).map(of).filter((value) => value !== null);
  return values.length === 0 ? null : median(values);
}

export const secondsOf = (entry: EntryResult | undefined): number | null => middle(entry, (s) => s.seconds);

type Limit = { most: number } | { least: number };

function bar(
  what: string,
  limit: Limit,
  measured: number | null,
  write: (value: number) => string,
  why = 'not measured',
): Bar {
  const isMost = 'most' in limit;
  const value = isMost ? limit.most : limit.least;
  const met = measured === null ? null : isMost ? measured <= value : measured >= value;
  return {
    what,
    bar: `${isMost ? 'at most' : 'at least'} ${write(value)}`,
    measured,
    met,
    text: measured === null ? why : write(measured),
  };
}

const times = (value: number): string => `${value.toFixed(2)} x`;
const ratio = (value: number): string => `${value.toFixed(3)} x`;
const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
const mebibytes = (value: number): string => `${(value / MiB).toFixed(1)} MiB`;
const perGiB = (value: number): string => `${value.toFixed(3)} s/GiB`;

const over = (a: number | null, b: number | null): number | null =>
  a === null || b === null || b === 0 ? null : a / b;

/** Looks up measurements for the bars. */
class Lookup {
  private readonly rows: readonly RowResult[];

  constructor(rows: readonly RowResult[]) {
    this.rows = rows;
  }

  entry(row: string, name: string): EntryResult | undefined {
    return this.rows.find(({ id }) => id === row)?.entries.find((e) => e.name === name);
  }

  seconds(row: string, name: string): number | null {
    return secondsOf(this.entry(row, name));
  }

  ofLimit(row: string): number | null {
    return over(this.seconds(row, ENGINE), this.seconds(row, LIMIT));
  }

  /** In words: the same ratio, for the kernel's own work in that time and for the least that a program can do. */
  leastOfLimit(row: string): string {
    const limit = this.seconds(row, LIMIT);
    const kernel = over(
      middle(this.entry(row, ENGINE), (s) => s.kernel ?? null),
      limit,
    );
    const bare = over(this.seconds(row, FAN_OUT), limit);
    const parts = [
      ...(kernel === null ? [] : [`the kernel's own work is ${times(kernel)}`]),
      ...(bare === null ? [] : [`a bare copy without any check ${times(bare)}`]),
    ];
    return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  }

  /** Processor seconds per GiB written to all destinations together. */
  cpu(row: string, name: string): number | null {
    const found = this.rows.find(({ id }) => id === row);
    const seconds = middle(this.entry(row, name), (s) => s.cpu);
    return found === undefined || seconds === null ? null : seconds / ((found.bytes * found.destinations) / GiB);
  }
}

/** The name of the entry of Platter that a row compares with the peers. */
function oursIn(row: string): string {
  if (row === 'slow') return beside(ENGINE);
  if (row.startsWith('decode-')) return DECODER;
  if (row.startsWith('used-')) return OURS;
  return row.startsWith('image-') ? COMMAND_LINE : ENGINE;
}

function againstPeers(rows: readonly RowResult[]): Bar[] {
  return rows.flatMap((row) => {
    const ours = oursIn(row.id);
    const peers = row.entries
      .filter(({ kind, name }) => kind === 'peer' && (row.id !== 'slow' || name.endsWith(beside(''))))
      .flatMap((entry) => {
        const seconds = secondsOf(entry);
        return seconds === null ? [] : [{ name: entry.name, seconds }];
      });
    const [best] = peers.sort((a, b) => a.seconds - b.seconds);
    if (best === undefined) return [];
    const measured = over(secondsOf(row.entries.find(({ name }) => name === ours)), best.seconds);
    return [bar(`${row.title}: time against the fastest peer (${best.name})`, { most: 1 }, measured, times)];
  });
}

function latencyBar(look: Lookup): Bar {
  const depths = DEPTHS.map((depth) => ({ depth, seconds: look.seconds('latency', atDepth(depth)) ?? Infinity }));
  const best = depths.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  const seconds = Number.isFinite(best.seconds) ? best.seconds : null;
  const what = `devices with 5 ms a request: share of fio's best${seconds === null ? '' : ` (${String(best.depth)} in flight)`}`;
  return bar(what, { least: 0.95 }, over(seconds, look.seconds('latency', ENGINE)), percent);
}

function cpuBars(look: Lookup, extras: Extras | null): Bar[] {
  const dd = look.cpu('1-1', 'dd');
  const hashing = typeof extras?.hashing === 'number' ? extras.hashing : null;
  const most = dd === null || hashing === null ? null : dd + hashing;
  return [['1-1', '1->1'] as const, ['1-4', '1->4'] as const].map(([row, title]) => {
    const what = `${title}: processor time of a copy with hashes per GiB written, against dd's and the hashing`;
    return most === null
      ? { what, bar: '-', measured: null, met: null, text: 'not measured' }
      : bar(what, { most }, look.cpu(row, HASHING), perGiB);
  });
}

function memoryBars(look: Lookup): Bar[] {
  const worst = (name: string, of: (sample: Sample) => number): number | null => {
    const peaks = ['1-1', '1-4', '1-8', 'copy-verify'].flatMap((row) => look.entry(row, name)?.samples ?? []).map(of);
    return peaks.length === 0 ? null : Math.max(...peaks);
  };
  const most = { most: 128 * MiB };
  return [
    bar(
      'memory of the process with the engine, resident',
      most,
      worst(ENGINE, (s) => s.memory.resident),
      mebibytes,
    ),
    bar(
      'memory of the command line and its host, their own',
      most,
      worst(COMMAND_LINE, (s) => s.memory.own),
      mebibytes,
    ),
    bar(
      'memory of the command line and its host, resident, added up',
      most,
      worst(COMMAND_LINE, (s) => s.memory.everything),
      mebibytes,
    ),
  ];
}

function plotBars(plots: readonly Plot[]): Bar[] {
  const points = (id: Plot['id']): { x: number; y: number }[] =>
    (plots.find((plot) => plot.id === id)?.series.find(({ name }) => name === ENGINE_LINE)?.points ?? []).map(
      ({ x, seconds }) => ({ x, y: median(seconds) }),
    );
  const [bytes, slow] = [points('bytes'), points('slow-destinations')];
  const [first, last] = [slow[0], slow.at(-1)];
  return [
    bar(
      'time against bytes: farthest point from the straight line',
      { most: 0.1 },
      bytes.length < 3 ? null : straightLine(bytes).worst,
      percent,
    ),
    bar(
      'time for 16 destinations of 25 MB/s against one',
      { most: 1.05 },
      over(last?.y ?? null, first?.y ?? null),
      times,
    ),
  ];
}

function startUpBars(startUp: StartUp | string | null): Bar[] {
  const measured = typeof startUp === 'object' ? startUp : null;
  const why = typeof startUp === 'string' ? startUp : undefined;
  const bare = measured === null ? null : median(measured.bare);
  const isAfter = bare === null ? '' : ` (${bare.toFixed(2)} s to a page)`;
  return [
    bar(
      `start-up of the package to a usable list, warm, against a bare Electron${isAfter}`,
      { most: 1.3 },
      measured === null ? null : over(median(measured.usable), bare),
      times,
      why,
    ),
    bar(
      'what is installed, without Electron',
      { most: 8e6 },
      measured?.bytes ?? null,
      (value) => `${(value / 1e6).toFixed(2)} MB`,
      why,
    ),
  ];
}

/** The decoder of packed images, compared with one core of the format's own decoder. */
function decodeBars(look: Lookup): Bar[] {
  const speed = (row: string): number | null => over(look.seconds(row, ONE_CORE), look.seconds(row, DECODER));
  const time = (row: string): number | null => over(look.seconds(row, DECODER), look.seconds(row, ONE_CORE));
  const cores = availableParallelism();
  const onAll = `as fast as one core, with ${String(cores)} cores`;
  return [
    bar(`decode xz in blocks: ${onAll}`, { least: 0.9 * cores }, speed('decode-xz'), times),
    bar(`decode bzip2: ${onAll}`, { least: 0.9 * cores }, speed('decode-bz2'), times),
    bar(`decode zstd of several frames: ${onAll}`, { least: 0.9 * cores }, speed('decode-zst'), times),
    bar('decode gzip: as fast as zlib', { least: 1.8 }, speed('decode-gz'), times),
    bar('decode xz of one block: time against the decoder alone', { most: 1.05 }, time('decode-xz-one'), times),
    bar('decode zstd of one frame: time against the decoder alone', { most: 1.05 }, time('decode-zst-one'), times),
    bar('decode lz4: time against the decoder alone', { most: 1.05 }, time('decode-lz4'), times),
  ];
}

/** A copy of a packed image, compared with the slower of its two parts. */
const imageBars = (rows: readonly RowResult[]): Bar[] =>
  rows
    .filter(({ id }) => id.startsWith('image-'))
    .map(({ title, entries }) => {
      const seconds = (name: string): number | null => secondsOf(entries.find((entry) => entry.name === name));
      const [decoding, copying] = [seconds(DECODING), seconds(COPYING)];
      const least = decoding === null || copying === null ? null : Math.max(decoding, copying);
      const what = `${title}: time against the longer of decoding alone and raw copying alone`;
      return bar(what, { most: 1.05 }, over(seconds(COMMAND_LINE), least), times);
    });

/** Images of used blocks: their size, and the processors that packing keeps busy. */
const usedBars = (rows: readonly RowResult[]): Bar[] =>
  rows
    .filter(({ id }) => id.startsWith('used-'))
    .flatMap(({ title, entries }) => {
      const find = (name: string): EntryResult | undefined => entries.find((entry) => entry.name === name);
      const bytes = (name: string): number | null => middle(find(name), (s) => s.image ?? null);
      const busy = middle(find(OURS_UNVERIFIED), (s) => over(s.cpu, s.wall));
      return [
        bar(`${title}: size against ${CLONEZILLA}`, { most: 1.04 }, over(bytes(OURS), bytes(CLONEZILLA)), ratio),
        bar(`${title}: processors kept busy`, { least: 0.9 * availableParallelism() }, busy, (n) => n.toFixed(2)),
      ];
    });

/** The engine, compared with the least that a program can do: a copy without any check, or one fio that only reads. */
function leastBars(look: Lookup): Bar[] {
  const bare = (row: string): number | null => over(look.seconds(row, HASHING), look.seconds(row, FAN_OUT));
  return [
    bar('1->1 with hashes: time against a bare copy', { most: 1.05 }, bare('1-1'), times),
    bar('1->4 with hashes: time against a bare copy', { most: 1.05 }, bare('1-4'), times),
    bar('1->8 with hashes: time against a bare copy', { most: 1.05 }, bare('1-8'), times),
    bar("1->4, verify alone: time against one fio's read", { most: 1.04 }, look.ofLimit('verify'), times),
    bar("1->4, update with 1 % changed: time against one fio's read", { most: 1.04 }, look.ofLimit('update'), times),
  ];
}

/** The bars, in the order of the rows. */
export function bars({ rows, plots, extras, startUp }: Results): Bar[] {
  const look = new Lookup(rows);
  const pair = (row: string): number | null =>
    over(look.seconds(row, beside(ENGINE)), look.seconds(row, alone(ENGINE)));
  const manifest = typeof extras?.manifest === 'number' ? extras.manifest : null;
  return [
    bar(`1->1: time against one fio${look.leastOfLimit('1-1')}`, { most: 0.85 }, look.ofLimit('1-1'), times),
    bar(`1->4: time against one fio${look.leastOfLimit('1-4')}`, { most: 0.7 }, look.ofLimit('1-4'), times),
    bar(`1->8: time against one fio${look.leastOfLimit('1-8')}`, { most: 0.85 }, look.ofLimit('1-8'), times),
    bar(
      `1->4, copy and verify: time against one fio and its read-back${look.leastOfLimit('copy-verify')}`,
      { most: 0.75 },
      look.ofLimit('copy-verify'),
      times,
    ),
    bar(
      '1->4, copy and verify: how much faster than etcher-sdk',
      { least: 1.7 },
      over(look.seconds('copy-verify', 'etcher-sdk'), look.seconds('copy-verify', ENGINE)),
      times,
    ),
    ...leastBars(look),
    ...againstPeers(rows),
    bar('1->4, one at 50 MB/s: time of the others against without it', { most: 1.02 }, pair('slow'), ratio),
    bar('1->8 at 50 MB/s, one at a tenth: time of the others against without it', { most: 1.02 }, pair('seven'), ratio),
    latencyBar(look),
    ...decodeBars(look),
    ...imageBars(rows),
    ...usedBars(rows),
    ...cpuBars(look, extras),
    ...memoryBars(look),
    bar(
      'manifest, for each TB',
      { most: 20 * MiB },
      manifest,
      mebibytes,
      typeof extras?.manifest === 'string' ? extras.manifest : undefined,
    ),
    ...plotBars(plots),
    ...startUpBars(startUp),
  ];
}
