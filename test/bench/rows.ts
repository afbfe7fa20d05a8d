// The rows of the table: their devices, their entries, and the task of each.
import { canLimitWrites } from '../lab/lab.ts';
import { type Bed, type BedOptions, hasHoles, level, makeBed, mustBeCopies, refill, spoil } from './bed.ts';
import {
  ADDON,
  COMMAND_LINE,
  commandLine,
  engine,
  fanOut,
  fio,
  oneAfterTheOther,
  type Entry,
  type Task,
} from './contenders.ts';
import type { EngineTask } from './engine-run.ts';
import { decodeRows } from './decode.ts';
import { MiB } from './figures.ts';
import { imageRows } from './images.ts';
import { peers } from './peers.ts';
import { usedRows } from './used-blocks.ts';

/** One row with its devices. */
export interface Row {
  /** The devices, which are closed at the end. */
  bed: Pick<Bed, 'close'>;
  /** The name of the entry that is the limit, with which the others are compared. */
  limit: string;
  entries: Entry[];
  /** Called before each run of an entry that writes. */
  before(): Promise<void>;
  /** Called after the first run of each entry. Throws when it did not do its task. */
  check(): Promise<void>;
}

/** A row before its devices are made. */
export interface RowPlan {
  id: string;
  title: string;
  /** Size of each device in bytes, for a given --size. */
  bytes(size: number): number;
  destinations: number;
  make(bytes: number): Promise<Row>;
}

export const ENGINE = 'platter engine';
export const LIMIT = 'limit: one fio';
export const FAN_OUT = 'limit: bare fan-out';
/** The numbers of requests in flight per device that fio tries on devices with latency. */
export const DEPTHS = [4, 8, 16, 32, 64] as const;
const LATENCY_MICROSECONDS = 5000;
const CHANGED = 0.01;

const taskOf = ({ source, destinations, bytes }: Bed): Task => ({
  source: source.device,
  destinations: destinations.map((d) => d.device),
  bytes,
});
const checked = (bed: Bed): Pick<Row, 'before' | 'check'> & { bed: Bed } => ({
  bed,
  before: () => spoil(bed),
  check: () => mustBeCopies(bed),
});
const platter = (name: string, run: Entry['run']): Entry => ({ name, kind: 'platter', run });
const limit = (run: Entry['run'], name = LIMIT, writes = true): Entry => ({ name, kind: 'limit', run, writes });

/** The name of the same run with the engine of --against. */
export const ofOther = (name: string): string => `${name}, the other build`;

/** The addon of --against, with which every run of the engine is repeated; null without that option. */
let otherAddon: string | null = null;

/** Repeats every run of the engine with the addon at `path`. */
export function measureAgainst(path: string): void {
  otherAddon = path;
}

function engines(name: string, task: Task & Partial<EngineTask>, more: Partial<Entry> = {}): Entry[] {
  const entry = (its: string, addon: string): Entry => ({ ...platter(its, () => engine({ ...task, addon })), ...more });
  return [entry(name, ADDON), ...(otherAddon === null ? [] : [{ ...entry(ofOther(name), otherAddon), against: name }])];
}

/** fio writes its own bytes, so its result is not a copy. */
export const makesCopies = ({ kind, writes = true }: Entry): boolean => kind !== 'limit' && writes;

/** Name of the run whose additional processor time is the cost of `hash`. */
export const HASHING = `${ENGINE}, hashing`;

function copyEntries(task: Task): Entry[] {
  return [
    limit(() => fio({ reads: [task.source], writes: task.destinations, bytes: task.bytes })),
    limit(fanOut(task), FAN_OUT),
    ...engines(ENGINE, task),
    ...engines(HASHING, { ...task, hash: true }),
    ...engines(`${ENGINE}, threads`, { ...task, io: 'threads' }),
    platter(COMMAND_LINE, () => commandLine(task, ['--no-verify'])),
    ...peers('copy', task),
  ];
}

const same = (size: number): number => size;
const atMost =
  (most: number) =>
  (size: number): number =>
    Math.min(size, most);

function copyRow(destinations: number): RowPlan {
  return {
    id: `1-${String(destinations)}`,
    title: `1->${String(destinations)}`,
    bytes: same,
    destinations,
    async make(bytes) {
      const bed = await makeBed({ bytes, destinations });
      return { ...checked(bed), limit: LIMIT, entries: copyEntries(taskOf(bed)) };
    },
  };
}

const withVerify: RowPlan = {
  id: 'copy-verify',
  title: '1->4, copy and verify',
  bytes: same,
  destinations: 4,
  async make(bytes) {
    const bed = await makeBed({ bytes, destinations: 4 });
    const task = taskOf(bed);
    const write = (): ReturnType<typeof fio> => fio({ reads: [task.source], writes: task.destinations, bytes });
    const readBack = (): ReturnType<typeof fio> => fio({ reads: task.destinations, writes: [], bytes });
    const entries = [
      limit(() => oneAfterTheOther(write, readBack)),
      ...engines(ENGINE, { ...task, verify: true }),
      platter(COMMAND_LINE, () => commandLine(task, [])),
      ...peers('copy and verify', task),
    ];
    return { ...checked(bed), limit: LIMIT, entries };
  },
};

const fromFile: RowPlan = {
  id: 'file',
  title: 'file->4 devices',
  bytes: same,
  destinations: 4,
  async make(bytes) {
    const bed = await makeBed({ bytes, destinations: 4 });
    return { ...checked(bed), limit: LIMIT, entries: copyEntries({ ...taskOf(bed), source: bed.source.backing }) };
  },
};

const fromSparse: RowPlan = {
  id: 'sparse',
  title: 'file, three quarters holes->4 devices',
  bytes: same,
  destinations: 4,
  async make(bytes) {
    const bed = await makeBed({ bytes, destinations: 4, sparse: true });
    const task = { ...taskOf(bed), source: bed.source.backing };
    const entries = [
      limit(() => fio({ reads: [task.source], writes: task.destinations, bytes })),
      ...engines(ENGINE, { ...task, sparse: true }),
      platter(COMMAND_LINE, () => commandLine(task, ['--no-verify'])),
      ...peers('copy', task),
    ];
    // Holes have freed memory. The next writer must not pay for allocating it again.
    const before = async (): Promise<void> => {
      if (await hasHoles(bed)) await refill(bed);
      await spoil(bed);
    };
    return { ...checked(bed), before, limit: LIMIT, entries };
  },
};

const update: RowPlan = {
  id: 'update',
  title: '1->4, 1 % changed',
  bytes: same,
  destinations: 4,
  async make(bytes) {
    const bed = await makeBed({ bytes, destinations: 4 });
    await level(bed);
    const task = taskOf(bed);
    const entries = [
      limit(() => fio({ reads: [task.source, ...task.destinations], writes: [], bytes }), LIMIT, false),
      ...engines(ENGINE, { ...task, op: 'update' }),
      platter(COMMAND_LINE, () => commandLine(task, ['--update'])),
      ...peers('update', task),
    ];
    return { ...checked(bed), before: () => spoil(bed, CHANGED), limit: LIMIT, entries };
  },
};

const verify: RowPlan = {
  id: 'verify',
  title: '1->4, verify alone',
  bytes: same,
  destinations: 4,
  async make(bytes) {
    const bed = await makeBed({ bytes, destinations: 4 });
    await level(bed);
    const task = taskOf(bed);
    const entries = [
      limit(() => fio({ reads: [task.source, ...task.destinations], writes: [], bytes }), LIMIT, false),
      ...engines(ENGINE, { ...task, op: 'compare' }, { writes: false }),
      { ...platter(COMMAND_LINE, () => commandLine(task, [], 'verify')), writes: false },
      ...peers('verify', task),
    ];
    return { ...checked(bed), limit: LIMIT, entries };
  },
};

// ---- Slow devices

/** A plain disk takes no rules, so these are behind FUSE, with a rate or a delay. */
async function ruled(options: BedOptions, rules: (index: number) => string[]): Promise<Bed> {
  const bed = await makeBed(options);
  try {
    for (const [i, disk] of bed.destinations.entries()) {
      const lines = rules(i);
      if (lines.length > 0) await disk.rule(...lines);
    }
    return bed;
  } catch (error) {
    await bed.close();
    throw error;
  }
}

/** Names in the row with a slow destination: a copy without that destination, and one beside it. */
export const alone = (name: string): string => `${name}, without the slow one`;
export const beside = (name: string): string => `${name}, beside it`;

const slow: RowPlan = {
  id: 'slow',
  title: '1->4, one at 50 MB/s: time of the other three',
  bytes: atMost(512 * MiB),
  destinations: 4,
  async make(bytes) {
    const last = 3;
    const rate = 50_000_000;
    // A program that simulates a slow disk would take processor time from the others.
    const bed =
      canLimitWrites() === null
        ? await makeBed({
            bytes,
            destinations: 4,
            destination: (i) => ({ plain: true, ...(i === last ? { writeRate: rate } : {}) }),
          })
        : await ruled({ bytes, destinations: 4, destination: (i) => ({ plain: i !== last }) }, (i) =>
            i === last ? [`rate w ${String(rate)}`] : [],
          );
    const all = { ...taskOf(bed), slow: last };
    const three: Task = { ...taskOf(bed), destinations: all.destinations.slice(0, last) };
    const pairs = (name: string, without: Entry['run'], withIt: Entry['run'], kind: Entry['kind']): Entry[] => [
      { name: alone(name), kind, run: without },
      { name: beside(name), kind, run: withIt, against: alone(name) },
    ];
    const others = peers('copy', three).map((each, i) => ({ each, withIt: peers('copy', all)[i]! }));
    const entries = [
      limit(() => fio({ reads: [all.source], writes: three.destinations, bytes }), alone(LIMIT)),
      ...pairs(
        ENGINE,
        () => engine(three),
        () => engine(all),
        'platter',
      ),
      ...engines(beside(ENGINE), all, { against: alone(ENGINE) }).slice(1),
      ...others.flatMap(({ each, withIt }) => pairs(each.name, each.run, withIt.run, 'peer')),
    ];
    return { ...checked(bed), check: () => mustBeCopies(bed, last), limit: alone(LIMIT), entries };
  },
};

const seven: RowPlan = {
  id: 'seven',
  title: '1->8 at 50 MB/s, one at 5 MB/s: time of the other seven',
  bytes: atMost(512 * MiB),
  destinations: 8,
  async make(bytes) {
    const last = 7;
    const bed = await ruled({ bytes, destinations: 8, destination: () => ({}) }, (i) => [
      `rate w ${i === last ? '5000000' : '50000000'}`,
    ]);
    const all = { ...taskOf(bed), slow: last };
    const without: Task = { ...taskOf(bed), destinations: all.destinations.slice(0, last) };
    const entries = [...engines(alone(ENGINE), without), ...engines(beside(ENGINE), all)];
    return { ...checked(bed), check: () => mustBeCopies(bed, last), limit: alone(ENGINE), entries };
  },
};

export const atDepth = (depth: number): string => `limit: one fio, ${String(depth)} in flight`;

const latency: RowPlan = {
  id: 'latency',
  title: '1->1, each request takes 5 ms more',
  bytes: atMost(512 * MiB),
  destinations: 1,
  async make(bytes) {
    const delay = `delay rw ${String(LATENCY_MICROSECONDS)}`;
    const bed = await ruled({ bytes, destinations: 1, source: {}, destination: () => ({}) }, () => [delay]);
    await bed.source.rule(delay);
    const task = taskOf(bed);
    const entries = [
      ...DEPTHS.map((depth) =>
        limit(() => fio({ reads: [task.source], writes: task.destinations, bytes, depth }), atDepth(depth)),
      ),
      ...engines(ENGINE, task),
      ...engines(`${ENGINE}, threads`, { ...task, io: 'threads' }),
      ...peers('copy', task),
    ];
    return { ...checked(bed), limit: atDepth(4), entries };
  },
};

/** All rows, in the order of the table. */
export const rows: readonly RowPlan[] = [
  copyRow(1),
  copyRow(4),
  copyRow(8),
  withVerify,
  fromFile,
  fromSparse,
  update,
  verify,
  slow,
  seven,
  latency,
  ...decodeRows,
  ...imageRows,
  ...usedRows,
];
