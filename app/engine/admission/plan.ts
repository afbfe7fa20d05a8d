// What the review shows: the plan of a request, and the notes on its source and destinations.
import { basename } from 'node:path';
import type { Note } from '../../contract/facts.ts';
import type { Plan } from '../../contract/jobs.ts';
import { originOf, partsOf, rescueOf, verifies, writes } from '../../contract/request-facts.ts';
import type { JobRequest, WorkRequest } from '../../contract/request.ts';
import type { End, HeldEnd, SourceMap } from '../devices/ends.ts';
import { endpoint } from '../devices/inspect-paths.ts';
import { notesOnLeftovers } from '../devices/leftovers.ts';
import type { Blocks } from '../devices/block-devices.ts';
import { notesOnSectors } from '../devices/partition-table-notes.ts';
import type { NativeClient, NativeDevice } from '../native/addon.ts';
import { notesOnBootAreas, notesOnClones, notesOnDestination, notesOnSource } from './refusals.ts';
import { checksumBeside, type ListedChecksum } from '../unpacking/checksum-beside.ts';
import { hasAllChecksums } from '../unpacking/bmap-file.ts';
import { RAW } from '../unpacking/packed-source.ts';
import { uncheckedBeside } from '../unpacking/required-checksum.ts';
import { wholePath } from '../unpacking/source-files.ts';
import type { UsedRanges } from '../used-blocks/used-of-source.ts';
import { notesOnPackedImages } from './packed-images.ts';
import type { Held } from './prepared.ts';

/** The notes on the source and the destinations, in the order of the review. `bytes` is what each destination gets. */
export async function notesOnEnds(
  request: WorkRequest,
  source: HeldEnd | null,
  destinations: readonly Held[],
  blocks: Blocks,
  bytes: number,
): Promise<Note[]> {
  const from = source?.end ?? null;
  const written = writes(request.kind) ? destinations : [];
  const ends = written.map(({ end }) => end);
  const onCache = notesOnCache([...(source === null ? [] : [source]), ...destinations]);
  const onSectors =
    source === null || written.length === 0 || rescueOf(request) !== null ? [] : await notesOnSectors(source, ends);
  const isCut = ({ kind }: Note): boolean => kind === 'partitionsBeyond';
  return [
    ...onSectors.filter(isCut),
    ...(from?.packed ? notesOnPacked(from) : []),
    ...(from === null || written.length === 0 ? [] : await notesOnLists(from)),
    ...(from === null ? [] : [...notesOnSource(from, blocks), ...notesOnClones(from, ends)]),
    ...(from === null || written.length === 0 ? [] : notesOnBootAreas(from, 'source', blocks)),
    ...ends.flatMap((end) => notesOnBootAreas(end, 'destination', blocks)),
    ...ends.flatMap((end) => notesOnDestination(end)),
    ...onSectors.filter((note) => !isCut(note)),
    ...notesOnPackedImages(ends, bytes),
    ...(written.length === 0 ? [] : await notesOnLeftovers(bytes, written)),
    ...onCache,
  ];
}

/** Notes on the lists beside the source, which nobody asked to check. */
async function notesOnLists(end: End): Promise<Note[]> {
  const { path, kind, packed } = end;
  if (kind === 'block' || (packed?.checksum ?? null) !== null || packed?.folder !== undefined) return [];
  const realPath = await wholePath(end.realPath);
  const { found, unclear } = await checksumBeside(realPath, packed?.entry ?? null);
  return [
    ...(found === null ? [] : [noteOn(found, path)]),
    ...(await uncheckedBeside(realPath, found)).map((one): Note => ({ kind: 'signatureUnchecked', ...one })),
    ...unclear.map(({ list, reason }): Note => ({ kind: 'listUnclear', path, list, reason })),
  ];
}

const noteOn = ({ list, of, checksum }: ListedChecksum, path: string): Note => ({
  kind: 'checksumBeside',
  path,
  of,
  list,
  hash: partsOf(checksum).hash,
});

function notesOnPacked({ path, size, packed }: End): Note[] {
  const { format, bytes, files, entry, checksum, map, metadata, folder } = packed!;
  if (folder !== undefined) {
    const together: Note = { kind: 'putTogether', path, format, count: files.length, bytes, size };
    const { leftOut, swap, damaged, smaller, unsized } = folder;
    const notes: Note[] = [together];
    if (leftOut.length > 0) notes.push({ kind: 'partsLeftOut', path, names: [...leftOut] });
    if (swap.length > 0) notes.push({ kind: 'swapLeftOut', names: [...swap] });
    const shrunk = smaller.map(({ name, growsWith }) => (growsWith === null ? name : `${name} (${growsWith})`));
    if (shrunk.length > 0) notes.push({ kind: 'fileSystemsSmaller', path, names: shrunk });
    if (damaged !== null) notes.push({ kind: 'tableDamaged', path, file: damaged });
    if (unsized.length > 0) notes.push({ kind: 'partsUnsized', path, names: [...unsized] });
    return notes;
  }
  const unpacks: Note =
    entry === null
      ? { kind: 'unpacks', path, format, bytes, size }
      : { kind: 'unpacksEntry', path, format, entry, bytes, size };
  const last = basename(files.at(-1)!.path);
  return [
    ...(files.length === 1 ? [] : [{ kind: 'joinsPieces', path, count: files.length, last, bytes } as const]),
    ...(format === RAW ? [] : [unpacks]),
    ...(metadata === undefined ? [] : [{ kind: 'openWrtMetadata', path, bytes: metadata } as const]),
    ...(checksum === null ? [] : [{ kind: 'checksum', path } as const]),
    ...(map === null ? [] : notesOnMap(path, size, map)),
  ];
}

/** What the block map at `bmap` leaves out, and what has no checksum in it. */
function notesOnMap(path: string, size: number, { path: bmap, bmap: read, zeroUnmapped }: SourceMap): Note[] {
  const { mapped } = read;
  return [
    { kind: zeroUnmapped ? 'mappedZeros' : 'mappedOnly', path, bmap, mapped, left: size - mapped },
    ...(hasAllChecksums(read) ? [] : [{ kind: 'mappedUnchecked', bmap } as const]),
  ];
}

/** The plan of `asked`. `request` is what is done: it has the checksum itself, not its list. */
export function planOf(
  asked: JobRequest,
  request: WorkRequest,
  source: End | null,
  used: UsedRanges | null,
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
    origin: originOf(request),
    destinations: destinations.map(({ end, mounts }) => endpoint(end, bytes, writes(asked.kind), mounts)),
    bytes,
    mapped: mappedOf(source, used),
    verify: verifies(request),
    io: client.io,
    memory: client.memory,
    notes,
    job,
    request: asked.kind === 'resume' ? asked : request,
  };
}

/** Bytes of a source that its block map lists, or that are in use; null when all of it counts. */
const mappedOf = (source: End | null, used: UsedRanges | null): number | null => {
  if (used !== null) return used.bytes === source!.size ? null : used.bytes;
  const map = source?.packed?.map ?? null;
  return map === null || map.zeroUnmapped || map.bmap.mapped === source!.size ? null : map.bmap.mapped;
};

/** Notes the ends without direct I/O. A new image is left out, because its file is made only when the job starts. */
function notesOnCache(held: readonly HeldEnd<NativeDevice | null>[]): Note[] {
  const cached = held.filter(({ end, device }) => end.packed === null && device?.info().direct === false);
  return cached.map(({ end }) => ({ kind: 'buffered', path: end.path }));
}
