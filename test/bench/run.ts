// Measures all entries in turns, round by round, so that other load on the machine affects all alike.
import type { Kind } from './contenders.ts';
import { sizeText } from './figures.ts';
import type { Sample } from './measure.ts';
import { makesCopies, type Row, type RowPlan } from './rows.ts';

/** The result of an entry. */
export interface EntryResult {
  name: string;
  kind: Kind;
  /** Name of the entry to compare with. */
  against: string;
  samples: Sample[];
  /** Why it has no figures; null when it has. */
  missing: string | null;
}

/** The result of a row. */
export interface RowResult {
  id: string;
  title: string;
  /** Size of each device in bytes. */
  bytes: number;
  destinations: number;
  entries: EntryResult[];
}

export type Say = (line: string) => void;

async function round(row: Row, results: EntryResult[], isFirst: boolean, say: (line: string) => void): Promise<void> {
  for (const [i, entry] of row.entries.entries()) {
    const result = results[i]!;
    if (typeof entry.run === 'string' || result.missing !== null) continue;
    try {
      if (entry.writes !== false) await row.before();
      const sample = await entry.run();
      if (isFirst && makesCopies(entry)) await row.check();
      result.samples.push(sample);
      say(`${entry.name}: ${sample.seconds.toFixed(3)} s`);
    } catch (error) {
      // An entry that fails here gets no figure. The others continue.
      result.missing = `failed: ${error instanceof Error ? error.message : String(error)}`;
      result.samples = [];
      say(`${entry.name}: ${result.missing}`);
    }
  }
}

/** The options of a measurement. `size`: of each device, in bytes. */
export interface Measuring {
  size: number;
  rounds: number;
  withPeers: boolean;
}

/** Makes the devices, runs every entry `rounds` times, and removes the devices. */
export async function measureRow(plan: RowPlan, { size, rounds, withPeers }: Measuring, say: Say): Promise<RowResult> {
  const bytes = plan.bytes(size);
  const row = await plan.make(bytes);
  try {
    row.entries = row.entries.filter(({ kind }) => withPeers || kind !== 'peer');
    const entries = row.entries.map(({ name, kind, run, against = row.limit }): EntryResult => ({
      name,
      kind,
      against,
      samples: [],
      missing: typeof run === 'string' ? run : null,
    }));
    for (let i = 0; i < rounds; i += 1) {
      await round(row, entries, i === 0, (line) =>
        say(`${plan.title}, ${sizeText(bytes)}, round ${String(i + 1)}/${String(rounds)}: ${line}`),
      );
    }
    const { id, title, destinations } = plan;
    return { id, title, bytes, destinations, entries };
  } finally {
    await row.bed.close();
  }
}
