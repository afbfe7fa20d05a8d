// Does a process wait for a device that does not answer? A clock cannot tell, but the kernel can: a thread in such a
// wait sleeps uninterruptibly (state D) and does not wake up.
import { readdirSync, readFileSync } from 'node:fs';
import { unlessErrno } from '../base/errors.ts';

/** For each thread that sleeps uninterruptibly: how often it has gone to sleep so far, by thread. */
export type Waits = ReadonlyMap<string, string>;

/**
 * The threads of the process `pid` that sleep uninterruptibly now. Empty when it is gone. `proc` is where procfs is
 * mounted.
 */
export function waitsOf(pid: number, proc = '/proc'): Waits {
  const folder = `${proc}/${pid}/task`;
  const waits = new Map<string, string>();
  for (const thread of entries(folder)) {
    const status = contents(`${folder}/${thread}/status`);
    const [, state] = /^State:\s*(\S)/mu.exec(status) ?? [];
    const [, switches] = /^voluntary_ctxt_switches:\s*(\d+)/mu.exec(status) ?? [];
    if (state === 'D' && switches !== undefined) waits.set(thread, switches);
  }
  return waits;
}

/** True when a thread was in the same wait from `before` to `now`. */
export const isStuck = (before: Waits, now: Waits): boolean =>
  [...now].some(([thread, switches]) => before.get(thread) === switches);

/** A thread can end while it is inspected. */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH', 'ENOTDIR']);
const entries = (folder: string): string[] => unlessErrno([], () => readdirSync(folder), GONE);
const contents = (path: string): string => unlessErrno('', () => readFileSync(path, 'latin1'), GONE);
