// A packed source before anything is held: what it is, and how large the image in it is.
import { basename } from 'node:path';
import type { Reason, Remedy } from '../../contract/facts.ts';
import type { Reading } from '../../contract/host.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { cancelledOpening, failure, failureOf, Refusal, refuse } from '../../base/errors.ts';
import { writtenFormat } from '../../contract/disk-content.ts';
import type { PlatterError } from '../../contract/errors.ts';
import {
  checksumCoversOf,
  checksumOf,
  entryOf,
  partsOf,
  rescueOf,
  takesAsIs,
  zeroesUnmapped,
} from '../../contract/request-facts.ts';
import type { ChecksumCovers, WorkRequest } from '../../contract/request.ts';
import type { Recognised } from '../../contract/sources.ts';
import { isCertain, namedFormat } from '../../parsers/name-endings.ts';
import { recognise } from '../../parsers/recognise.ts';
import { commandFor } from '../../parsers/unpack-commands.ts';
import { HEAD_BYTES, TAIL_BYTES } from '../../parsers/bytes/sample.ts';
import type { End, Found, Packed, SourceMap } from '../devices/ends.ts';
import { entryIn } from './archive.ts';
import { checkBmapSize, type BmapFile } from './bmap-file.ts';
import { contentKey, keepSize, knownSize } from './known-sizes.ts';
import { openWrtMetadata } from './openwrt-metadata.ts';
import { piecesAt, SourceFiles, type Descriptors, type SourceBytes } from './source-files.ts';
import {
  canUnpack,
  decodeFile,
  probeFile,
  type Decoded,
  type DecodeOptions,
  type NoImage,
  type UnpackFault,
  UNWATCHED,
  type Watch,
} from './unpack-program.ts';

/** The format of a file that is not packed, or is taken as it is: the decoder only makes its hash. */
export const RAW = 'raw';

/** The formats that the decoder knows, by the names that files are recognised under. */
const FORMATS: ReadonlySet<string> = new Set([
  'xz',
  'gzip',
  'bzip2',
  'zstd',
  'lz4',
  'ZIP',
  'Android sparse image',
  'partclone',
  'qcow2',
  'VMDK',
  'VDI',
  'VHD',
  'VHDX',
]);

/** Bytes at the end of a VHD. */
const VHD_FOOTER = 512;

/**
 * The source as a job reads it: the image in a packed file, unless its bytes are taken as they are. `bmap`: the block
 * map of the job.
 */
export function sourceFor(
  request: WorkRequest,
  file: Found,
  bmap: BmapFile | null,
  answers: Answers,
): Found | Promise<Found> {
  if (rescueOf(request) !== null) return file;
  const isRaw = takesAsIs(request);
  const zeroUnmapped = zeroesUnmapped(request);
  return unpackedEnd(
    file,
    {
      isRaw,
      entry: entryOf(request),
      checksum: checksumOf(request),
      checksumCovers: checksumCoversOf(request),
      bmap,
      zeroUnmapped,
    },
    answers,
  );
}

/** How a source file is taken. */
interface SourceOptions {
  /** Take its bytes as they are. */
  isRaw: boolean;
  entry: string | null;
  checksum: string | null;
  checksumCovers: ChecksumCovers;
  bmap: BmapFile | null;
  zeroUnmapped: boolean;
}

/**
 * The image in a packed file that can be unpacked; any other source as it is. A file with a checksum or a block map
 * goes through the decoder in any case, which makes the hashes.
 */
async function unpackedEnd(found: Found, options: SourceOptions, answers: Answers): Promise<Found> {
  if (found.end === null) return found;
  const { path } = found.end;
  try {
    return { end: (await imageIn(found.end, options, answers)) ?? found.end };
  } catch (error) {
    return { end: null, error: error instanceof Refusal ? error.errors[0]! : failureOf(error, 'open', path, 'file') };
  }
}

async function imageIn(end: End, options: SourceOptions, answers: Answers): Promise<End | null> {
  if (end.packed !== null) {
    if (options.checksum === null) return end;
    return refuse({ code: 'BAD_ARGUMENT', op: 'check', device: end.path, reason: { kind: 'checksumOfFolder' } });
  }
  if (options.checksum !== null) checkChecksum(end);
  if (end.kind !== 'file' || end.size === 0 || !canUnpack() || (options.isRaw && !isChecked(options))) return null;
  const pieces = options.isRaw ? null : await answers.of(end.path, piecesAt(end.realPath, end.path));
  const opening = SourceFiles.open(pieces?.paths ?? [end.realPath]);
  const files = await answers.of(end.path, opening, end.kind, (late) => late.close());
  try {
    // Another file has this name by now. It is looked at again when it is opened for the job.
    if (files.files[0]!.id !== end.id) return null;
    const whole = pieces === null ? end : wholeOf(end, files);
    if (!options.isRaw && (await answers.of(end.path, isPacked(files))))
      return await inspectPacked(files, whole, options, answers);
    if (!isChecked(options) && pieces === null) return null;
    if (options.bmap !== null) checkBmapSize(options.bmap, whole.size);
    const asItIs = { format: RAW, bytes: whole.size, entry: null, seekable: true, sizeKey: null };
    return { ...whole, packed: { ...asItIs, files: files.files, ...partOf(options) } };
  } finally {
    files.close();
  }
}

/** The end with the pieces of a split file together. The log of a job tells by the latest change whether it is the same. */
const wholeOf = (end: End, { files, size }: SourceFiles): End => ({
  ...end,
  size,
  allocated: size,
  modified: Math.max(...files.map(({ modified }) => modified)),
});

const isChecked = ({ checksum, bmap }: SourceOptions): boolean => checksum !== null || bmap !== null;

const mapOf = ({ bmap, zeroUnmapped }: SourceOptions): SourceMap | null =>
  bmap === null ? null : { path: bmap.path, bmap: bmap.bmap, zeroUnmapped };

/** The facts about a packed source that come from the request. */
const partOf = (options: SourceOptions): Pick<Packed, 'checksum' | 'checksumCovers' | 'map'> => ({
  checksum: options.checksum,
  checksumCovers: options.checksumCovers,
  map: mapOf(options),
});

/** Throws a Refusal when the checksum of an end cannot be made. */
export function checkChecksum({ path, kind }: Pick<End, 'path' | 'kind'>): void {
  if (kind === 'block') refuse({ code: 'BAD_ARGUMENT', op: 'check', device: path, reason: { kind: 'checksumOfDisk' } });
  needDecoder(path);
}

/** Throws a Refusal when there is no decoder. */
export function needDecoder(path: string): void {
  if (!canUnpack())
    refuse({ code: 'ENGINE_UNAVAILABLE', op: 'check', device: path, reason: { kind: 'checksumUnavailable' } });
}

/** True when an open file can be unpacked. */
export async function isPacked(file: SourceBytes): Promise<boolean> {
  const found = await recogniseIn(file, VHD_FOOTER);
  // A fixed VHD is the bytes of a disk and a footer.
  if (found.kind === 'image') return found.trailer === 'VHD';
  return (
    (found.kind === 'packed' || found.kind === 'other') &&
    'format' in found.file &&
    found.sure &&
    FORMATS.has(found.file.format)
  );
}

/** Throws a Refusal for an open file that is packed by its name, when its content is not certain to be anything. */
export async function checkName(file: SourceBytes, path: string): Promise<void> {
  const named = namedFormat(basename(path));
  if (named === null) return;
  const found = await recogniseIn(file, TAIL_BYTES);
  if (!isCertain(found)) throw new Refusal([notAsNamed('BAD_IMAGE', path, named, found)]);
}

/** What an open file is, by its head and its last `tail` bytes. */
async function recogniseIn(file: SourceBytes, tail: number): Promise<Recognised> {
  const { size } = file;
  const head = await file.read(0, Math.min(HEAD_BYTES, size));
  return recognise(head, await file.read(Math.max(0, size - tail), Math.min(tail, size)), size);
}

async function inspectPacked(file: SourceFiles, end: End, options: SourceOptions, answers: Answers): Promise<End> {
  const { format, entry, size, seekable } = await imageOf(file, end.path, options.entry, answers.signal);
  if (options.bmap !== null && size !== undefined) checkBmapSize(options.bmap, size);
  const sizeKey = size === undefined ? await answers.of(end.path, contentKey(file, entry)) : null;
  // A block map says the size, which is checked at the end of the file.
  const bytes = size ?? options.bmap?.bmap.imageSize ?? (await sizeByDecoding(file, end, entry, sizeKey, answers));
  const packed = { format, bytes: end.size, files: file.files, entry, seekable, sizeKey, ...partOf(options) };
  const metadata = format === 'gzip' ? await answers.of(end.path, openWrtMetadata(file)) : 0;
  return { ...end, size: bytes, allocated: bytes, packed: metadata === 0 ? packed : { ...packed, metadata } };
}

/**
 * Bytes of an image whose format does not store them. The file is decoded once, so that a drive that is too small is
 * refused before it is touched.
 */
async function sizeByDecoding(
  file: Descriptors,
  end: End,
  entry: string | null,
  key: string | null,
  answers: Answers,
): Promise<number> {
  const known = await answers.of(end.path, knownSize(key));
  if (known !== undefined) return known;
  const how = { entry, isRaw: false, digests: [], map: null };
  const { written } = await decodeWhole(file, end.path, how, watching(answers, 'size', end));
  await answers.of(end.path, keepSize(key, written));
  return written;
}

/** Describes the image in a packed file. `size` is undefined when the format does not keep it. Throws a Refusal. */
export async function imageOf(
  file: Descriptors,
  path: string,
  wanted: string | null,
  signal: AbortSignal | null = null,
): Promise<{ format: string; entry: string | null; size: number | undefined; seekable: boolean }> {
  const answer = await probeFile(file, null, signal);
  if (!answer.ok) throw new Refusal([failureBy(path, answer.why)]);
  const { format, size, entries, seekable = false } = answer.probed;
  const chosen = entries === undefined ? null : entryIn(path, entries, wanted);
  // The entry of a sparse image in an archive has the size of the sparse file, not of the image in it.
  return { format, entry: chosen?.name ?? null, size: size ?? chosen?.size, seekable };
}

/** Hears how far a file of this size was decoded, and can stop that. */
export const watching = (answers: Answers, why: Reading['why'], { path, size, packed }: End): Watch => ({
  signal: answers.signal,
  read: (done) => answers.reading(path, { why, done, of: packed?.bytes ?? size }),
});

/** Decodes a whole open file and keeps nothing of it. Throws a Refusal for a file that is not right. */
export async function decodeWhole(
  file: Descriptors,
  path: string,
  how: Pick<DecodeOptions, 'entry' | 'isRaw' | 'digests' | 'map'>,
  watch: Watch = UNWATCHED,
  bmapPath = '',
): Promise<Decoded> {
  const end = await decodeFile(file, null, { ...how, from: 0, threads: null }, watch).ended;
  if (end.kind === 'done') return end.of;
  throw new Refusal([failureBy(path, end, bmapPath)]);
}

/** The error for a source whose decoder gave no image. `bmap`: the path of its block map. */
export function failureBy(path: string, why: NoImage, bmap = ''): PlatterError {
  if (why.kind === 'stopped') return cancelledOpening(path).errors[0]!;
  if (why.kind === 'fault') return unpackFailure(path, why.fault, bmap);
  const { reason } = why;
  // The storage of the file failed.
  if (reason.kind === 'packedUnreadable')
    return failure({ code: 'MEDIUM_ERROR', op: 'read', device: path, reason, remedy: { kind: 'checkSource' } });
  const isOfFiles = reason.kind === 'decoderUnstarted' && ['EMFILE', 'ENFILE'].includes(reason.errno);
  return failure({
    code: 'DECODER_FAILED',
    op: 'read',
    device: path,
    reason,
    remedy: { kind: isOfFiles ? 'moreFiles' : 'DECODER_FAILED' },
  });
}

/** The failure of a packed file, in words. */
export const unpackFailure = (path: string, { fault, offset, length, said }: UnpackFault, bmap = ''): PlatterError => {
  const reasons: Partial<Record<UnpackFault['fault'], Reason>> = {
    truncated: { kind: 'packedTruncated', offset },
    damaged: { kind: 'packedDamaged', offset, said },
    trailing: { kind: 'packedTrailing', offset },
    memory: { kind: 'packedMemory' },
    mapped: { kind: 'otherThanMapped', place: { offset, length: length ?? 0 }, bmap },
    otherFile: said === '' ? { kind: 'diskNeedsFiles' } : { kind: 'diskNeedsFile', name: said },
    encrypted: { kind: 'diskEncrypted' },
    unfinished: { kind: 'diskUnfinished', said },
  };
  const remedies: Partial<Record<UnpackFault['fault'], Remedy>> = {
    truncated: { kind: 'BAD_IMAGE' },
    damaged: { kind: 'BAD_IMAGE' },
    trailing: trailingRemedy(said),
    mapped: { kind: 'BAD_IMAGE' },
    otherFile: { kind: 'flattenDisk', command: 'qemu-img convert -O raw FILE disk.img' },
    encrypted: { kind: 'decryptDisk' },
    unfinished: { kind: 'repairDisk', command: 'qemu-img check -r all FILE' },
  };
  return failure({
    code: 'BAD_IMAGE',
    op: 'read',
    device: path,
    reason: reasons[fault] ?? { kind: 'packedUnreadable', said },
    remedy: remedies[fault] ?? { kind: 'otherUnpacker' },
  });
};

/** The formats that other programs unpack although something follows, by the decoder's names. */
const IGNORE_TRAILING: ReadonlySet<string> = new Set(['gzip', 'bzip2', 'zip']);

/** The remedy for a file in `format` with other data behind it. */
function trailingRemedy(format: string): Remedy {
  const command = IGNORE_TRAILING.has(format) ? commandFor(writtenFormat(format)) : null;
  return command === null ? { kind: 'BAD_IMAGE' } : { kind: 'getAgainOrUnpack', command };
}

/**
 * The error for a file that does not begin as its name says (`named`, a format), and is not certain to be anything
 * else. `isPiece`: the name is that of a file of which it is a piece.
 */
export const notAsNamed = (
  code: 'BAD_IMAGE' | 'NOT_AN_IMAGE',
  path: string,
  named: string,
  found: Recognised,
  isPiece = false,
): PlatterError =>
  failure({
    code,
    op: 'check',
    device: path,
    reason:
      found.kind === 'packed' || found.kind === 'other'
        ? { kind: 'looksOtherThanNamed', format: named, file: found.file }
        : { kind: 'notAsNamed', format: named },
    remedy: { kind: isPiece ? 'bringPieces' : 'getAgainOrAsIs' },
  });

/** The error for a file that must have this checksum and does not; null when it has. */
export function otherChecksum(
  path: string,
  checksum: string,
  covers: ChecksumCovers,
  { digests, imageDigests }: Decoded,
): PlatterError | null {
  const { hash, hex } = partsOf(checksum);
  if (covers !== 'image' && hex === digests[hash]) return null;
  if (covers !== 'file' && hex === imageDigests[hash]) return null;
  const [file, image] = [digests[hash] ?? '', imageDigests[hash] ?? ''];
  const of = { hash, wanted: hex };
  const reasons: Record<'file' | 'image' | 'either', Reason> = {
    file: { kind: 'otherChecksum', ...of, is: file },
    image: { kind: 'otherChecksumOfImage', ...of, is: image },
    // Both were compared. In a file that is not packed they are the same.
    either:
      image === '' || image === file
        ? { kind: 'otherChecksum', ...of, is: file }
        : { kind: 'otherChecksumOfBoth', ...of, file, image },
  };
  return failure({ code: 'BAD_IMAGE', op: 'check', device: path, reason: reasons[covers ?? 'either'] });
}
