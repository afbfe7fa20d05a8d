// What lies on devices of which udev has no record: a machine without it, or a moment before it has looked.
import { existsSync } from 'node:fs';
import type { Probed } from './blocks.ts';
import { runProgram } from './programs.ts';

const TIMEOUT_MS = 5000;
/** So many are read from at a time. */
const AT_ONCE = 4;

/** A device to be looked at. */
interface Unknown {
  /** Kernel name. */
  name: string;
  path: string;
  majorMinor: string;
}

/** What util-linux's blkid finds on those of `devices` that udev does not know, by kernel name; nothing where it finds, or may read, nothing. */
export async function probe(devices: readonly Unknown[], path: string): Promise<Map<string, Probed>> {
  const found = new Map<string, Probed>();
  const waiting = devices.filter(({ majorMinor }) => !existsSync(`/run/udev/data/b${majorMinor}`));
  const work = async (): Promise<void> => {
    for (let device = waiting.shift(); device !== undefined; device = waiting.shift()) {
      const { stdout } = await runProgram('blkid', ['-p', '-o', 'export', device.path], path, TIMEOUT_MS);
      const probed = parseBlkid(stdout);
      if (probed !== null) found.set(device.name, probed);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

/** Reads what `blkid -o export` prints of one device: KEY=value, a backslash before what a shell would take. null: nothing. */
export function parseBlkid(text: string): Probed | null {
  const values = new Map(text.split('\n').flatMap((line) => {
    const sign = line.indexOf('=');
    return sign < 0 ? [] : [[line.slice(0, sign), line.slice(sign + 1).replace(/\\(.)/g, '$1')] as const];
  }));
  const probed = { fileSystem: values.get('TYPE') ?? null, label: values.get('LABEL') ?? null, partitionTable: values.get('PTTYPE') ?? null };
  return probed.fileSystem === null && probed.partitionTable === null ? null : probed;
}
