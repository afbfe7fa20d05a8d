// Probes devices whose contents lsblk does not know: util-linux's blkid and wipefs read them, with the rights of this
// process.
import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import * as z from 'zod';
import type { Probed } from './lsblk-output.ts';
import { errnoOf } from '../../base/errors.ts';
import { runProgram, SYSTEM_PATH } from './run-program.ts';

const TIMEOUT_MS = 5000;
/** Probe this many at a time. */
const AT_ONCE = 4;

/** A device to probe. */
interface Unknown {
  /** Kernel name. */
  name: string;
  path: string;
  majorMinor: string;
  /** What lsblk knows of it. */
  listed: Probed;
}

/** A signature that wipefs found: libblkid's name for it ("ext4", "gpt") and its offset in bytes. */
export interface Signature {
  name: string;
  offset: number;
}

const NOTHING: Probed = { fileSystem: null, label: null, partitionTable: null, signatures: null };

const wipefsOutput = z.object({
  signatures: z.array(
    z.object({
      offset: z
        .string()
        .regex(/^0x[0-9a-f]+$/)
        .transform(Number),
      type: z.string(),
    }),
  ),
});

/**
 * Probes `devices`. Gives the contents of each, by kernel name. `signatures` is null when a device may not be read, or
 * does not answer.
 */
export async function probe(devices: readonly Unknown[], path: string): Promise<Map<string, Probed>> {
  const found = new Map<string, Probed>();
  const waiting = [...devices];
  const work = async (): Promise<void> => {
    for (let device = waiting.shift(); device !== undefined; device = waiting.shift())
      found.set(device.name, await look(device, path));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

async function look({ path: device, majorMinor, listed }: Unknown, path: string): Promise<Probed> {
  if (!(await isReadable(device))) return listed;
  // udev runs the same probes: where it has looked, blkid finds nothing more.
  if (!existsSync(`/run/udev/data/b${majorMinor}`)) {
    const { stdout, failed } = await runProgram('blkid', ['-p', '-o', 'export', device], path, TIMEOUT_MS);
    // A device that does not answer would make wipefs wait too.
    if (failed === 'timeout') return listed;
    const probed = parseBlkid(stdout);
    if (probed !== null && !isRaidMember(probed)) return probed;
  }
  const signatures = await signaturesOn(device, path);
  if (signatures === null) return listed;
  const names = namesOf(signatures);
  return names.length <= 1 && listed.fileSystem !== null ? listed : { ...NOTHING, signatures: names };
}

const isRaidMember = ({ fileSystem }: Probed): boolean => fileSystem?.endsWith('_raid_member') === true;

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return false;
  }
}

/** Every signature on a device that libblkid knows; null when it may not be read, or wipefs is missing. Only reads. */
export async function signaturesOn(device: string, path: string = SYSTEM_PATH): Promise<Signature[] | null> {
  const { stdout, failed } = await runProgram('wipefs', ['--no-act', '--json', device], path, TIMEOUT_MS);
  return failed === null ? parseWipefs(stdout) : null;
}

/**
 * Parses the output of `wipefs --json` for one device; null when it is something else. wipefs prints nothing for a
 * device without signatures.
 */
export function parseWipefs(text: string): Signature[] | null {
  if (text.trim() === '') return [];
  try {
    return wipefsOutput.parse(JSON.parse(text)).signatures.map(({ type, offset }) => ({ name: type, offset }));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** Each name once, without the MBR that only protects a GPT. */
export function namesOf(signatures: readonly Signature[]): string[] {
  const names = [...new Set(signatures.map(({ name }) => name))];
  return names.includes('gpt') ? names.filter((name) => name !== 'PMBR') : names;
}

/**
 * Parses the output of `blkid -o export` for one device: KEY=value, with backslashes before shell characters. null when
 * it is empty.
 */
export function parseBlkid(text: string): Probed | null {
  const values = new Map(
    text.split('\n').flatMap((line) => {
      const sign = line.indexOf('=');
      return sign < 0 ? [] : [[line.slice(0, sign), line.slice(sign + 1).replace(/\\(.)/g, '$1')] as const];
    }),
  );
  const fileSystem = values.get('TYPE') ?? null;
  const partitionTable = values.get('PTTYPE') ?? null;
  const signatures = [fileSystem, partitionTable].filter((name) => name !== null);
  return signatures.length === 0
    ? null
    : { fileSystem, label: values.get('LABEL') ?? null, partitionTable, signatures };
}
