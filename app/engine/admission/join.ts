// Another disk for a job that runs: checked, opened and held until it joins or is given up. Writes nothing.
import { MAX_DESTINATIONS } from '../../contract/limits.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import type { PlatterError } from '../../contract/errors.ts';
import type { Plan } from '../../contract/jobs.ts';
import { rescueOf, updates } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { failure, refuse, throwIfAny } from '../../base/errors.ts';
import { lockEnds, unlockEnd, type OpenEnd } from '../access/locks.ts';
import { partitionNotes } from '../access/partitions.ts';
import type { RightsSession } from '../access/rights-session.ts';
import { readBlocks } from '../devices/lsblk.ts';
import type { End } from '../devices/ends.ts';
import { endpoint, inspectExisting } from '../devices/inspect-paths.ts';
import type { NativeAddon } from '../native/addon.ts';
import { againstSharedFiles } from './loop-files.ts';
import { openDestinations } from './open-ends.ts';
import { LacksRights, Opening } from './opening.ts';
import { notesOnEnds } from './plan.ts';
import type { Held, Prepared } from './prepared.ts';
import { refusals } from './refusals.ts';
import { explainShortfalls } from './too-small.ts';

/** A disk that is held for a running job. */
export interface PreparedJoin {
  readonly held: Held;
  /** The plan of the job, with this disk as its only destination. */
  readonly plan: Plan;
  /** What opened it where the host's user may not; null where that was not needed. */
  readonly session: RightsSession | null;
}

/** Throws a Refusal unless a disk can join this job. `isOver`: the job has ended, or was told to stop. */
export function refuseJoin({ request, destinations }: Prepared, path: string, isOver: boolean): void {
  const no = (reason: Reason, code: PlatterError['code'] = 'BAD_ARGUMENT'): never =>
    refuse({ code, op: 'check', device: path, reason });
  if (isOver) no({ kind: 'joinTooLate' }, 'NOTHING_TO_DO');
  if (request.kind !== 'copy' || rescueOf(request) !== null) no({ kind: 'joinOnlyCopies' });
  if (destinations.length >= MAX_DESTINATIONS)
    no({ kind: 'tooMany', count: destinations.length + 1, most: MAX_DESTINATIONS }, 'TOO_MANY');
}

/**
 * Checks and holds the disk at `path` for a running job. `others`: the ends of its destinations that are still open.
 * Rejects with a Refusal that has every reason against it, also when `signal` gives the question for rights up.
 */
export async function prepareJoin(
  run: Prepared,
  path: string,
  others: readonly OpenEnd[],
  answers: Answers,
  signal: AbortSignal,
): Promise<PreparedJoin> {
  try {
    return await attempt(run, path, others, answers, null);
  } catch (error) {
    if (run.rights === null || !(error instanceof LacksRights)) throw error;
    const session = await run.rights.session(error.wanted, signal);
    try {
      return await attempt(run, path, others, answers, session);
    } catch (again) {
      session.close();
      throw again;
    }
  }
}

/** Lets a disk go that does not join. */
export function releaseJoin(addon: NativeAddon, { held: { device }, session }: PreparedJoin): void {
  if (device !== null) unlockEnd(addon, device);
  device?.close();
  session?.close();
}

async function attempt(
  run: Prepared,
  path: string,
  others: readonly OpenEnd[],
  answers: Answers,
  session: RightsSession | null,
): Promise<PreparedJoin> {
  const { addon, rights, grid, plan } = run;
  // As `start` does with those that the request named: one at the end, without a limit of its own. Desktops mount what
  // is plugged in, whatever was true of the first drives. The plan names the mounts, so the consent covers them.
  const request = { ...run.request, destinations: [{ path, throttle: null }], unmount: true } as WorkRequest;
  const source = run.source!;
  const blocks = await readBlocks(undefined, undefined, [path]);
  const found = await answers.of(path, inspectExisting(path, blocks));
  if (found.end === null) return refuse(found.error);
  if (found.end.block === null || found.end.block.type === 'part')
    return refuse({ code: 'BAD_ARGUMENT', op: 'check', device: path, reason: { kind: 'joinOnlyDisks' } });
  throwIfAny(await againstJoin(run, found.end, others, blocks));
  const opening = new Opening({ addon, rights, session, answers });
  try {
    const looked = {
      ...{ request, blocks, source: null, destinations: [found], manifest: null, map: null },
      ...{ files: [], resumed: null, notes: [] },
    };
    const [held] = await openDestinations(looked, addon, opening, []);
    opening.throwIfRefused();
    const own = { end: held!.end, device: held!.device, written: true };
    throwIfAny((await lockEnds(addon, [own])).errors);
    const ends = [{ end: source.end, device: source.device, written: false }, ...others, own];
    throwIfAny((await againstSharedFiles(addon, ends)).filter(({ device }) => device === path));
    const notes: Note[] = [
      ...(await partitionNotes(request, [held!], session === null ? [] : [session])),
      ...(await notesOnEnds(request, source, [held!], blocks, grid.bytes)),
    ];
    // Of a continued job, too: this disk is written from the start.
    const destinations = [endpoint(held!.end, grid.bytes, true, held!.mounts)];
    return { held: held!, plan: { ...plan, kind: request.kind, destinations, notes, request }, session };
  } catch (error) {
    opening.close();
    throw error;
  }
}

/** Every reason not to write the disk `end` in this job. */
async function againstJoin(
  { request, grid, source }: Prepared,
  end: End,
  others: readonly OpenEnd[],
  blocks: Awaited<ReturnType<typeof readBlocks>>,
): Promise<PlatterError[]> {
  const held = others.map((other) => ({ end: other.end as End }));
  const intent = {
    ...{ kind: request.kind, update: updates(request), unmount: true },
    ...{ bytes: grid.bytes, data: null },
  };
  const found = refusals(intent, { end: source!.end }, [...held, { end }], blocks);
  return explainShortfalls(
    found.filter(({ device }) => device === end.path).map((error) => failure(error)),
    source!.end,
  );
}
