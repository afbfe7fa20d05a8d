// Prepares a request: finds, checks, opens and holds every device and file. Writes nothing to them.
import type { Note } from '../../contract/facts.ts';
import { sourceOf, writes } from '../../contract/request-facts.ts';
import type { JobRequest, WorkRequest } from '../../contract/request.ts';
import { Answers, type Waiting } from '../../base/slow-answers.ts';
import { failure, Refusal, throwIfAny } from '../../base/errors.ts';
import { argumentErrors } from '../../base/request-rules.ts';
import { stateDir } from '../../base/state-folder.ts';
import { closeDisks, lockEnds } from '../access/locks.ts';
import { partitionNotes } from '../access/partitions.ts';
import type { Rights } from '../access/rights.ts';
import type { RightsSession } from '../access/rights-session.ts';
import { readBlocks } from '../devices/lsblk.ts';
import type { NativeAddon, NativeClient, NativeDevice } from '../native/addon.ts';
import { closePacked, continuePacked, type Continued } from './continue-packed.ts';
import { bestChunk, chunkErrors, createClient } from './engine-client.ts';
import { againstRoom } from './free-space.ts';
import { examine, examineAgain, type Examined } from './examine.ts';
import { placeOfLog } from './log-place.ts';
import { againstSharedFiles } from './loop-files.ts';
import { againstSource } from './manifest-sample.ts';
import { openDestinations, openSource } from './open-ends.ts';
import { LacksRights, Opening, type Openers } from './opening.ts';
import { notesOnEnds, planOf } from './plan.ts';
import type { HeldEnd } from '../devices/ends.ts';
import { scopeOf, type Held, type Prepared } from './prepared.ts';
import { findEnds, openInterrupted, sampleErrors } from './resume.ts';
import { againstOtherMaps, usedIn } from './used.ts';

/** The surroundings that preparing needs. */
export interface PrepareContext {
  /** Gives the addon. */
  load: () => NativeAddon;
  /**
   * Asks for a session that may open the disks that the host's user may not, when nothing else is against the request.
   * `signal` withdraws the question. null: nobody is asked.
   */
  rights?: Rights | null;
  signal?: AbortSignal;
  waiting?: Waiting;
}

/** Checks `request` and opens its devices. Rejects with a Refusal that has every reason against it. */
export async function prepare(
  request: JobRequest,
  { load, rights = null, signal, waiting = () => undefined }: PrepareContext,
): Promise<Prepared> {
  throwIfAny(argumentErrors(request));
  const context = { load, rights, answers: new Answers(request.stallTimeout, waiting, signal) };
  try {
    return await attempt(request, context, null);
  } catch (error) {
    if (rights === null || !(error instanceof LacksRights)) throw error;
    return prepareWith(await rights.session(error.wanted, signal), request, context);
  }
}

/** What one attempt needs. */
interface AttemptContext {
  load: () => NativeAddon;
  rights: Rights | null;
  answers: Answers;
}

/** Checks and opens everything again: the question can have been open for minutes. */
async function prepareWith(session: RightsSession, request: JobRequest, context: AttemptContext): Promise<Prepared> {
  try {
    return await attempt(request, context, session);
  } catch (error) {
    session.close();
    if (!(error instanceof LacksRights)) throw error;
    // A path of the request leads to another disk now, which the question did not name.
    throw new Refusal(
      error.wanted.map(({ path }) =>
        failure({ code: 'CHANGED', op: 'check', device: path, reason: { kind: 'anotherThanAsked' } }),
      ),
    );
  }
}

async function attempt(
  request: JobRequest,
  { load, rights, answers }: AttemptContext,
  session: RightsSession | null,
): Promise<Prepared> {
  const blocks = await readBlocks(
    undefined,
    undefined,
    request.kind === 'resume'
      ? null
      : [sourceOf(request), ...request.destinations.map(({ path }) => path)].filter((path) => path !== null),
  );
  if (request.kind !== 'resume') {
    const looked = await examine(request, blocks, load, answers);
    return hold(request, looked, { addon: load(), rights, session, answers }, null);
  }
  const addon = load();
  const { log, lock } = await openInterrupted(stateDir(), request.job, addon);
  try {
    return await hold(
      request,
      await examineAgain(await findEnds(request.job, log, request, blocks, answers), blocks, load, answers),
      { addon, rights, session, answers },
      lock,
    );
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Opens and locks what `looked` found, and makes the plan. Closes everything when the request is refused. */
async function hold(
  asked: JobRequest,
  looked: Examined,
  openers: Openers,
  lock: NativeDevice | null,
): Promise<Prepared> {
  const { request, blocks, manifest, map } = looked;
  const { addon, rights, session, answers } = openers;
  const opening = new Opening(openers);
  const locks: number[] = [];
  const replaced: Note[] = [];
  let continued: Continued | null = null;
  try {
    const source = await openSource(asked.kind, looked, opening);
    const opened = await openDestinations(looked, addon, opening, replaced);
    opening.throwIfRefused();
    const held = source === null ? null : { ...source, device: source.device! };
    locks.push(...(await lockAll(addon, request, held, opened)));
    const { used, mark, parts, notes: onUse, signs } = await usedIn(request, held, opened, blocks, answers);
    if (used !== null)
      throwIfAny(await againstRoom(request, looked.source, looked.destinations, used.bytes, () => addon));
    const before = looked.resumed?.log ?? null;
    if (before !== null && before.damage !== 'corrupt')
      throwIfAny(againstOtherMaps(before.header.maps, signs, held?.end.path ?? ''));
    continued = await continuePacked(addon, opened, looked.resumed, (grid) => scopeOf(held?.end ?? null, used, grid));
    const { destinations, resumed } = continued;
    const sessions = session === null ? [] : [session];
    const partitions = await partitionNotes(request, destinations, sessions);
    const client = await checkedClient({ ...looked, resumed }, held, destinations, addon);
    const bytes = held?.end.size ?? manifest!.bytes;
    const grid = { bytes, chunkSize: client.chunkSize };
    const { log, dir, notes: onLog } = await placeOfLog(request, client, resumed, answers);
    const notes = [
      ...(source?.notes ?? []),
      ...partitions,
      ...(await notesOnEnds(request, held, destinations, blocks, bytes)),
      ...onUse,
      ...replaced,
      ...looked.notes,
      ...onLog,
    ];
    return {
      plan: {
        ...planOf(asked, request, held?.end ?? null, used, destinations, bytes, client, notes, log?.id ?? null),
        ...(used === null ? {} : { parts }),
      },
      request,
      source: held === null ? null : { ...held, used, mark, signs },
      serverCopies: held?.end.kind === 'file' && held.unpacking === null && blocks.serverCopies(held.end.realPath),
      destinations,
      grid,
      scope: scopeOf(held?.end ?? null, used, grid),
      manifest,
      map,
      resumed,
      log,
      stateDir: dir,
      lock,
      sessions,
      rights,
      locks,
      client,
      addon,
    };
  } catch (error) {
    closePacked(continued?.destinations ?? []);
    opening.close();
    closeDisks(locks);
    throw error;
  }
}

/** Locks the disks of the job and gives their descriptors. Throws a Refusal when another program has locked one. */
async function lockAll(
  addon: NativeAddon,
  { kind }: WorkRequest,
  source: HeldEnd | null,
  destinations: readonly Held[],
): Promise<number[]> {
  const ends = [
    ...(source === null ? [] : [{ ...source, written: false }]),
    ...destinations.map(({ end, device }) => ({ end, device, written: writes(kind) })),
  ];
  const { disks, errors } = await lockEnds(addon, ends);
  try {
    throwIfAny([...errors, ...(await againstSharedFiles(addon, ends))]);
    return disks;
  } catch (error) {
    closeDisks(disks);
    throw error;
  }
}

/** Makes the client of the job, and checks the manifest or the log that guides it. */
async function checkedClient(
  { request, manifest, resumed }: Examined,
  source: HeldEnd | null,
  destinations: readonly Held[],
  addon: NativeAddon,
): Promise<NativeClient> {
  const wanted = manifest?.chunkSize ?? resumed?.log.header.chunkSize ?? null;
  const client = createClient(request, wanted ?? bestChunk(request, source, destinations), addon);
  try {
    throwIfAny(chunkErrors(request, client, wanted));
    if (request.kind === 'repair' && manifest !== null)
      throwIfAny(await againstSource(manifest, request.manifest!, client, source!.device));
    if (resumed !== null) throwIfAny(await sampleErrors(resumed, client, source!, destinations));
    return client;
  } catch (error) {
    await client.destroy();
    throw error;
  }
}
