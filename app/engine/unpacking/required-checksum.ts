// What a source file has to be: the checksum that the user gave, the one in a list, or what is signed.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import { listIn, partsOf } from '../../contract/request-facts.ts';
import { failure, nullIfRefused, Refusal, refuse } from '../../base/errors.ts';
import { readChecksumList } from '../../parsers/checksums/list.ts';
import { lookUp, type Answer, type Of } from '../../parsers/checksums/lookup.ts';
import type { End } from '../devices/inspect-paths.ts';
import { isContradiction, listsBeside, reasonFor, soughtAt, type Beside, type Unclear } from './checksum-beside.ts';
import { readList } from './read-checksum-list.ts';
import { checkChecksum, imageOf, isPacked } from './packed-source.ts';
import {
  readPublicKey,
  signaturesOf,
  signerOfImage,
  signerOfList,
  type PublicKey,
  type Signature,
  type Signer,
} from './signatures.ts';

/** What a source has to be. */
export interface Proof {
  /** "sha256:…"; null when nothing was given. */
  checksum: string | null;
  /** The path of its list, and what it is of there; null for one that was given, or is of a signature. */
  from: { list: string; of: Of } | null;
  /** Whose the good signature is, and the path of the list or the image that is signed; null where none was checked. */
  signed: (Signer & { path: string }) | null;
  /** Signatures that nobody asked to check. */
  unchecked: Unchecked[];
  /** Lists, or lines of them, that cannot be gone by. */
  unclear: Unclear[];
}

/** A signature, and what is signed by it. Both are paths. */
interface Unchecked {
  path: string;
  signature: string;
}

/** How a request says what its source has to be (contract/request.ts). */
export interface Wish {
  checksum: string | null;
  key: string | null;
  /** The file that is taken of an archive; null for its only one. */
  entry: string | null;
}

type Source = Pick<End, 'path' | 'realPath' | 'kind'>;

export const UNPROVED: Proof = { checksum: null, from: null, signed: null, unchecked: [], unclear: [] };

/**
 * What a source must be. With a key it has to be signed: by the list that was named, else by a list beside it, else by
 * itself. Rejects with a Refusal: the list does not name the source, or the signature is not good.
 */
export async function proofOf(source: Source, { checksum, key, entry }: Wish): Promise<Proof> {
  const list = listIn(checksum);
  if (list === null && key === null) return { ...UNPROVED, checksum };
  checkChecksum(source);
  const publicKey = key === null ? null : await readPublicKey(key);
  if (list !== null) return await ofList(list, source, entry, publicKey);
  for (const beside of await listsBeside(source.realPath)) {
    const bytes = await readList(beside).catch(nullIfRefused);
    if (bytes === null || (await answerIn(bytes, beside, source.realPath, entry)).kind !== 'found') continue;
    if ((await signatureBy(publicKey!, beside, bytes)) !== null) return await ofList(beside, source, entry, publicKey);
  }
  return await ofImage(source, publicKey!);
}

/** What the list says of the source. With a key it has to be signed. */
async function ofList(list: string, source: Source, entry: string | null, key: PublicKey | null): Promise<Proof> {
  const bytes = await readList(list);
  const signature = key === null ? null : await signatureBy(key, list, bytes);
  if (key !== null && signature === null) refuseUnsigned(list);
  const signed = key === null || signature === null ? null : await signerOfList(list, bytes, signature, key);
  const answer = await answerIn(signed?.text ?? bytes, list, source.realPath, entry);
  if (answer.kind !== 'found') throw new Refusal([listFailure(list, reasonFor(answer))]);
  const { of, odd } = answer;
  return {
    checksum: answer.checksum,
    from: { list, of },
    signed: signed === null ? null : { ...signed.signer, path: list },
    unchecked: key === null ? await uncheckedOf(list, bytes) : [],
    unclear: odd === null ? [] : [{ list, reason: reasonFor({ kind: 'odd', line: odd }) }],
  };
}

/** The image as its own signature says: what was read for that is what has to be copied. */
async function ofImage({ path, realPath }: Source, key: PublicKey): Promise<Proof> {
  const signature = await signatureBy(key, realPath, null);
  if (signature === null) return refuseUnsigned(path);
  const { signer, checksum } = await signerOfImage(path, realPath, signature, key);
  return { ...UNPROVED, checksum, signed: { ...signer, path } };
}

/** The signature of a file that a key of this kind can check; null for none. */
const signatureBy = async (key: PublicKey, path: string, list: Buffer | null): Promise<Signature | null> =>
  (await signaturesOf(path, list)).find(({ kind }) => kind === key.kind) ?? null;

/** The signatures of the file at `path`, and of the list beside it that is gone by, which nobody asked to check. */
export async function uncheckedBeside(path: string, found: Beside | null): Promise<Unchecked[]> {
  const bytes = found === null ? null : await readList(found.list).catch(nullIfRefused);
  return [...(bytes === null ? [] : await uncheckedOf(found!.list, bytes)), ...(await uncheckedOf(path, null))];
}

/** The first signature of a file, which was not checked. */
const uncheckedOf = async (path: string, list: Buffer | null): Promise<Unchecked[]> =>
  (await signaturesOf(path, list)).slice(0, 1).map(({ path: signature }) => ({ path, signature }));

const refuseUnsigned = (device: string): never =>
  refuse({
    code: 'BAD_FILE',
    op: 'check',
    device,
    reason: { kind: 'noSignature' },
    remedy: { kind: 'getSignature' },
  });

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
export function notesOnProof(path: string, { checksum, from, signed, unchecked, unclear }: Proof): Note[] {
  return [
    ...(from === null || checksum === null
      ? []
      : [{ kind: 'checksumFrom', path, ...from, ...partsOf(checksum) } as const]),
    ...(signed === null ? [] : [{ kind: 'signedBy', ...signed } as const]),
    ...unchecked.map((one) => ({ kind: 'signatureUnchecked', ...one }) as const),
    ...unclear.map(({ list, reason }) => ({ kind: 'listUnclear', path, list, reason }) as const),
  ];
}

/** What the list with these `bytes` says. Of an archive the file that is taken may be what it names. */
async function answerIn(bytes: Buffer, list: string, file: string, entry: string | null): Promise<Answer> {
  const name = basename(list);
  const read = readChecksumList(bytes, name);
  const answer = lookUp(read, name, soughtAt(file, entry));
  if (answer.kind !== 'absent' || entry !== null) return answer;
  const inside = await takenOf(file);
  return inside === null ? answer : lookUp(read, name, soughtAt(file, inside));
}

/** The file that is taken of an archive; null for any other file, and for one that cannot be read. */
async function takenOf(path: string): Promise<string | null> {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return (await isPacked(file, size)) ? (await imageOf(file, path, null)).entry : null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  } finally {
    closeSync(file);
  }
}
