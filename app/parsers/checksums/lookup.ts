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
  /**
   * `isNamed`: the line names what it is of; digits alone do not say whether they cover the file or the image in it.
   * `odd`: another line that names the file and cannot be used.
   */
  | { kind: 'found'; checksum: string; of: Of; isNamed: boolean; odd: UnusableLine | null }
  | { kind: 'contradiction'; hash: Hash; one: string; other: string }
  | { kind: 'odd'; line: UnusableLine }
  /** `names`: the files in the list. `isBare`: the list has digits without a name, which could belong to any file. */
  | { kind: 'absent'; names: string[]; isBare: boolean };

/** The strongest hash is used. */
const STRENGTH: readonly Hash[] = ['sha512', 'sha256', 'sha1', 'md5'];

/**
 * Looks up `sought` in `list`, from a file called `listName`. A line about the file decides, even when it cannot be used:
 * no line about the image stands in for it.
 */
export function lookUp(list: ChecksumList, listName: string, sought: LookupTarget): Answer {
  const owner = ownerOf(listName, basename(sought.file));
  const bare = list.listed.filter(({ name }) => name === null);
  const ofFile = [...linesFor(list, [sought.file]), ...(owner === 'file' ? bare : [])];
  const ofImage = [...linesFor(list, sought.images), ...(owner === 'image' ? bare : [])];
  const odd = list.odd.filter(({ text }) => [sought.file, ...sought.images].some((path) => mentions(text, path)));
  if (ofFile.length > 0) return strongest(ofFile, 'file', odd);
  const broken = odd.find(({ text, isOtherHash }) => !isOtherHash && mentions(text, sought.file));
  if (broken !== undefined) return { kind: 'odd', line: broken };
  if (ofImage.length > 0) return strongest(ofImage, 'image', odd);
  if (odd[0] !== undefined) return { kind: 'odd', line: odd[0] };
  const names = new Set(list.listed.flatMap(({ name }) => name ?? []));
  return { kind: 'absent', names: [...names], isBare: list.listed.some(({ name }) => name === null) };
}

/**
 * The lines that name one of `paths`. A publisher's folders are not those of the download: when no line has the folders
 * of a path, the name alone counts, unless the list has it in several folders.
 */
function linesFor({ listed }: ChecksumList, paths: readonly string[]): Listed[] {
  const exact = listed.filter(({ name }) => name !== null && paths.some((path) => endsWith(path, name)));
  if (exact.length > 0) return exact;
  const alike = listed.filter(({ name }) => name !== null && paths.some((path) => basename(path) === basename(name)));
  return new Set(alike.map(({ name }) => name)).size === 1 ? alike : [];
}

function strongest(listed: readonly Listed[], of: Of, odd: readonly UnusableLine[]): Answer {
  for (const hash of STRENGTH) {
    const [one, other] = new Set(listed.filter((each) => each.hash === hash).map(({ hex }) => hex));
    if (one !== undefined && other !== undefined) return { kind: 'contradiction', hash, one, other };
  }
  const [best] = STRENGTH.flatMap((hash) => listed.filter((each) => each.hash === hash));
  const unclear = odd.find(({ isOtherHash }) => !isOtherHash) ?? null;
  return { kind: 'found', checksum: `${best!.hash}:${best!.hex}`, of, isNamed: best!.name !== null, odd: unclear };
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
