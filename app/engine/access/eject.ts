// Makes a disk safe to take out: unmounts it, flushes it, makes sure that no program uses it, and switches it off.
import { constants, existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import type { PlatterError } from '../../contract/errors.ts';
import type { Reason } from '../../contract/facts.ts';
import type { Block } from '../devices/block-devices.ts';
import { refusalsOf } from '../devices/disk-refusals.ts';
import { failure, failureOf, Refusal, refuse } from '../../base/errors.ts';
import { PATIENCE_MS, requestsEnded, unlessStuck } from '../devices/drive-waits.ts';
import { runProgram, SYSTEM_PATH } from '../devices/run-program.ts';
import type { Rights } from './rights.ts';
import type { RightsSession, InspectedDevice } from './rights-session.ts';
import { unmount } from './unmount.ts';

/**
 * Reasons not to switch off `block`, which the user calls `path`; empty when it may be. `held`: numbers of the devices
 * of a job. Pure.
 */
export function againstEjecting(path: string, block: Block | null, held: ReadonlySet<string>): PlatterError[] {
  const no = (code: PlatterError['code'], kind: 'noDisk' | 'jobHasIt' | 'loopDevice' | 'noSwitch'): PlatterError =>
    failure({ code, op: 'eject', device: path, reason: { kind } });
  if (block === null) return [no('NOT_EJECTABLE', 'noDisk')];
  const using = refusalsOf(block, true)
    .filter(({ code, reason }) => code === 'IS_SYSTEM' || code === 'IN_USE' || reason.kind === 'usedAsSwap')
    .map((refusal) => failure({ ...refusal, op: 'eject', device: path }));
  if (using.length > 0) return using;
  if (held.has(block.majorMinor)) return [no('IN_USE', 'jobHasIt')];
  return block.ejectable ? [] : [no('NOT_EJECTABLE', block.type === 'loop' ? 'loopDevice' : 'noSwitch')];
}

/** How a disk is switched off. */
export interface Ejecting {
  /** Asks for the rights that the user and udisks lack. null: do not ask. */
  rights?: Rights | null;
  /** Where sysfs is mounted. */
  sys?: string;
  /** Milliseconds without a finished request after which the drive counts as hanging. */
  patience?: number;
}

/**
 * Unmounts, flushes and switches off a disk that passed `againstEjecting`. Rejects with a Refusal. The disk is then as
 * before, or unmounted; after STALLED (no request finished for `patience` milliseconds) its state is unknown.
 */
export async function eject(
  path: string,
  block: Block,
  { rights = null, sys = '/sys', patience = PATIENCE_MS }: Ejecting = {},
): Promise<void> {
  const seen = { path, realPath: block.path, block };
  if (process.geteuid?.() === 0) {
    await unmount(seen, { patience });
    await unlessStuck(switchOff(path, block, sys), block.majorMinor, patience, () => stuckEjecting(path, patience));
  } else {
    await asUser(seen, patience).catch(async (error: unknown) => {
      if (rights === null || !lacksRights(error)) throw error;
      await asRoot(seen, await sessionFor(seen, rights, error), patience);
    });
  }
  if (!existsSync(`${sys}/dev/block/${block.majorMinor}`)) return;
  refuse({ code: 'IO_ERROR', op: 'eject', device: path, reason: { kind: 'notLetGo' }, remedy: { kind: 'tryAgain' } });
}

async function asUser(seen: Whole, patience: number): Promise<void> {
  await unmount(seen, { patience });
  await haveSwitchedOff(seen.path, seen.block, patience);
}

async function asRoot(seen: Whole, session: RightsSession, patience: number): Promise<void> {
  try {
    await unmount(seen, { session, patience });
    await unlessStuck(session.powerOff(seen), seen.block.majorMinor, patience, () =>
      stuckEjecting(seen.path, patience),
    );
  } finally {
    session.close();
  }
}

type Whole = InspectedDevice & { block: Block };

/**
 * Opens a session for this disk only. When no rights can be had, `before` is thrown instead, because it explains more.
 */
async function sessionFor({ path, block }: Whole, rights: Rights, before: unknown): Promise<RightsSession> {
  try {
    return await rights.session([{ path, block, access: 'write' }]);
  } catch (error) {
    throw error instanceof Refusal && error.errors[0]!.code === 'NOT_PERMITTED' ? before : error;
  }
}

/** True when only the user's rights are missing: no program uses the disk, and the drive did not fail. */
const lacksRights = (error: unknown): boolean =>
  error instanceof Refusal &&
  (error.errors[0]!.code === 'NOT_PERMITTED' || error.errors[0]!.reason.kind === 'notUnmounted');

const stuckEjecting = (path: string, patience: number): Refusal =>
  new Refusal([
    failure({
      code: 'STALLED',
      op: 'eject',
      device: path,
      reason: { kind: 'stuckEjecting', seconds: patience / 1000 },
      remedy: { kind: 'waitEjecting' },
    }),
  ]);

async function switchOff(path: string, block: Block, sys: string): Promise<void> {
  try {
    // While the disk is claimed, nobody can mount it again.
    const disk = await open(block.path, constants.O_RDONLY | constants.O_EXCL);
    try {
      await disk.sync();
      // The kernel makes the disk write its cache and stop, then releases it (drivers/scsi: sd_shutdown).
      await writeFile(`${sys}/block/${block.name}/device/delete`, '1');
    } finally {
      await disk.close();
    }
  } catch (error) {
    throw new Refusal([failureOf(error, 'eject', path, 'block')]);
  }
}

/**
 * Asks udisks to switch the disk off (udisksctl(1)). Writing to sysfs takes root; udisks does it for the user at the
 * machine, where it is installed.
 */
async function haveSwitchedOff(path: string, block: Block, patience: number): Promise<void> {
  const { failed, stderr } = await runProgram(
    'udisksctl',
    ['power-off', '--no-user-interaction', '--block-device', block.path],
    SYSTEM_PATH,
    patience,
    () => requestsEnded(block.majorMinor),
  );
  if (failed === null) return;
  if (failed === 'timeout') throw stuckEjecting(path, patience);
  const said = (stderr.trim().split('\n').at(-1) ?? '').replace(/\.$/, '');
  const reason: Reason = said === '' ? { kind: 'needsUdisks' } : { kind: 'notSwitchedOff', said };
  refuse({ code: 'NOT_PERMITTED', op: 'eject', device: path, reason, remedy: { kind: 'ejectElsewhere' } });
}
