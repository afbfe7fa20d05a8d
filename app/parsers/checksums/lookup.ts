// Looks up one file, or the image in it, in a list of checksums.
import { basename } from 'node:path';
import type { Hash } from '../../contract/hashes.ts';
import type { ChecksumList, Listed, UnusableLine } from './list.ts';
import { ownerOf } from './list-names.ts';

/** The object that a checksum covers. */
export type Of = 'file' | 'image';

/** The file to look up. */
export interface LookupTarget {
  /** Absolute path. */
  file: string;
  /** Possible paths of the unpacked image beside the file. */
  images: readonly string[];
}

/** The result of a look-up. */
export type Answer =
  /** `odd`: another line that names the file and cannot be used. */
  | { kind: 'found'; checksum: string; of: Of; odd: UnusableLine | null }
  | { kind: 'contradiction'; hash: Hash; one: string; other: string }
  | { kind: 'odd'; line: UnusableLine }
  /** `names`: the files in the list. `isBare`: the list has digits without a name, which could belong to any file. */
  | { kind: 'absent'; names: string[]; isBare: boolean };

/** The strongest hash is used. */
const STRENGTH: readonly Hash[] = ['sha512', 'sha256', 'sha1', 'md5'];

/**
 * Looks up `sought` in `list`, from a file called `listName`. A checksum of the file takes precedence over one of the
 * image.
 */
export function lookUp(list: ChecksumList, listName: string, sought: LookupTarget): Answer {
  const owner = ownerOf(listName, basename(sought.file));
  const ofFile = list.listed.filter(({ name }) => (name === null ? owner === 'file' : endsWith(sought.file, name)));
  const ofImage = list.listed.filter(({ name }) =>
    name === null ? owner === 'image' : sought.images.some((path) => endsWith(path, name)),
  );
  const odd = list.odd.filter(({ text }) => [sought.file, ...sought.images].some((path) => mentions(text, path)));
  if (ofFile.length > 0) return strongest(ofFile, 'file', odd);
  if (ofImage.length > 0) return strongest(ofImage, 'image', odd);
  if (odd[0] !== undefined) return { kind: 'odd', line: odd[0] };
  const names = new Set(list.listed.flatMap(({ name }) => name ?? []));
  return { kind: 'absent', names: [...names], isBare: list.listed.some(({ name }) => name === null) };
}

function strongest(listed: readonly Listed[], of: Of, odd: readonly UnusableLine[]): Answer {
  for (const hash of STRENGTH) {
    const [one, other] = new Set(listed.filter((each) => each.hash === hash).map(({ hex }) => hex));
    if (one !== undefined && other !== undefined) return { kind: 'contradiction', hash, one, other };
  }
  const [best] = STRENGTH.flatMap((hash) => listed.filter((each) => each.hash === hash));
  const unclear = odd.find(({ isOtherHash }) => !isOtherHash) ?? null;
  return { kind: 'found', checksum: `${best!.hash}:${best!.hex}`, of, odd: unclear };
}

/** True when `path` ends with `name`, which may include folders. */
const endsWith = (path: string, name: string): boolean =>
  name.startsWith('/') ? path === name : path.endsWith(`/${name}`);

/** True when the line contains the name of the file at `path` as a whole word. */
function mentions(line: string, path: string): boolean {
  const name = basename(path);
  const isPart = (character: string | undefined): boolean => character !== undefined && /[\w.-]/u.test(character);
  for (let at = line.indexOf(name); at >= 0; at = line.indexOf(name, at + 1))
    if (!isPart(line[at - 1]) && !isPart(line[at + name.length])) return true;
  return false;
}
