// Block maps of images in the form of each version of bmaptool.
import { createHash } from 'node:crypto';

export const BLOCK = 4096;

/** The options for a map. */
interface MapOptions {
  version?: '1.2' | '1.3' | '1.4' | '2.0';
  /** In versions 1.4 and 2.0. */
  hash?: 'sha256' | 'sha512' | 'md5';
  /** Ranges have checksums (`bmaptool create --no-checksum` makes none). */
  checksums?: boolean;
  blockSize?: number;
}

const hex = (hash: string, bytes: Uint8Array): string => createHash(hash).update(bytes).digest('hex');

/** The map of an image in which these ranges of blocks are mapped, both ends included. */
export function bmapOf(
  image: Buffer,
  blocks: readonly (readonly [number, number])[],
  { version = '2.0', hash = 'sha256', checksums = true, blockSize = BLOCK }: MapOptions = {},
): string {
  const isNew = version === '1.4' || version === '2.0';
  const own = isNew ? hash : 'sha1';
  const ranges = blocks.map(([first, last]) => {
    const bytes = image.subarray(first * blockSize, (last + 1) * blockSize);
    const name = isNew ? 'chksum' : 'sha1';
    const checksum = version === '1.2' || !checksums ? '' : ` ${name}="${hex(own, bytes)}"`;
    return `        <Range${checksum}> ${first === last ? String(first) : `${first}-${last}`} </Range>\n`;
  });
  const mapped = blocks.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const element = isNew ? 'BmapFileChecksum' : 'BmapFileSHA1';
  const zeros = '0'.repeat(hex(own, Buffer.alloc(0)).length);
  return sealed(
    `<?xml version="1.0" ?>\n<!-- This file contains the block map: <Range> & more. -->\n\n<bmap version="${version}">\n` +
      `    <!-- Image size in bytes -->\n    <ImageSize> ${image.length} </ImageSize>\n` +
      `    <BlockSize> ${blockSize} </BlockSize>\n` +
      `    <BlocksCount> ${Math.ceil(image.length / blockSize)} </BlocksCount>\n` +
      `    <MappedBlocksCount> ${mapped}    </MappedBlocksCount>\n` +
      (isNew ? `    <ChecksumType> ${hash} </ChecksumType>\n` : '') +
      (version === '1.2' ? '' : `    <${element}> ${zeros} </${element}>\n`) +
      `    <BlockMap>\n${ranges.join('')}    </BlockMap>\n</bmap>\n`,
  );
}

const OWN = /(<BmapFile(?:Checksum|SHA1)>\s*)([0-9a-f]+)/;

/** Corrects a changed map's checksum of itself. */
export function sealed(map: string): string {
  const [, before, old] = OWN.exec(map) ?? [];
  if (before === undefined || old === undefined) return map;
  const blank = map.replace(OWN, (_, start: string, digits: string) => start + '0'.repeat(digits.length));
  const hash = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' }[old.length];
  return hash === undefined ? map : map.replace(OWN, `$1${hex(hash, Buffer.from(blank, 'latin1'))}`);
}
