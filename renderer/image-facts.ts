// The content of an image file, in words.
import {
  isMacExtra,
  isImageName,
  SPARSE,
  writtenFormat,
  type ArchivedFile,
  type Described,
} from '../app/contract/disk-content.ts';
import { partsOf } from '../app/contract/request-facts.ts';
import { signatureName } from './partition-map.ts';
import { say, size } from './words.ts';

/** Endings of packed files. */
const PACKED = /\.(xz|gz|bz2|zst|zstd|zip|lz4|lzma|7z|tgz|txz|gzip)$/iu;

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

/** "1.1 GB, unpacked 5.9 GB": the sizes of the file and the image in it. `written`: how one is written. */
export function sizesOf({ packed, bytes, size: image, sizeIs }: Described, written = size): string {
  if (packed === null) return written(bytes);
  const what = { packed: written(bytes), size: written(image ?? 0) };
  return {
    exact: () => say('image.exact', what),
    atLeast: () => say('image.atLeast', what),
    unknown: () => say('image.sizeUnknown', what),
  }[sizeIs]();
}

/** The kind of an image file, for its picture: as it was described, or else by its name. */
export function kindOfImage(path: string, described: Described | null): 'packed' | 'iso' | 'image' {
  const isPacked = described === null ? PACKED.test(path) : described.packed !== null;
  if (isPacked) return 'packed';
  return /\.iso$/iu.test(path) ? 'iso' : 'image';
}

/** The sentence on a list beside the file; null when there is none. */
export function listOf({ checksum }: Described): string | null {
  if (checksum === null) return null;
  const what = { list: checksum.list, hash: partsOf(checksum.checksum).hash };
  return checksum.of === 'file' ? say('image.listOfFile', what) : say('image.listOfImage', what);
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
