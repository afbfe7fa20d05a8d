// Bays: the sockets of removable drives, numbered as a person counts them. A socket gets its number when a drive is
// first seen in it and keeps it, so "bay 6" stays bay 6. The user can name them and put them in another order.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { bays as baysSchema, type Bay, type KeptBay, type Port } from '../../contract/bays.ts';
import { isRemovable, type Disk } from '../../contract/disks.ts';
import { readPlainFile, replaceFile } from '../../base/durable-file.ts';
import { Refusal, refuse } from '../../base/errors.ts';
import { asJson } from '../../base/json.ts';
import { makeFolder } from '../../base/state-folder.ts';
import { inPortOrder } from './disks.ts';

const MOST_BYTES = 256 * 1024;
/** A state folder that hangs must not delay a list of disks for long. */
const PATIENCE_MS = 1000;

const file = z.object({ format: z.literal('platter-bays'), version: z.literal(1), bays: baysSchema });

const pathIn = (folder: string): string => join(folder, 'bays.json');

/** The bays that `folder` keeps, the first of which is number 1. Rejects with a Refusal when they cannot be read. */
export async function readBays(folder: string): Promise<KeptBay[]> {
  const path = pathIn(folder);
  try {
    const parsed = file.safeParse(asJson((await readPlainFile(path, MOST_BYTES)).toString()));
    if (parsed.success) return parsed.data.bays;
  } catch (error) {
    if (error instanceof Refusal && error.errors.every(({ code }) => code === 'NOT_FOUND')) return [];
    throw error;
  }
  return refuse({
    code: 'BAD_FILE',
    op: 'read',
    device: path,
    reason: { kind: 'baysDamaged' },
    remedy: { kind: 'numberBaysAnew' },
  });
}

/**
 * Those bays; null when they cannot be read now. Drives are listed and written without a number too. A caller that
 * needs the bays themselves uses `readBays` and gets the reason.
 */
export async function baysIfReadable(folder: string): Promise<KeptBay[] | null> {
  const read = readBays(folder).catch((error: unknown) => {
    if (error instanceof Refusal) return null;
    throw error;
  });
  return Promise.race([read, sleep(PATIENCE_MS, null, { ref: false })]);
}

/** Keeps `bays` in `folder`. Rejects with a Refusal when they cannot be stored. */
export async function keepBays(folder: string, bays: readonly KeptBay[]): Promise<void> {
  await makeFolder(folder);
  const content = { format: 'platter-bays', version: 1, bays };
  await replaceFile(pathIn(folder), [Buffer.from(`${JSON.stringify(content, null, 2)}\n`)]);
}

/** True for a drive whose socket is a bay. */
const isForBay = (disk: Disk): boolean => isRemovable(disk) && !disk.system;

/** `bays`, followed by the sockets of removable drives among `disks` that are not among them, in the order of ports. */
export function withNewBays(bays: readonly KeptBay[], disks: readonly Disk[]): readonly KeptBay[] {
  const known = new Set(bays.map(({ port }) => port));
  const found = disks
    .filter(isForBay)
    .flatMap(({ port }) => (port === null || known.has(port.path) ? [] : [port.path]));
  return found.length === 0 ? bays : [...bays, ...[...new Set(found)].sort().map((port) => ({ port, name: null }))];
}

/** The bay of each port that has one, by the port's path. */
export const bayNumbers = (bays: readonly KeptBay[] | null): ReadonlyMap<string, Bay> =>
  new Map((bays ?? []).map(({ port, name }, index) => [port, { number: index + 1, name }]));

/** The same port, with its bay among `bays`. */
export const portIn = (bays: ReadonlyMap<string, Bay>, port: Port): Port => ({
  ...port,
  bay: bays.get(port.path) ?? null,
});

/**
 * The disks in the order of bays. They come with the bays of their ports. A socket that has a removable drive for the
 * first time gets the next number. Where `folder` cannot keep it, the next list tries again.
 */
export async function inBays(disks: Disk[], folder: string): Promise<Disk[]> {
  if (!disks.some((disk) => isForBay(disk) && disk.port?.bay === null)) return disks;
  const kept = await baysIfReadable(folder);
  const all = kept === null ? null : withNewBays(kept, disks);
  if (all !== null && all !== kept) await keepBays(folder, all).catch(unlessRefused);
  const numbers = bayNumbers(all);
  return disks
    .map((disk) => ({ ...disk, port: disk.port === null ? null : portIn(numbers, disk.port) }))
    .sort(inPortOrder);
}

const unlessRefused = (error: unknown): void => {
  if (!(error instanceof Refusal)) throw error;
};
