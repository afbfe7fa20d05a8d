// Finds the checksum of a source file in its publisher's lists beside it.
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Reason } from '../../contract/facts.ts';
import { partsOf } from '../../contract/request-facts.ts';
import { errnoOf, reasonOf, Refusal } from '../../base/errors.ts';
import { shortened } from '../../base/foreign-text.ts';
import { imageNameIn, listsAmong, ownerOf } from '../../parsers/checksums/list-names.ts';
import { readChecksumList } from '../../parsers/checksums/list.ts';
import { lookUp, type Answer, type Of, type LookupTarget } from '../../parsers/checksums/lookup.ts';
import { readList } from './read-checksum-list.ts';

/** Most lists that are read for one file. */
const MOST_LISTS = 32;
/** Most names of a list in an error. */
const MOST_NAMES = 4;

/** A checksum ("sha256:…"), the list that has it, and what it is of. */
export interface ListedChecksum {
  list: string;
  checksum: string;
  of: Of;
  /** The list names what it is of. */
  isNamed: boolean;
}

/** A list that says nothing clear about a file, and why. */
export interface Unclear {
  list: string;
  reason: Reason;
}

/** What the lists beside a file say. */
export interface Lists {
  /** null when none has a checksum of it, or two contradict each other. */
  found: ListedChecksum | null;
  /** Lists that are meant for the file, or name it, and cannot be used. */
  unclear: Unclear[];
}

/** The names that lists may have for the file at `path`. `entry`: the file to take from an archive; null for none. */
export function lookupTarget(path: string, entry: string | null): LookupTarget {
  const file = resolve(path);
  const inside = [imageNameIn(basename(file)), entry === null ? null : basename(entry)];
  return { file, images: inside.filter((name) => name !== null).map((name) => join(dirname(file), name)) };
}

/** Reads the lists beside the file at `path`. Rejects with no Refusal: a list that cannot be read is unclear. */
export async function checksumBeside(path: string, entry: string | null): Promise<Lists> {
  const sought = lookupTarget(path, entry);
  const said: ListedChecksum[] = [];
  const unclear: Unclear[] = [];
  for (const list of await listsBeside(sought.file)) {
    const answer = await answerOf(list, sought);
    const reason = 'reason' in answer ? answer.reason : reasonAgainst(answer, list, sought);
    if (reason !== null) unclear.push({ list, reason });
    if (!('kind' in answer) || answer.kind !== 'found') continue;
    const { checksum, of, isNamed } = answer;
    said.push({ list, checksum, of, isNamed });
  }
  const contradiction = contradictionIn(said);
  if (contradiction !== null) unclear.push(contradiction);
  const best = said.find(({ of }) => of === 'file') ?? said[0] ?? null;
  return { found: unclear.some(isContradiction) ? null : best, unclear };
}

/** True when a list has two checksums of the file, or another one than the next list. */
export const isContradiction = ({ reason: { kind } }: Unclear): boolean =>
  kind === 'listContradicts' || kind === 'listsContradict';

/** Paths of the lists in the folder of `file`, the preferred one first. */
export async function listsBeside(file: string): Promise<string[]> {
  try {
    const entries = await readdir(dirname(file), { withFileTypes: true });
    const names = entries.filter((one) => one.isFile() || one.isSymbolicLink()).map(({ name }) => name);
    return listsAmong(names, basename(file))
      .slice(0, MOST_LISTS)
      .map((name) => join(dirname(file), name));
  } catch (error) {
    // A folder may allow opening its files, but not listing them.
    if (errnoOf(error) === null) throw error;
    return [];
  }
}

async function answerOf(list: string, sought: LookupTarget): Promise<Answer | { reason: Reason }> {
  try {
    return lookUp(readChecksumList(await readList(list), basename(list)), basename(list), sought);
  } catch (error) {
    if (error instanceof Refusal) return { reason: reasonOf(error) };
    throw error;
  }
}

/** Why a list beside a file cannot be used; null for one that can, or that is about other files. */
function reasonAgainst(answer: Answer, list: string, { file }: LookupTarget): Reason | null {
  switch (answer.kind) {
    case 'found':
      return answer.odd === null ? null : reasonFor({ kind: 'odd', line: answer.odd });
    case 'absent': {
      const isMeant = ownerOf(basename(list), basename(file)) !== null;
      const isNear = answer.names.some((name) => basename(name) === basename(file));
      return isMeant || isNear ? reasonFor(answer) : null;
    }
    default:
      return reasonFor(answer);
  }
}

/** Why a list says nothing clear about the file. */
export function reasonFor(answer: Exclude<Answer, { kind: 'found' }>): Reason {
  switch (answer.kind) {
    case 'contradiction':
      return { kind: 'listContradicts', hash: answer.hash, one: answer.one, other: answer.other };
    case 'odd':
      return { kind: 'listOdd', line: answer.line.number, text: shortened(answer.line.text) };
    case 'absent': {
      const { names, isBare } = answer;
      if (names.length === 0) return { kind: isBare ? 'listNameless' : 'listEmpty' };
      const shown = names.slice(0, MOST_NAMES).map(shortened);
      return { kind: 'listLacks', names: shown, more: names.length - shown.length };
    }
  }
}

/** Two lists with different checksums; null for none. */
function contradictionIn(said: readonly ListedChecksum[]): Unclear | null {
  for (const [index, one] of said.entries()) {
    const { hash, hex } = partsOf(one.checksum);
    const other = said
      .slice(index + 1)
      .find(({ checksum, of }) => of === one.of && partsOf(checksum).hash === hash && partsOf(checksum).hex !== hex);
    if (other === undefined) continue;
    const list = basename(other.list);
    return {
      list: one.list,
      reason: { kind: 'listsContradict', hash, one: hex, list, other: partsOf(other.checksum).hex },
    };
  }
  return null;
}
