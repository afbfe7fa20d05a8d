// Makes a disk safe to take out: unmounted, flushed, nobody's, and switched off.
import { constants, existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import type { PlatterError } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import type { Block } from './blocks.ts';
import { refusalsOf } from './disks.ts';
import { failure, failureOf, Refusal, refuse } from './errors.ts';
import { PATIENCE_MS, requestsEnded, whenStuck } from './patience.ts';
import { runProgram, SYSTEM_PATH } from './programs.ts';
import { unmount } from './unmount.ts';

/** Why `block`, which the user calls `path`, is not switched off; none when it may be. `held`: numbers of the devices of a job. Pure. */
export function againstEjecting(path: string, block: Block | null, held: ReadonlySet<string>): PlatterError[] {
  const no = (code: PlatterError['code'], kind: 'noDisk' | 'jobHasIt' | 'loopDevice' | 'noSwitch'): PlatterError => failure({ code, op: 'eject', device: path, reason: { kind } });
  if (block === null) return [no('NOT_EJECTABLE', 'noDisk')];
  const using = refusalsOf(block, true).filter(({ code }) => code === 'IS_SYSTEM' || code === 'IN_USE').map((refusal) => failure({ ...refusal, op: 'eject', device: path }));
  if (using.length > 0) return using;
  if (held.has(block.majorMinor)) return [no('IN_USE', 'jobHasIt')];
  return block.ejectable ? [] : [no('NOT_EJECTABLE', block.type === 'loop' ? 'loopDevice' : 'noSwitch')];
}

/**
 * Unmounts, flushes and switches off a disk that may be (`againstEjecting`). Rejects with a Refusal: then it is as it was,
 * or unmounted; or, when the drive ends no request for `patience` milliseconds (STALLED), nobody knows yet. `sys` is where
 * sysfs is mounted.
 */
export async function eject(path: string, block: Block, sys = '/sys', patience = PATIENCE_MS): Promise<void> {
  await unmount(path, block.majorMinor, null, patience);
  await (process.geteuid?.() === 0 ? unlessStuck(path, block, sys, patience) : haveSwitchedOff(path, block, patience));
  if (!existsSync(`${sys}/dev/block/${block.majorMinor}`)) return;
  refuse({ code: 'IO_ERROR', op: 'eject', device: path, reason: { kind: 'notLetGo' }, remedy: { kind: 'tryAgain' } });
}

/** Switches it off, and does not wait for a drive that does not answer. */
function unlessStuck(path: string, block: Block, sys: string, patience: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopWaiting = whenStuck(() => requestsEnded(block.majorMinor), patience, () => reject(stuck(path, patience)));
    switchOff(path, block, sys).finally(stopWaiting).then(resolve, reject);
  });
}

const stuck = (path: string, patience: number): Refusal => new Refusal([failure({
  code: 'STALLED', op: 'eject', device: path, reason: { kind: 'stuckEjecting', seconds: patience / 1000 }, remedy: { kind: 'waitEjecting' },
})]);

async function switchOff(path: string, block: Block, sys: string): Promise<void> {
  try {
    // While it is claimed nobody mounts it again.
    const disk = await open(block.path, constants.O_RDONLY | constants.O_EXCL);
    try {
      await disk.sync();
      // The kernel has the disk write its cache and stop, and lets it go (drivers/scsi: sd_shutdown).
      await writeFile(`${sys}/block/${block.name}/device/delete`, '1');
    } finally {
      await disk.close();
    }
  } catch (error) {
    throw new Refusal([failureOf(error, 'eject', path, 'block')]);
  }
}

/** Only root may; for who sits at the desktop udisks does the same (udisksctl(1)), if it is there. */
async function haveSwitchedOff(path: string, block: Block, patience: number): Promise<void> {
  const { failed, stderr } = await runProgram('udisksctl', ['power-off', '--no-user-interaction', '--block-device', block.path], SYSTEM_PATH, patience, () => requestsEnded(block.majorMinor));
  if (failed === null) return;
  if (failed === 'timeout') throw stuck(path, patience);
  const said = (stderr.trim().split('\n').at(-1) ?? '').replace(/\.$/, '');
  const reason: Reason = said === '' ? { kind: 'needsUdisks' } : { kind: 'notSwitchedOff', said };
  refuse({ code: 'NOT_PERMITTED', op: 'eject', device: path, reason, remedy: { kind: 'ejectElsewhere' } });
}
