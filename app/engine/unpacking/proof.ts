// What a source file has to be: the checksum that the user gave, or the one in a list that the user named.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import { listIn, partsOf } from '../../contract/request-facts.ts';
import { failure, Refusal } from '../../base/errors.ts';
import { readChecksumList } from '../../sources/checksums/list.ts';
import { lookUp, type Answer, type Of } from '../../sources/checksums/lookup.ts';
import type { End } from '../devices/inspect.ts';
import { isContradiction, reasonFor, soughtAt, type Unclear } from './checksum-beside.ts';
import { readList } from './list-file.ts';
import { checkChecksum, imageOf, isPacked } from './packed.ts';

/** What a source has to be. */
export interface Proof {
  /** "sha256:…"; null when nothing was given. */
  checksum: string | null;
  /** The list that it is from, by its path, and what it is of there; null for one that was given itself. */
  from: { list: string; of: Of } | null;
  /** What of lists cannot be gone by. */
  unclear: Unclear[];
}

/**
 * The checksum that a source must have. `checksum`: as it was given, perhaps as the list that has it. `entry`: the file
 * that is taken of an archive; null for its only one. Rejects with a Refusal: the list does not name the source.
 */
export async function proofOf(
  source: Pick<End, 'path' | 'realPath' | 'kind'>,
  checksum: string | null,
  entry: string | null,
): Promise<Proof> {
  const list = listIn(checksum);
  if (list === null) return { checksum, from: null, unclear: [] };
  checkChecksum(source);
  const answer = await answerOf(list, source.realPath, entry);
  if (answer.kind !== 'found') throw new Refusal([listFailure(list, reasonFor(answer))]);
  const { of, odd } = answer;
  return {
    checksum: answer.checksum,
    from: { list, of },
    unclear: odd === null ? [] : [{ list, reason: reasonFor({ kind: 'odd', line: odd }) }],
  };
}

/** The failure of a list that cannot be gone by. */
export const listFailure = (list: string, reason: Reason): PlatterError =>
  failure({
    code: 'BAD_FILE',
    op: 'check',
    device: list,
    reason,
    remedy: { kind: isContradiction({ list, reason }) ? 'giveChecksum' : 'otherList' },
  });

/** What the review says of what the source at `path` has to be. */
export function notesOnProof(path: string, { checksum, from, unclear }: Proof): Note[] {
  return [
    ...(from === null || checksum === null
      ? []
      : [{ kind: 'checksumFrom', path, ...from, ...partsOf(checksum) } as const]),
    ...unclear.map(({ list, reason }) => ({ kind: 'listUnclear', path, list, reason }) as const),
  ];
}

async function answerOf(list: string, file: string, entry: string | null): Promise<Answer> {
  const name = basename(list);
  const read = readChecksumList(await readList(list), name);
  const answer = lookUp(read, name, soughtAt(file, entry));
  if (answer.kind !== 'absent' || entry !== null) return answer;
  const inside = await entryIn(file);
  return inside === null ? answer : lookUp(read, name, soughtAt(file, inside));
}

/** The file that is taken of an archive; null for any other file, and for one that cannot be read. */
async function entryIn(path: string): Promise<string | null> {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return isPacked(file, size) ? (await imageOf(file, path, null)).entry : null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  } finally {
    closeSync(file);
  }
}
