// The format that a file's name announces. A name proves nothing, but a file that does not match its name may be
// damaged.
import type { Recognised } from '../contract/sources.ts';

/** Formats by file extension, with the names that `recognise` uses. */
const BY_ENDING: Readonly<Record<string, string>> = {
  xz: 'xz',
  txz: 'xz',
  gz: 'gzip',
  tgz: 'gzip',
  bz2: 'bzip2',
  tbz2: 'bzip2',
  zst: 'zstd',
  zstd: 'zstd',
  lz4: 'lz4',
  lzma: 'lzma',
  lz: 'lzip',
  lzo: 'lzop',
  z: 'compress',
  zip: 'ZIP',
  '7z': '7z',
  rar: 'RAR',
  tar: 'tar',
  simg: 'Android sparse image',
  qcow2: 'qcow2',
  vmdk: 'VMDK',
  vdi: 'VDI',
  vhd: 'VHD',
  vhdx: 'VHDX',
};

/** wget keeps a URL's query in the name: "disk.img.xz?download=1". */
const ENDING = /\.(\w+)(?:\?.*)?$/su;

/** The format that a file's extension announces; null for one that says nothing, such as "disk.img". */
export const namedFormat = (name: string): string | null =>
  BY_ENDING[ENDING.exec(name)?.[1]?.toLowerCase() ?? ''] ?? null;

/** The name of the unpacked file: "disk.img" for "disk.img.xz". */
export const withoutEnding = (name: string): string => (namedFormat(name) === null ? name : name.replace(ENDING, ''));

/** True when the file is recognised with certainty, whatever its name. Two bytes are not evidence against a name. */
export const isCertain = (found: Recognised): boolean => found.kind !== 'unknown' && found.sure;
