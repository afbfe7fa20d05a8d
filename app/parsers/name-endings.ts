// What a file is by its name. A name proves nothing, but a file that is not what its name says can be damaged.
import type { Recognised } from '../contract/sources.ts';

/** Formats by the ending of a name, called as `recognise` calls them. */
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

/** wget keeps the query of a URL in the name: "disk.img.xz?download=1". */
const ENDING = /\.(\w+)(?:\?.*)?$/su;

/** The format that the name of a file ends with; null for a name that says nothing, such as "disk.img". */
export const namedFormat = (name: string): string | null =>
  BY_ENDING[ENDING.exec(name)?.[1]?.toLowerCase() ?? ''] ?? null;

/** The name of what is in a packed file: "disk.img" of "disk.img.xz". */
export const withoutEnding = (name: string): string => (namedFormat(name) === null ? name : name.replace(ENDING, ''));

/** Is a file certainly something, whether its name says so or not? Two bytes are no evidence against a name. */
export const isCertain = (found: Recognised): boolean => found.kind !== 'unknown' && found.sure;
