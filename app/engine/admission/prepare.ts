// Makes a checked request of a request: every device and file found, guarded, opened and held. Writes nothing on them.
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { SECTOR_SIZE } from '../../contract/disks.ts';
import type { PlatterError } from '../../contract/errors.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import type { Plan } from '../../contract/jobs.ts';
import {
  givenManifest,
  isLogged,
  newManifest,
  rescueOf,
  sourceOf,
  takesAsIs,
  unmounts,
  updates,
  verifies,
  writes,
} from '../../contract/request-facts.ts';
import type { JobRequest, WorkRequest } from '../../contract/request.ts';
import { Answers } from '../../base/answers.ts';
import { argumentErrors, memoryOf } from '../../base/request-rules.ts';
import { onceFree } from '../access/busy.ts';
import { both, isEmpty } from '../formats/chunk-sets.ts';
import { isChunkSize } from '../formats/chunks.ts';
import {
  errnoOf,
  failure,
  failureOf,
  isRefusedAccess,
  reasonOf,
  Refusal,
  refuse,
  throwIfAny,
} from '../../base/errors.ts';
import { againstSharedFiles } from './loop-files.ts';
import { withHolder } from '../access/holders.ts';
import { againstUnmounting, notesOnBootAreas, notesOnClones, notesOnDestination, notesOnSource } from './guard.ts';
import { bornAt, checkPart, refuseForeignPart, reopenPart } from './images.ts';
import { endpoint, type End, type Found } from '../devices/inspect.ts';
import { newJobId, type LoggedEnd } from '../formats/job-log.ts';
import { notesOnLeftovers } from '../devices/leftovers.ts';
import { closeDisks, lockEnds } from '../access/locks.ts';
import { examine, examineAgain, type Examined } from './examine.ts';
import { isThatFile, mayBeThatFile } from './logged-end.ts';
import { openId } from '../devices/file-ids.ts';
import { isSequence, readBlocks } from '../devices/lsblk.ts';
import { againstSource } from './manifest-sample.ts';
import { bytesOf } from '../formats/mapfile.ts';
import type { NativeAddon, NativeClient, NativeDevice, NativeOpenOptions } from '../native/addon.ts';
import { partitionNotes } from '../access/partitions.ts';
import { placeOf } from '../../base/places.ts';
import type { Held, Naming, Prepared } from './prepared.ts';
import type { Rights } from '../access/rights.ts';
import type { RightsSession, Wanted } from '../access/rights-session.ts';
import { findEnds, isNamed, leftByJob, openInterrupted, sampleErrors, type Resumed } from './resume.ts';
import { notesOnSectors } from '../devices/sector-size.ts';
import { judgeContent } from './source-content.ts';
import { makeFolder, stateDir } from '../../base/state-folder.ts';
import { mountsOf } from '../access/unmount.ts';

const PAGE = 4096;

/** Nothing stands against a request but that the host may not open these devices. */
class LacksRights extends Refusal {
  readonly wanted: readonly Wanted[];

  constructor(errors: readonly PlatterError[], wanted: readonly Wanted[]) {
    super(errors);
    this.wanted = wanted;
  }
}

/** The surroundings that preparing needs. */
export interface Means {
  /** Gives the addon. */
  load: () => NativeAddon;
  /**
   * When the host's user may not open some of the disks, and nothing else stands against the request, this asks for a session
   * that may; `signal` withdraws the question. null: nobody is asked.
   */
  rights?: Rights | null;
  signal?: AbortSignal;
  /** Hears the path of a file that does not answer. */
  waiting?: (path: string) => void;
}

/** Checks `request` and opens its devices. Rejects with a Refusal that has every reason against it. */
export async function prepare(
  request: JobRequest,
  { load, rights = null, signal, waiting = () => undefined }: Means,
): Promise<Prepared> {
  throwIfAny(argumentErrors(request));
  const means = { load, rights, answers: new Answers(request.stallTimeout, waiting, signal) };
  try {
    return await attempt(request, means, null);
  } catch (error) {
    if (rights === null || !(error instanceof LacksRights)) throw error;
    return prepareWith(await rights.session(error.wanted, signal), request, means);
  }
}

/** The same for one attempt. */
interface Attempted {
  load: () => NativeAddon;
  rights: Rights | null;
  answers: Answers;
}

/** Checks and opens everything again: the question can have been open for minutes. */
async function prepareWith(session: RightsSession, request: JobRequest, means: Attempted): Promise<Prepared> {
  try {
    return await attempt(request, means, session);
  } catch (error) {
    session.close();
    if (!(error instanceof LacksRights)) throw error;
    // A path of the request leads to another disk now, for which nobody has been asked.
    throw new Refusal(
      error.wanted.map(({ path }) =>
        failure({ code: 'CHANGED', op: 'check', device: path, reason: { kind: 'anotherThanAsked' } }),
      ),
    );
  }
}

async function attempt(
  request: JobRequest,
  { load, rights, answers }: Attempted,
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
      await examineAgain(await findEnds(request.job, log, request, blocks), blocks, load, answers),
      { addon, rights, session, answers },
      lock,
    );
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** What opens devices. */
interface Openers {
  addon: NativeAddon;
  rights: Rights | null;
  session: RightsSession | null;
  answers: Answers;
}

async function hold(
  asked: JobRequest,
  looked: Examined,
  { addon, rights, session, answers }: Openers,
  lock: NativeDevice | null,
): Promise<Prepared> {
  const { request, blocks, manifest, map, resumed } = looked;
  const errors: PlatterError[] = [];
  const lacking: Wanted[] = [];
  const opened: NativeDevice[] = [];
  const locks: number[] = [];
  const replaced: Note[] = [];
  const opening = async (end: End, act: () => Promise<NativeDevice | null>): Promise<NativeDevice | null> => {
    try {
      const device = await answers.of(end.path, act(), end.kind, (late) => late?.close());
      if (device !== null) opened.push(device);
      return device;
    } catch (error) {
      errors.push(
        withHolder(error instanceof Refusal ? error.errors[0]! : failureOf(error, 'open', end.path, end.kind), end),
      );
      return null;
    }
  };
  const device = (end: End, options: NativeOpenOptions, most: Wanted['access']): Promise<NativeDevice | null> =>
    opening(end, async () => {
      const open = (): Promise<NativeDevice> =>
        session?.has(end) === true
          ? session.open(end, options.write === true ? 'write' : 'read')
          : addon.openDevice(end.realPath, options);
      const found = await (end.kind === 'block' ? onceFree(open) : open()).catch((error: unknown) => {
        if (session?.has(end) !== true && isRefusedAccess(error) && end.block !== null)
          lacking.push({ path: end.path, block: end.block, access: most });
        throw error;
      });
      errors.push(...changes(end, found));
      return found;
    });
  try {
    const from = looked.source?.end ?? null;
    const source = from === null ? null : { end: from, device: await device(from, {}, 'read') };
    const content = source?.device
      ? await answers.of(
          source.end.path,
          judgeContent(asked.kind, takesAsIs(request), source.end, source.device),
          source.end.kind,
          () => letGo(source.device!),
        )
      : null;
    errors.push(...(content?.errors ?? []));
    // A rescue is for drives of which this can be expected.
    if (source?.device && rescueOf(request) === null)
      errors.push(
        ...(await answers.of(source.end.path, unreadable(source.end, source.device), source.end.kind, () =>
          letGo(source.device!),
        )),
      );
    const rescued = map !== null && bytesOf(map, '+') > 0;
    const files = [...looked.files, await placeOf(stateDir())];
    const holdOne = async ({ end }: Found, index: number): Promise<Held> => {
      const place = end!;
      const logged = resumed?.log.header.destinations[resumed.indices[index]!];
      const left =
        resumed === null || logged === undefined
          ? null
          : { logged, isTold: !isEmpty(both(resumed.durable[index]!, resumed.known)) };
      // A file that was there when the job began says when it was written.
      const isOld = logged === undefined || place.image === null ? place.id !== null : logged.modified !== null;
      const mounts = unmounts(request) && place.block !== null ? mountsOf(place.block, blocks) : [];
      if (mounts.length > 0) errors.push(...againstUnmounting(files, [place], blocks));
      // What the map says is rescued has to be in the image that is there: complete by its name, or as it was left.
      const updated = isOld && (updates(request) || (rescued && resumed === null && place.image?.partId === null));
      const held = { end: place, mounts, updated, naming: namingOf(place, logged) };
      const writing = { write: writes(request.kind), exclusive: writes(request.kind) };
      if (place.image === null)
        return {
          ...held,
          device: await device(place, mounts.length > 0 ? {} : writing, writes(request.kind) ? 'write' : 'read'),
        };
      if (updated && resumed === null) {
        await opening(place, () => image(addon, place, null, replaced));
        return { ...held, device: await device(place, { ...writing, grow: true }, 'write') };
      }
      return {
        ...held,
        device: await opening(place, () =>
          rescued && resumed === null ? begun(addon, place) : image(addon, place, left, replaced),
        ),
      };
    };
    const destinations: Held[] = [];
    for (const [index, found] of looked.destinations.entries()) destinations.push(await holdOne(found, index));
    if (rescueOf(request) !== null) errors.push(...destinations.flatMap(againstZonedRescue));
    const refused = (error: PlatterError): boolean =>
      error.code === 'NOT_PERMITTED' && lacking.some(({ path }) => path === error.device);
    if (lacking.length > 0 && errors.every(refused)) throw new LacksRights(errors, lacking);
    // Rights are asked for when all the rest is in order. Until then a missing one is no error.
    if (rights !== null) throwIfAny(errors.filter((error) => !refused(error)));
    throwIfAny(errors);
    const ends = [
      ...(source === null ? [] : [{ ...source, written: false }]),
      ...destinations.map(({ end, device }) => ({ end, device, written: writes(request.kind) })),
    ];
    const locked = await lockEnds(addon, ends);
    locks.push(...locked.disks);
    throwIfAny([...locked.errors, ...(await againstSharedFiles(addon, ends))]);
    const sessions = session === null ? [] : [session];
    const partitions = await partitionNotes(request, destinations, sessions);
    const bytes = from?.size ?? manifest!.bytes;
    const wanted = manifest?.chunkSize ?? resumed?.log.header.chunkSize ?? null;
    const client = createClient(request, wanted, addon);
    const grid = { bytes, chunkSize: client.chunkSize };
    const held = source === null ? null : { end: source.end, device: source.device! };
    try {
      throwIfAny(chunkErrors(request, client, wanted));
      if (request.kind === 'repair' && manifest !== null)
        throwIfAny(await againstSource(manifest, request.manifest!, client, held!.device));
      if (resumed !== null) throwIfAny(await sampleErrors(resumed, client, held!, destinations));
    } catch (error) {
      await client.destroy();
      throw error;
    }
    const { log, dir, notes } = await placeOfLog(request, client, resumed, answers);
    const misplaced =
      held === null || !writes(request.kind) || rescueOf(request) !== null
        ? []
        : await notesOnSectors(
            held,
            destinations.map(({ end }) => end),
          );
    const left = writes(request.kind) ? await notesOnLeftovers(bytes, destinations) : [];
    const beside = writes(request.kind) ? destinations.flatMap(({ end }) => notesOnDestination(end)) : [];
    const boot = !writes(request.kind)
      ? []
      : [
          ...(from === null ? [] : notesOnBootAreas(from, 'source', blocks)),
          ...destinations.flatMap(({ end }) => notesOnBootAreas(end, 'destination', blocks)),
        ];
    const clones = writes(request.kind) ? destinations.map(({ end }) => end) : [];
    const onSource = from === null ? [] : [...notesOnSource(from, blocks), ...notesOnClones(from, clones)];
    const onCache = notesOnCache([...(held === null ? [] : [held]), ...destinations]);
    const all = [
      ...(content?.notes ?? []),
      ...partitions,
      ...onSource,
      ...boot,
      ...beside,
      ...misplaced,
      ...left,
      ...onCache,
      ...replaced,
      ...looked.notes,
      ...notes,
    ];
    const plan = planOf(asked, request, from, destinations, bytes, client, all, log?.id ?? null);
    const serverCopies = from?.kind === 'file' && blocks.serverCopies(from.realPath);
    return {
      plan,
      request,
      source: held,
      serverCopies,
      destinations,
      grid,
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
    for (const device of opened) letGo(device);
    closeDisks(locks);
    throw error;
  }
}

/** Closes a device. One whose read is not answered yet cannot be closed: the answer does that. */
function letGo(device: NativeDevice): void {
  try {
    device.close();
  } catch (error) {
    if (errnoOf(error) !== 'EBUSY') throw error;
  }
}

/** A rescue skips what is bad and comes back to it; the zones of some disks take only writes that ascend. */
const againstZonedRescue = ({ end, device }: Held): PlatterError[] =>
  device?.info().zoned === true
    ? [
        failure({
          code: 'BAD_ARGUMENT',
          op: 'check',
          device: end.path,
          reason: { kind: 'rescueOnZoned' },
          remedy: { kind: 'rescueIntoImage' },
        }),
      ]
    : [];

function namingOf(
  { kind, id, size, modified, lasting, realPath, image }: End,
  logged: LoggedEnd | undefined,
): Naming | null {
  if (image !== null)
    return { part: image.part, name: realPath, replaces: id === null ? null : { id, size, modified, lasting } };
  return kind === 'file' && logged !== undefined && logged.realPath !== realPath
    ? { part: realPath, name: logged.realPath, replaces: null }
    : null;
}

/** What an interrupted job left of an image, by its log. */
interface Left {
  logged: LoggedEnd;
  /** The log has hashes of what is in it, and samples of that are compared. */
  isTold: boolean;
}

/**
 * The file of an image: of one that is continued what there is of it (`left`), of a new one none before the job starts.
 * `notes` gets what that will cost another job.
 */
async function image(addon: NativeAddon, end: End, left: Left | null, notes: Note[]): Promise<NativeDevice | null> {
  const { path, realPath, image, lasting } = end;
  if (left === null) {
    await checkPart(addon, image!.part);
    if (image!.partId === null) return null;
    const job = await leftByJob(stateDir(), end);
    if (job === null) return refuseForeignPart('IN_USE', path, image!.part);
    notes.push({ kind: 'partOfJob', path, part: image!.part, began: job.header.startedAt });
    return null;
  }
  const { logged, isTold } = left;
  // One that had got its name already, and the log had not heard of it, is called what it was again when the job starts.
  const hasName = image!.partId === null && isNamed(end, logged);
  const device = await (hasName
    ? addon.openDevice(realPath, { write: true, exclusive: true, grow: true })
    : reopenPart(addon, image!.part));
  if (device !== null) {
    const found = { id: openId(device.info()), born: await bornAt(addon, device), lasting };
    if (isThatFile(found, logged) || (isTold && mayBeThatFile(found, logged))) return device;
    device.close();
  }
  // Without that file the other destinations can be continued.
  const [reason, remedy] =
    device === null ? (['partMissing', 'newCopy'] as const) : (['partReplaced', 'moveFileAway'] as const);
  return refuse({ code: 'CHANGED', op: 'check', device: path, reason: { kind: reason }, remedy: { kind: remedy } });
}

/** The image that a rescue goes on with: without it, what the map says is on it would be missing. */
async function begun(addon: NativeAddon, { path, image }: End): Promise<NativeDevice> {
  const device = await reopenPart(addon, image!.part);
  if (device !== null) return device;
  return refuse({
    code: 'NOT_FOUND',
    op: 'open',
    device: path,
    reason: { kind: 'mapWithoutImage' },
    remedy: { kind: 'otherImage' },
  });
}

function createClient(request: WorkRequest, chunkSize: number | null, addon: NativeAddon): NativeClient {
  try {
    return addon.createClient({
      pages: memoryOf(request) / PAGE,
      io: request.io,
      ...(chunkSize === null ? {} : { chunkSize }),
    });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    return refuse({
      code: 'ENGINE_UNAVAILABLE',
      op: 'open',
      errno,
      reason: errno === 'ENOMEM' ? { kind: 'noMemory', errno } : { kind: 'noBackend', io: request.io, errno },
    });
  }
}

/** The pool can be too small for the chunks that a manifest or a log speaks of. */
function chunkErrors(request: WorkRequest, { chunkSize }: NativeClient, wanted: number | null): PlatterError[] {
  const saved = newManifest(request);
  const remedy = { kind: 'moreMemory' } as const;
  if (wanted !== null && chunkSize !== wanted) {
    return [
      failure({
        code: 'BAD_ARGUMENT',
        op: 'check',
        device: givenManifest(request),
        remedy,
        reason: { kind: 'chunkMemory', chunk: wanted },
      }),
    ];
  }
  return saved === null || isChunkSize(chunkSize)
    ? []
    : [
        failure({
          code: 'BAD_ARGUMENT',
          op: 'check',
          device: saved,
          remedy,
          reason: { kind: 'manifestMemory', chunk: chunkSize },
        }),
      ];
}

/** Where the log of a job goes, and what to say when it can have none. */
async function placeOfLog(
  request: WorkRequest,
  { chunkSize }: NativeClient,
  resumed: Resumed | null,
  answers: Answers,
): Promise<{ log: Prepared['log']; dir: string | null; notes: Note[] }> {
  const dir = stateDir();
  try {
    await answers.of(dir, makeFolder(join(dir, 'jobs')));
    await answers.of(dir, access(join(dir, 'jobs'), constants.W_OK));
  } catch (error) {
    if (!(error instanceof Refusal) && errnoOf(error) === null) throw error;
    return {
      log: null,
      dir: null,
      notes: isLogged(request) ? [{ kind: 'unlogged', directory: dir, reason: reasonOf(error) }] : [],
    };
  }
  if (!isLogged(request)) return { log: null, dir, notes: [] };
  if (!isChunkSize(chunkSize)) return { log: null, dir, notes: [{ kind: 'unloggedMemory' }] };
  return {
    log: { dir, id: resumed === null || resumed.log.damage === 'corrupt' ? newJobId() : resumed.id },
    dir,
    notes: [],
  };
}

/** The open device against what was looked at: a node can be another disk a moment later. */
function changes(end: End, device: NativeDevice): PlatterError[] {
  const info = device.info();
  if (end.id === openId(info) && end.kind === info.kind && end.size === info.size && isSequence(end.block, info))
    return [];
  return [failure({ code: 'CHANGED', op: 'check', device: end.path, reason: { kind: 'identityChanged' } })];
}

/** Whether the first sector can be read: a drive that cannot even do that should not cost a destination its data. */
async function unreadable({ path, size }: End, device: NativeDevice): Promise<PlatterError[]> {
  const length = Math.min(SECTOR_SIZE, size);
  const refused = (reason: Reason, errno: string | null): PlatterError[] => [
    failure({ code: 'SOURCE_UNREADABLE', op: 'read', device: path, offset: 0, length, errno, reason }),
  ];
  try {
    const { length: bytesRead } = await device.peek(0, length);
    return bytesRead > 0 ? [] : refused({ kind: 'firstSectorGone' }, null);
  } catch (error) {
    const known = failureOf(error, 'read', path, 'block');
    return refused({ kind: 'firstSector', reason: known.reason }, known.errno);
  }
}

function planOf(
  asked: JobRequest,
  request: WorkRequest,
  source: End | null,
  destinations: readonly Held[],
  bytes: number,
  client: NativeClient,
  notes: Note[],
  job: string | null,
): Plan {
  return {
    kind: asked.kind,
    name: request.name,
    source: source === null ? null : endpoint(source, bytes, false),
    destinations: destinations.map(({ end, mounts }) => endpoint(end, bytes, writes(asked.kind), mounts)),
    bytes,
    verify: verifies(request),
    io: client.io,
    memory: client.memory,
    notes,
    job,
    request: asked,
  };
}

/** For an image this is known only when it is made; then nothing is said. */
function notesOnCache(held: readonly { end: End; device: NativeDevice | null }[]): Note[] {
  const cached = held.filter(({ device }) => device?.info().direct === false);
  return cached.map(({ end }) => ({ kind: 'buffered', path: end.path }));
}
