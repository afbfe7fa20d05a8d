// Starting one destination of a running job again.
import type { JobError, PlatterError } from '../../contract/errors.ts';
import type { DestinationResult } from '../../contract/jobs.ts';
import { updates, writes } from '../../contract/request-facts.ts';
import { Answers } from '../../base/slow-answers.ts';
import { onceFree } from '../access/busy.ts';
import { errnoOf, failureOf, hasStalled, isRefusedAccess, Refusal, refuse, throwIfAny } from '../../base/errors.ts';
import { refusals } from './refusals.ts';
import type { End, HeldEnd } from '../devices/ends.ts';
import { inspectExisting } from '../devices/inspect-paths.ts';
import { moveLock } from '../access/locks.ts';
import { difference, loggedEnd, pathNow } from './logged-end.ts';
import { idOf } from '../devices/file-ids.ts';
import type { Blocks } from '../devices/block-devices.ts';
import { isSequence, readBlocks } from '../devices/lsblk.ts';
import type { NativeDevice } from '../native/addon.ts';
import { isHeld, type Held, type Prepared } from './prepared.ts';
import type { RightsSession } from '../access/rights-session.ts';

/**
 * Throws a Refusal unless a destination that ended with `end` can be started again. null: it has not ended, or the job
 * takes no requests.
 */
export function refuseRetry(path: string, end: DestinationResult['state'] | null, errors: readonly JobError[]): void {
  if (end === null) refuse({ code: 'BAD_ARGUMENT', op: 'check', device: path, reason: { kind: 'notFailed' } });
  if (end === 'done') refuse({ code: 'NOTHING_TO_DO', op: 'check', device: path, reason: { kind: 'isDone' } });
  // The kernel may still hold old writes, which could reach the medium after new ones.
  if (hasStalled(errors)) refuse({ code: 'STALLED', op: 'check', device: path, reason: { kind: 'stillWaits' } });
}

/**
 * Checks that a destination is the same as before, and reopens it when it was plugged in again. Returns the reopened
 * destination; null when the old one is still open. `keepSession` takes a new session, which the caller closes. Rejects
 * with a Refusal when the destination is missing or another one, or when `signal` stops this, because opening a drive
 * can take for ever.
 */
export async function reopenForRetry(
  prepared: Prepared,
  destination: number,
  signal: AbortSignal,
  keepSession: (session: RightsSession) => void,
): Promise<HeldEnd | null> {
  const held = prepared.destinations[destination]!;
  const { end, device } = held;
  if (held.naming !== null) {
    const info = device!.info();
    if (idOf(held.naming.part) === `file:${info.major}:${info.minor}:${info.inode}`) return null;
    refuse({ code: 'CHANGED', op: 'check', device: end.path, reason: { kind: 'partMissing' } });
  }
  const blocks = await readBlocks();
  const known = loggedEnd(prepared.plan.destinations[destination]!, end);
  const found = await inspectExisting(pathNow(known, blocks), blocks);
  if (found.end === null) throw new Refusal([found.error]);
  const changed = difference(known, found.end, false);
  if (changed !== null) refuse({ code: 'CHANGED', op: 'check', device: end.path, reason: changed });
  if (found.end.block === null && found.end.id === end.id) return null;
  throwIfAny(refusalsNow(prepared, held, found, blocks));
  const now = { ...found.end, path: end.path };
  try {
    const opening = reopen(prepared, now, signal, keepSession);
    const anew = await new Answers(0, () => undefined, signal).of(end.path, opening, 'block', (late) => late.close());
    try {
      if (!isFound(anew, found.end))
        refuse({ code: 'CHANGED', op: 'check', device: end.path, reason: { kind: 'identityChanged' } });
      const written = writes(prepared.request.kind);
      await moveLock(prepared.addon, device, { end: found.end, device: anew, written });
    } catch (error) {
      anew.close();
      throw error;
    }
    return { end: now, device: anew };
  } catch (error) {
    // EBUSY here is our own claim. A drive that had been away would have lost it, so the device is still open.
    const errno = error instanceof Refusal ? error.errors[0]!.errno : errnoOf(error);
    if (device !== null && found.end.id === end.id && errno === 'EBUSY') return null;
    throw error instanceof Refusal ? error : new Refusal([failureOf(error, 'open', end.path, 'block')]);
  }
}

/** True when the device that was opened is the one that was found. */
function isFound(device: NativeDevice, { id, size, block }: End): boolean {
  const info = device.info();
  return `block:${info.major}:${info.minor}` === id && info.size === size && isSequence(block, info);
}

/** Every reason not to write the destination `held` where it was found now. */
function refusalsNow(
  { request, grid, source, destinations }: Prepared,
  held: Held,
  found: { end: End },
  blocks: Blocks,
): PlatterError[] {
  // One that was let go may be out, and its path another drive's.
  const others = destinations.filter((other) => other !== held && isHeld(other)).map(({ end }) => ({ end }));
  const { kind } = request;
  return refusals(
    { kind, update: updates(request), unmount: false, bytes: grid.bytes, data: null },
    source && { end: source.end },
    [...others, found],
    blocks,
  ).filter((error) => error.device === found.end.path);
}

/**
 * Opens a drive that came back. It is another device to the kernel, so the session that opened the old one may refuse
 * it.
 */
async function reopen(
  { addon, rights, sessions, request: { kind } }: Prepared,
  end: End,
  signal: AbortSignal,
  keepSession: (session: RightsSession) => void,
): Promise<NativeDevice> {
  const access = writes(kind) ? 'write' : 'read';
  try {
    return await onceFree(() => addon.openDevice(end.realPath, writes(kind) ? { write: true, exclusive: true } : {}));
  } catch (error) {
    if (rights === null || !isRefusedAccess(error)) throw error;
  }
  const known = sessions.find((session) => session.has(end));
  if (known !== undefined) return known.open(end, access);
  const session = await rights.session([{ path: end.path, block: end.block!, access }], signal);
  // The job was stopped in the meantime and no longer closes sessions.
  if (signal.aborted) session.close();
  else keepSession(session);
  return session.open(end, access);
}
