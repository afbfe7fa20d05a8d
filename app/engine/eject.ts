// Makes a disk safe to take out: unmounted, flushed, nobody's, and switched off.
import { constants, existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import type { PlatterError } from '../contract/errors.ts';
import type { Block } from './blocks.ts';
import { refusalsOf } from './disks.ts';
import { failure, failureOf, Refusal, refuse } from './errors.ts';
import { PATIENCE_MS, requestsEnded, whenStuck } from './patience.ts';
import { runProgram, SYSTEM_PATH } from './programs.ts';
import { unmount } from './unmount.ts';
import { number } from './words.ts';

/** Why `block`, which the user calls `path`, is not switched off; none when it may be. `held`: numbers of the devices of a job. Pure. */
export function againstEjecting(path: string, block: Block | null, held: ReadonlySet<string>): PlatterError[] {
  const no = (code: PlatterError['code'], message: string): PlatterError => failure({ code, op: 'eject', device: path, message });
  if (block === null) return [no('NOT_EJECTABLE', 'It is no disk.')];
  const using = refusalsOf(block, true).filter(({ code }) => code === 'IS_SYSTEM' || code === 'IN_USE').map((refusal) => failure({ ...refusal, op: 'eject', device: path }));
  if (using.length > 0) return using;
  if (held.has(block.majorMinor)) return [no('IN_USE', 'The job that is prepared or running has it.')];
  return block.ejectable ? [] : [no('NOT_EJECTABLE', block.type === 'loop' ? 'It is a loop device: there is nothing to take out.' : 'The system has no way to switch it off.')];
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
  refuse({ code: 'IO_ERROR', op: 'eject', device: path, message: 'It is flushed and unmounted, but the system did not let it go.', advice: 'Try again.' });
}

/** Switches it off, and does not wait for a drive that does not answer. */
function unlessStuck(path: string, block: Block, sys: string, patience: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopWaiting = whenStuck(() => requestsEnded(block.majorMinor), patience, () => reject(stuck(path, patience)));
    switchOff(path, block, sys).finally(stopWaiting).then(resolve, reject);
  });
}

const stuck = (path: string, patience: number): Refusal => new Refusal([failure({
  code: 'STALLED', op: 'eject', device: path, message: `It is unmounted, but not switched off: the drive has not answered for ${number(patience / 1000)} seconds.`,
  advice: 'Wait for the drive and try again; if it stays so, unplug it, which can lose what it has not written yet.',
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
  const reason = stderr.trim().split('\n').at(-1) ?? '';
  refuse({
    code: 'NOT_PERMITTED', op: 'eject', device: path, advice: 'Eject it with the desktop\'s file manager, or run Platter with sudo.',
    message: reason === '' ? 'Switching it off takes udisks, or an administrator\'s rights.' : `It was not switched off: ${reason.replace(/\.$/, '')}.`,
  });
}
