// Describes a file or a disk: format, size, partition table, file systems. Reads little, writes nothing.
import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { SECTOR_SIZE } from '../../contract/disks.ts';
import type { PlatterError } from '../../contract/errors.ts';
import type { BmapFacts, Described, Inside, Packing } from '../../contract/disk-content.ts';
import type { ImageSummary } from '../../contract/image-summary.ts';
import type { Recognised } from '../../contract/sources.ts';
import { errnoOf, outcome, Refusal, refuse } from '../../base/errors.ts';
import { insideOf } from '../../parsers/disk-content.ts';
import { leastSize } from '../../parsers/partitions/table.ts';
import { PIECE, Pieces } from '../../parsers/bytes/pieces.ts';
import { recognise } from '../../parsers/recognise.ts';
import { HEAD_BYTES, TAIL_BYTES } from '../../parsers/bytes/sample.ts';
import { openingFailure } from '../devices/absent.ts';
import { numberOf } from '../devices/file-ids.ts';
import { content } from '../devices/sysfs.ts';
import { bmapBeside, checkBmapSize, readBmapFile } from './bmap-file.ts';
import { checksumBeside } from './checksum-beside.ts';
import { entryIn } from './archive.ts';
import { diskFolderAt, type DiskFolder } from './disk-folder.ts';
import { summaryIn, type ReadAt } from './image-end.ts';
import { failureBy, isPacked } from './packed-source.ts';
import { bytesIn, piecesAt, SourceFiles, type SourceBytes, type SplitFile } from './source-files.ts';
import {
  FilePieceSource,
  MOST_DECODED,
  SeekingPieceSource,
  SequentialPieceSource,
  type Opened,
  type PieceSource,
} from './image-bytes.ts';
import { canUnpack, probeFile, type Probed, type Supply } from './unpack-program.ts';

/** Most rounds of parsing and fetching. Each logical partition takes one. */
const MOST_ROUNDS = 400;
/** Most pieces that are fetched: 64 MiB. */
const MOST_PIECES = 1024;
/** Bytes of a partial packed file that is unpacked as far as the look goes, in case it ends there. */
const MOST_TO_END = 8 * 1024 ** 2;

/**
 * Describes the file or disk at `path`. `entry`: the file of an archive that is meant; null for the only one. Rejects
 * with a Refusal when it cannot be opened.
 */
export async function describe(path: string, entry: string | null): Promise<Described> {
  const folder = await diskFolderAt(path);
  if (folder !== null) return await describeFolder(path, folder);
  const file = await opened(path);
  try {
    const stats = await file.stat({ bigint: true });
    if (stats.isBlockDevice()) return await describeDisk(path, file, numberOf(stats.rdev));
    if (!stats.isFile()) refuse({ code: 'NOT_BLOCK_OR_FILE', op: 'check', device: path, reason: { kind: 'neither' } });
    const pieces = await piecesAt(await realpath(path), path);
    if (pieces !== null) return await describePieces(path, pieces, entry);
    return await describeFile(path, bytesIn(file.fd, Number(stats.size)), entry, path);
  } finally {
    await file.close();
  }
}

/**
 * Parses the bytes of the file at `path` as those of a disk, packed or not. A part that cannot be read is its problem.
 * Rejects with a Refusal when it cannot be opened.
 */
export async function describeBytes(path: string): Promise<Pick<Described, 'table' | 'signatures' | 'problem'>> {
  const file = await opened(path);
  try {
    const { size } = await file.stat();
    return await parseContents(new FilePieceSource(bytesIn(file.fd, size), path, 'file'), null);
  } finally {
    await file.close();
  }
}

async function describeFolder(path: string, { format, paths, words, size }: DiskFolder): Promise<Described> {
  const files = await SourceFiles.open(paths);
  try {
    const { descriptors } = files;
    const of = { files: { descriptors, words }, entry: null, supply: null };
    const seen = await parseContents(new SequentialPieceSource(path, size, of), null);
    const packed = packingOf({ format, seekable: false }, null);
    const none = { checksum: null, unclear: [], bmap: null, copied: null };
    return { kind: 'file', bytes: files.size, packed, ...none, ...seen };
  } finally {
    files.close();
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new Refusal([await openingFailure(error, path)]);
  }
}

async function describeDisk(path: string, file: FileHandle, majorMinor: string): Promise<Described> {
  const { size, logicalSector } = geometryOf(majorMinor);
  const seen = await parseContents(new FilePieceSource(bytesIn(file.fd, size), path, 'block'), logicalSector);
  return { kind: 'disk', bytes: size, packed: null, checksum: null, unclear: [], bmap: null, copied: null, ...seen };
}

/** Bytes of a block device and of its logical sector. A partition has the sectors of its disk. */
function geometryOf(majorMinor: string): { size: number; logicalSector: number | null } {
  const read = (name: string): number | null => {
    const text = content(`/sys/dev/block/${majorMinor}/${name}`);
    return text === '' ? null : Number(text);
  };
  const logicalSector = read('queue/logical_block_size') ?? read('../queue/logical_block_size');
  return { size: (read('size') ?? 0) * SECTOR_SIZE, logicalSector };
}

/** A file of which only what was asked for is there, with holes elsewhere. */
export interface PartialFile extends Supply {
  /** Its name in errors. */
  readonly origin: string;
  readonly file: FileHandle;
  /** Bytes. */
  readonly size: number;
}

/** Describes a partial file, without what may lie beside it. `entry`: as for `describe`. */
export async function describePartial(remote: PartialFile, entry: string | null): Promise<Described> {
  const { origin, file, size } = remote;
  const seen = await lookInto(origin, bytesIn(file.fd, size, remote), entry, remote);
  return { kind: 'file', bytes: size, ...seen, checksum: null, unclear: [], bmap: null };
}

async function describePieces(path: string, { paths, whole }: SplitFile, entry: string | null): Promise<Described> {
  const files = await SourceFiles.open(paths);
  try {
    return await describeFile(path, files, entry, whole);
  } finally {
    files.close();
  }
}

/** `whole`: the path that lists of checksums and block maps have it by. */
async function describeFile(path: string, file: SourceBytes, entry: string | null, whole: string): Promise<Described> {
  const { packed, ...seen } = await lookInto(path, file, entry, null);
  const { found, unclear } = await checksumBeside(whole, packed?.entry ?? null);
  return {
    kind: 'file',
    bytes: file.size,
    packed,
    ...seen,
    checksum: found === null ? null : { list: basename(found.list), checksum: found.checksum, of: found.of },
    unclear: unclear.map(({ list, reason }) => ({ list: basename(list), reason })),
    bmap: await bmapFacts(whole, seen.sizeIs === 'exact' ? seen.size : null),
  };
}

/** Describes the content of an open file. `supply` brings the bytes of a partial file; null for a whole one. */
async function lookInto(
  path: string,
  file: SourceBytes,
  entry: string | null,
  supply: Supply | null,
): Promise<ParsedContents & Pick<Described, 'packed' | 'copied'>> {
  const { packed, reach, problem, least } =
    canUnpack() && (await isPacked(file))
      ? await unpackingOf(path, { files: file, entry, supply })
      : { packed: null, reach: new FilePieceSource(file, path, 'file'), problem: null, least: 0 };
  // It takes the whole of a small image to know its size, and much of a large one to know that it is large.
  const seen =
    reach === null ? NOTHING_PARSED : await parseContents(reach, null, supply === null || file.size < MOST_TO_END);
  const said = packed?.format === 'zstd' ? await summaryIn(readerOf(file), file.size) : null;
  const copied = said !== null && canBe(said, seen) ? said : null;
  const isMore = seen.sizeIs !== 'exact' && least > (seen.size ?? 0);
  return {
    packed,
    copied,
    ...(copied === said ? {} : { copiedOther: true as const }),
    ...seen,
    ...(isMore ? { size: least, sizeIs: 'atLeast' as const } : {}),
    problem: problem ?? seen.problem,
  };
}

/** True for a summary that can be of an image of this size. */
const canBe = ({ bytes, used }: ImageSummary, { size, sizeIs }: ParsedContents): boolean =>
  (sizeIs !== 'exact' || bytes === size) && (used ?? 0) <= bytes;

/** Reads the file as far as it is there. A failure to read gives no bytes: the copy is described without its summary. */
function readerOf(file: SourceBytes): ReadAt {
  return async (at, length) => {
    try {
      return await file.read(at, length);
    } catch (error) {
      if (errnoOf(error) === null) throw error;
      return Buffer.alloc(0);
    }
  };
}

/** What the block map beside the file says. `size`: bytes of the image; null when that is not known. */
async function bmapFacts(path: string, size: number | null): Promise<BmapFacts | null> {
  const beside = await bmapBeside({ path, realPath: resolve(path) });
  if (beside === null) return null;
  const name = basename(beside);
  const read = await outcome(async () => {
    const file = await readBmapFile(beside, true);
    if (size !== null) checkBmapSize(file, size);
    return file.bmap;
  });
  if (!read.ok) return { name, reason: read.errors[0]!.reason };
  const { version, mapped, imageSize, hash } = read.value;
  return { name, version, mapped, imageSize, hash, reason: null };
}

interface Unpacking {
  packed: Packing | null;
  /** null when it cannot be read. */
  reach: PieceSource | null;
  problem: PlatterError | null;
  /** Bytes of the image at least, when its size is not known. */
  least: number;
}

/** How a packed file is read. */
async function unpackingOf(path: string, of: Opened): Promise<Unpacking> {
  const { files, entry: wanted, supply } = of;
  const problem = (packed: Packing | null, error: PlatterError): Unpacking => ({
    packed,
    reach: null,
    problem: error,
    least: 0,
  });
  const answer = await probeFile(files, null, null, supply);
  if (!answer.ok) return problem(null, failureBy(path, answer.why));
  const { entries } = answer.probed;
  if (entries === undefined) return readingOf(path, { ...of, entry: null }, answer.probed);
  const chosen = await outcome(() => Promise.resolve().then(() => entryIn(path, entries, wanted)));
  if (!chosen.ok) return problem(packingOf(answer.probed, null), chosen.errors[0]!);
  const { name, size } = chosen.value;
  // In an archive with several files, the decoder describes only one that is named.
  const ofEntry = await probeFile(files, name, null, supply);
  if (!ofEntry.ok) return problem(packingOf(answer.probed, null), failureBy(path, ofEntry.why));
  const probed = { ...ofEntry.probed, size: ofEntry.probed.size ?? answer.probed.size ?? size, entries };
  return readingOf(path, { ...of, entry: name }, probed);
}

function readingOf(path: string, of: Opened, probed: Probed): Unpacking {
  const { size, seekable, least = 0 } = probed;
  const reach =
    seekable === true && size !== undefined
      ? new SeekingPieceSource(path, size, of)
      : new SequentialPieceSource(path, size ?? null, of);
  return { packed: packingOf(probed, of.entry), reach, problem: null, least };
}

const packingOf = (
  { format, blocks, entries, sparse, snapshots, seekable, threads, memory }: Probed,
  entry: string | null,
): Packing => ({
  format,
  blocks: blocks ?? null,
  entries: entries ?? null,
  entry,
  sparse: sparse ?? false,
  snapshots: snapshots ?? null,
  seekable: seekable ?? null,
  threads: threads ?? null,
  memory: memory ?? null,
});

/** What a look at a disk or an image gives. */
type ParsedContents = Inside & Pick<Described, 'content' | 'size' | 'sizeIs' | 'problem'>;

const NOTHING_PARSED: ParsedContents = {
  table: null,
  signatures: null,
  content: null,
  size: null,
  sizeIs: 'unknown',
  problem: null,
};

/**
 * Parses what `reach` has, and fetches what the parsers ask for, until they ask for nothing more. `toEnd`: look for the
 * end of an image that may be near.
 */
async function parseContents(reach: PieceSource, logicalSector: number | null, toEnd = true): Promise<ParsedContents> {
  const pieces = new Pieces(reach.size);
  let seen = NOTHING_PARSED;
  let hasEnded = !toEnd;
  try {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const inside = insideOf(pieces, logicalSector);
      seen = { ...inside, content: contentOf(pieces, inside), ...sizeOf(pieces), problem: null };
      if (seen.table !== null && pieces.size === null) seen = { ...seen, ...sizeByTable(seen.table) };
      const missing = pieces.takeMissing();
      // An image that may end within this look gets its size from its end.
      if (missing.length === 0 && !hasEnded && pieces.size === null && (seen.size ?? 0) < MOST_DECODED) {
        missing.push(MOST_DECODED / PIECE - 1);
        hasEnded = true;
      }
      if (missing.length === 0 || pieces.count > MOST_PIECES) break;
      await reach.fetch(missing, pieces);
    }
  } finally {
    await reach.close();
  }
  return { ...seen, problem: reach.fault };
}

/** What the bytes are. For an image, the format is that of its table, or the name of what begins in it. */
function contentOf(pieces: Pieces, { table, signatures }: Inside): Recognised | null {
  const size = pieces.size ?? Number.MAX_SAFE_INTEGER;
  const head = pieces.upTo(0, HEAD_BYTES);
  const tail = pieces.size === null ? Buffer.alloc(0) : pieces.upTo(Math.max(0, size - TAIL_BYTES), TAIL_BYTES);
  if (head.length === 0 && size > 0) return null;
  const found = recognise(head, tail, size);
  if (found.kind !== 'image') return found;
  const format = table === null ? (signatures?.[0]?.type ?? found.format) : table.kind.toUpperCase();
  return { ...found, format };
}

const sizeOf = ({ size }: Pieces): Pick<Described, 'size' | 'sizeIs'> => ({
  size,
  sizeIs: size === null ? 'unknown' : 'exact',
});

function sizeByTable(table: NonNullable<Inside['table']>): Pick<Described, 'size' | 'sizeIs'> {
  const size = leastSize(table);
  return size === 0 ? sizeOf(new Pieces(null)) : { size, sizeIs: 'atLeast' };
}
