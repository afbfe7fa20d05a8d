// The content of an image file: in words, and as a map of its partitions.
import {
  isMacExtra,
  isImageName,
  SPARSE,
  writtenFormat,
  type ArchivedFile,
  type Described,
  type ExaminedPartition,
  type Signature,
} from '../app/contract/disk-content.ts';
import { partsOf } from '../app/contract/request-facts.ts';
import { say, size } from './words.ts';

/**
 * A partition, or the gap between two, on a map of the image. `from` and `share` are fractions of its width, 0 to 1.
 */
export interface MapSegment {
  from: number;
  share: number;
  /** null for a gap. */
  partition: ExaminedPartition | null;
}

/** Least share of a partition on the map, so that a small one is visible. */
const LEAST = 0.02;

const packingOf = (format: string): string => (format === SPARSE ? say('image.sparse') : writtenFormat(format));

/** "xz → GPT": the image's packing and kind. */
export function formatOf({ packed, content, table, signatures }: Described): string {
  const steps = packed === null ? [] : [packingOf(packed.format)];
  if (packed?.sparse === true && packed.format !== SPARSE) steps.push(packingOf(SPARSE));
  if (content?.kind === 'image')
    steps.push(signatureName(table === null ? signatures?.[0] : undefined) ?? content.format);
  else if (content !== null) steps.push(content.kind === 'unknown' ? say('image.unknown') : say('image.noImage'));
  return steps.join(' → ');
}

/** "67.1 MB, packed 12.8 kB": the image's size. */
export function sizesOf({ packed, bytes, size: image, sizeIs }: Described): string {
  if (packed === null) return size(bytes);
  const what = { packed: size(bytes), size: size(image ?? 0) };
  return {
    exact: () => say('image.exact', what),
    atLeast: () => say('image.atLeast', what),
    unknown: () => say('image.sizeUnknown', what),
  }[sizeIs]();
}

/** The sentence on a list beside the file; null when there is none. */
export function listOf({ checksum }: Described): string | null {
  if (checksum === null) return null;
  const what = { list: checksum.list, hash: partsOf(checksum.checksum).hash };
  return checksum.of === 'file' ? say('image.listOfFile', what) : say('image.listOfImage', what);
}

/** The name for a partition: its content ("ext4 “root”"), or else its name or type. */
export function partitionName({ signatures, name, typeName, type }: ExaminedPartition): string {
  return signatureName(signatures?.[0], name) ?? name ?? typeName ?? type;
}

/** "ext4 “root”"; null without a signature. `name`: used instead of a label. */
function signatureName(signature: Signature | undefined, name: string | null = null): string | null {
  if (signature === undefined) return null;
  const kind = signature.version ?? signature.type;
  const label = signature.label ?? name;
  return label === null ? kind : say('choose.labelled', { fileSystem: kind, label });
}

/** The partitions and the gaps between them, in order; empty without a table. An extended partition is left out. */
export function mapOf({ table, size: image }: Described): MapSegment[] {
  const partitions = (table?.partitions ?? [])
    .filter(({ place, faults }) => place !== 'extended' && !faults.includes('backwards'))
    .toSorted((a, b) => a.start - b.start);
  if (partitions.length === 0) return [];
  const end = Math.max(image ?? 0, ...partitions.map(({ start, size: bytes }) => start + bytes));
  const pieces: { share: number; partition: ExaminedPartition | null }[] = [];
  let at = 0;
  for (const partition of partitions) {
    if (partition.start > at) pieces.push({ share: (partition.start - at) / end, partition: null });
    pieces.push({ share: Math.max(LEAST, partition.size / end), partition });
    at = Math.max(at, partition.start + partition.size);
  }
  if (at < end) pieces.push({ share: (end - at) / end, partition: null });
  const whole = pieces.reduce((sum, { share }) => sum + share, 0);
  let from = 0;
  return pieces.map(({ share, partition }) => {
    const stretch = { from: from / whole, share: share / whole, partition };
    from += share;
    return stretch;
  });
}

/**
 * The files of an archive with several: images first, then by size, largest first. Files with the same name count as
 * one.
 */
export function filesOf({ packed }: Described): ArchivedFile[] {
  const files = (packed?.entries ?? []).filter(
    ({ name, size }) => !name.endsWith('/') && size > 0 && !isMacExtra(name),
  );
  if (files.length < 2) return [];
  const byName = new Map(files.map((file) => [file.name, file]));
  const rank = ({ name }: ArchivedFile): number => (isImageName(name) ? 0 : 1);
  return [...byName.values()].toSorted((a, b) => rank(a) - rank(b) || b.size - a.size);
}
