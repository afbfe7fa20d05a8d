// Starting one destination of a running job again.
import type { JobError } from '../contract/errors.ts';
import { writes, type DestinationResult } from '../contract/jobs.ts';
import { errnoOf, Refusal, refuse, failureOf, failure } from './errors.ts';
import { refusals } from './guard.ts';
import { inspectExisting } from './inspect.ts';
import { difference, loggedEnd, pathNow } from './logged-end.ts';
import { idOf, readBlocks } from './machine.ts';
import type { Prepared } from './prepare.ts';

/** Throws a Refusal unless a destination that ended so (null: it has not, or nothing can be asked of the job) can be started again. */
export function refuseRetry(path: string, end: DestinationResult['state'] | null, errors: readonly JobError[]): void {
  if (end === null) refuse({ code: 'BAD_ARGUMENT', op: 'check', device: path, reason: { kind: 'notFailed' } });
  if (end === 'done') refuse({ code: 'NOTHING_TO_DO', op: 'check', device: path, reason: { kind: 'isDone' } });
  // What the kernel still holds could be written after what is written now.
  if (errors.some(({ code }) => code === 'STALLED')) refuse({ code: 'STALLED', op: 'check', device: path, reason: { kind: 'stillWaits' } });
}

/**
 * Makes sure that a destination is the one it was, and opens it again when it was plugged in anew. Rejects with a Refusal
 * when it is not there, or is another one.
 */
export async function reopenForRetry(prepared: Prepared, destination: number): Promise<void> {
  const held = prepared.destinations[destination]!;
  const { end, device } = held;
  if (held.naming !== null) {
    const info = device!.info();
    if (idOf(held.naming.part) === `file:${info.major}:${info.minor}:${info.inode}`) return;
    refuse({ code: 'CHANGED', op: 'check', device: end.path, reason: { kind: 'partMissing' } });
  }
  const blocks = await readBlocks();
  const known = loggedEnd(prepared.plan.destinations[destination]!, end);
  const found = await inspectExisting(pathNow(known, blocks), blocks);
  if (found.end === null) throw new Refusal([found.error]);
  const changed = difference(known, found.end, false);
  if (changed !== null) refuse({ code: 'CHANGED', op: 'check', device: end.path, reason: changed });
  if (found.end.block === null && found.end.id === end.id) return;
  const others = prepared.destinations.filter((other) => other !== held).map((other) => ({ end: other.end }));
  const { kind, update } = prepared.request;
  const errors = refusals({ kind, update, unmount: false, bytes: prepared.grid.bytes }, prepared.source && { end: prepared.source.end }, [...others, found], blocks);
  const own = errors.filter((error) => error.device === found.end.path);
  if (own.length > 0) throw new Refusal(own);
  try {
    const anew = await prepared.addon.openDevice(found.end.realPath, writes(kind) ? { write: true, exclusive: true } : {});
    const { major, minor, size } = anew.info();
    if (`block:${major}:${minor}` !== found.end.id || size !== found.end.size) {
      anew.close();
      throw new Refusal([failure({ code: 'CHANGED', op: 'check', device: end.path, reason: { kind: 'identityChanged' } })]);
    }
    prepared.left.push(device!);
    held.device = anew;
    held.end = { ...found.end, path: end.path };
  } catch (error) {
    // Its own hold on it, which a drive that was away would have lost: it is the one that is open.
    if (found.end.id === end.id && errnoOf(error) === 'EBUSY') return;
    throw error instanceof Refusal ? error : new Refusal([failureOf(error, 'open', end.path, 'block')]);
  }
}
