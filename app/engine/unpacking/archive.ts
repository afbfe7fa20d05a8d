// The image in an archive of several files.
import type { Reason, Remedy } from '../../contract/facts.ts';
import { isImageName, isMacExtra, isOtherName } from '../../contract/disk-content.ts';
import { refuse } from '../../base/errors.ts';
import { shortened } from '../../base/foreign-text.ts';
import type { ArchiveEntry } from './unpack-program.ts';

/** Methods of ZIP that the decoder knows: stored and deflated. */
const KNOWN: ReadonlySet<number> = new Set([0, 8]);
/** The others by name (PKWARE's APPNOTE.TXT, 4.4.5). */
const METHODS: Readonly<Record<number, string>> = {
  1: 'Shrink',
  6: 'Implode',
  9: 'Deflate64',
  10: 'PKWARE Implode',
  12: 'bzip2',
  14: 'LZMA',
  18: 'IBM TERSE',
  19: 'IBM LZ77',
  93: 'Zstandard',
  94: 'MP3',
  95: 'xz',
  96: 'JPEG',
  97: 'WavPack',
  98: 'PPMd',
  99: 'AES',
};

/** Most names of an archive in an error. */
const MOST_NAMES = 8;

/**
 * The image in an archive: the one that was asked for, or the only file that can be one. Throws a Refusal when there is
 * none, or several, or it cannot be unpacked.
 */
export function entryIn(path: string, entries: readonly ArchiveEntry[], wanted: string | null): ArchiveEntry {
  const refused = (reason: Reason, remedy: Remedy): never =>
    refuse({ code: 'NOT_AN_IMAGE', op: 'check', device: path, reason, remedy });
  const all = entries.filter(({ name, size }) => !name.endsWith('/') && size > 0);
  const files = wanted === null ? all.filter(({ name }) => !isMacExtra(name)) : all;
  const names = [...new Set(files.map(({ name }) => name))].slice(0, MOST_NAMES).map(shortened).join(', ');
  const images = files.length === 1 ? files : files.filter(({ name }) => isImageName(name));
  const found = wanted === null ? images : files.filter(({ name }) => name === wanted);
  const [chosen] = found;
  // Nobody can say which of two files with one name is meant.
  if (chosen !== undefined && found.length > 1 && found.every(({ name }) => name === chosen.name))
    return refused({ kind: 'twiceInArchive', name: chosen.name, count: found.length }, { kind: 'otherUnpacker' });
  if (files.length === 0) return refused({ kind: 'emptyArchive' }, { kind: 'NOT_AN_IMAGE' });
  if (chosen === undefined || found.length > 1)
    return refused(
      wanted === null ? { kind: 'severalInArchive', names } : { kind: 'notInArchive', name: wanted, names },
      { kind: 'chooseEntry' },
    );
  const { name, method, encrypted } = chosen;
  // No program can be told such a name.
  if (name.includes('\0')) return refused({ kind: 'entryNameBroken' }, { kind: 'otherUnpacker' });
  if (wanted === null && isOtherName(name)) return refused({ kind: 'noImageInArchive', name }, { kind: 'chooseEntry' });
  const takeOut: Remedy = { kind: 'takeImageOut', command: '7z x FILE' };
  if (encrypted) return refused({ kind: 'encryptedEntry', name }, takeOut);
  if (KNOWN.has(method)) return chosen;
  return refused({ kind: 'unknownMethod', name, method: METHODS[method] ?? String(method) }, takeOut);
}
