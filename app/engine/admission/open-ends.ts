// Opens the source and the destinations of a request, each in the way that the request needs.
import { SECTOR_SIZE } from '../../contract/disks.ts';
import type { PlatterError } from '../../contract/errors.ts';
import { isWrittenWhole } from '../../contract/image-formats.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import type { JobKind } from '../../contract/request.ts';
import { imageFormatOf, rescueOf, takesAsIs, unmounts, updates, writes } from '../../contract/request-facts.ts';
import { errnoOf, failure, failureOf, refuse } from '../../base/errors.ts';
import { placeOf } from '../../base/paths.ts';
import { stateDir } from '../../base/state-folder.ts';
import { mountsOf } from '../access/unmount.ts';
import { openId } from '../devices/file-ids.ts';
import type { End, Found, HeldEnd } from '../devices/ends.ts';
import { intersection, isEmpty } from '../formats/chunk-sets.ts';
import type { LoggedEnd } from '../formats/job-log.ts';
import { bytesOf } from '../formats/mapfile.ts';
import type { NativeAddon, NativeDevice } from '../native/addon.ts';
import type { Unpacking } from '../unpacking/decoders.ts';
import type { Examined } from './examine.ts';
import { againstUnmounting } from './refusals.ts';
import { bornAt, checkPart, refuseForeignPart, reopenPart } from './images.ts';
import { isThatFile, mayBeThatFile } from './logged-end.ts';
import type { Opening } from './opening.ts';
import type { Held, Naming } from './prepared.ts';
import { isNamed, leftByJob } from './resume.ts';
import { judgeContent } from './source-content.ts';

/** Opens the source, and judges its content for the review. null when a manifest stands for it. */
export async function openSource(
  kind: JobKind,
  { request, source }: Examined,
  opening: Opening,
): Promise<(HeldEnd<NativeDevice | null> & { unpacking: Unpacking | null; notes: Note[] }) | null> {
  const end = source?.end ?? null;
  if (end === null) return null;
  const file = await opening.device(end, {}, 'read');
  const unpacking = end.packed === null || file === null ? null : opening.unpacking(end, file);
  const device = end.packed === null ? file : (unpacking?.device ?? null);
  if (device === null) return { end, device, unpacking, notes: [] };
  const content = await opening.reading(end, device, judgeContent(kind, takesAsIs(request), end, device));
  opening.errors.push(...content.errors);
  // A rescue expects unreadable sectors.
  if (rescueOf(request) === null) {
    const start = unpacking === null ? unreadable(end, device) : undecodable(device, unpacking);
    opening.errors.push(...(await opening.reading(end, device, start)));
  }
  return { end, device, unpacking, notes: content.notes };
}

/**
 * Opens the destinations one after the other. `replaced` gets a note for each job that loses its image to a new one.
 */
export async function openDestinations(
  looked: Examined,
  addon: NativeAddon,
  opening: Opening,
  replaced: Note[],
): Promise<Held[]> {
  const { request, map } = looked;
  const files = [...looked.files, await placeOf(stateDir())];
  const rescued = map !== null && bytesOf(map, '+') > 0;
  const destinations: Held[] = [];
  for (const [index, found] of looked.destinations.entries())
    destinations.push(await openDestination(found, index, { looked, addon, opening, replaced, files, rescued }));
  if (rescueOf(request) !== null) opening.errors.push(...destinations.flatMap(againstZonedRescue));
  return destinations;
}

interface OpenContext {
  looked: Examined;
  addon: NativeAddon;
  opening: Opening;
  replaced: Note[];
  /** The files that the job needs while it runs. */
  files: Parameters<typeof againstUnmounting>[0];
  /** The map of the rescue lists bytes as rescued. */
  rescued: boolean;
}

async function openDestination(
  { end }: Found,
  index: number,
  { looked, addon, opening, replaced, files, rescued }: OpenContext,
): Promise<Held> {
  const { request, blocks, resumed } = looked;
  const place = end!;
  const logged = resumed?.log.header.destinations[resumed.indices[index]!];
  const left =
    resumed === null || logged === undefined
      ? null
      : { logged, isTold: !isEmpty(intersection(resumed.durable[index]!, resumed.known)) };
  // The log has the time of the last write of a file that existed when the job began.
  const isOld = logged === undefined || place.image === null ? place.id !== null : logged.modified !== null;
  const mounts = unmounts(request) && place.block !== null ? mountsOf(place.block, blocks) : [];
  if (mounts.length > 0) opening.errors.push(...againstUnmounting(files, [place], blocks));
  const goesOn = rescued && resumed === null;
  // The image must hold what the map lists as rescued: a complete image under its own name, or NAME.part as it was
  // left.
  const updated = isOld && (updates(request) || (goesOn && place.image?.partId === null));
  const held = { end: place, mounts, updated, naming: namingOf(place, logged), packed: null };
  const writing = { write: writes(request.kind), exclusive: writes(request.kind) };
  if (place.image === null) {
    const access = writes(request.kind) ? 'write' : 'read';
    return { ...held, device: await opening.device(place, mounts.length > 0 ? {} : writing, access) };
  }
  if (updated && resumed === null) {
    await opening.by(place, () => image(addon, place, null, replaced));
    return { ...held, device: await opening.device(place, { ...writing, grow: true }, 'write') };
  }
  const open = (): Promise<NativeDevice | null> => (goesOn ? begun(addon, place) : image(addon, place, left, replaced));
  return { ...held, device: await opening.by(place, open) };
}

/**
 * Refuses a zoned disk for a rescue: a rescue skips bad areas and comes back to them, and some zones take only writes
 * that ascend.
 */
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

/** What the log says of an image that an interrupted job left. */
interface LoggedImage {
  logged: LoggedEnd;
  /** The log has hashes of its content, so samples of it are compared. */
  isTold: boolean;
}

/**
 * Opens the file of an image that is continued (`left`). Gives null for a new image, whose file is made when the job
 * starts. `notes` then gets the job whose NAME.part it will replace.
 */
async function image(
  addon: NativeAddon,
  end: End,
  left: LoggedImage | null,
  notes: Note[],
): Promise<NativeDevice | null> {
  const { path, realPath, image, lasting } = end;
  if (left === null) {
    await checkPart(addon, image!.part);
    if (image!.partId === null) return null;
    const job = await leftByJob(stateDir(), end);
    if (job === null) return refuseForeignPart('IN_USE', path, image!.part);
    const kind = isWrittenWhole(imageFormatOf(job.header.request), end) ? 'partOfWholeJob' : 'partOfJob';
    notes.push({ kind, path, part: image!.part, began: job.header.startedAt });
    return null;
  }
  const { logged, isTold } = left;
  // The image had got its own name, but the log does not say so. When the job starts, it becomes NAME.part again.
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

/** Opens the image that a rescue continues. Without it, the bytes that the map lists as rescued would be missing. */
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

/**
 * Checks that the first sector can be read. A drive that cannot even do that should not cost a destination its data.
 */
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

/**
 * Checks that the first sector of a packed image can be unpacked. A format by itself does not say whether its decoder
 * can cope: a file may need a dictionary, a filter or more memory than there is.
 */
async function undecodable(device: NativeDevice, unpacking: Unpacking): Promise<PlatterError[]> {
  try {
    await device.peek(0, SECTOR_SIZE);
    return [];
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    const fault = await unpacking.fault();
    return fault === null ? [] : [fault];
  }
}
