// What a source file must match: the checksum that the user gave, the one in a list, or what is signed.
import { basename } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import type { Note, Reason } from '../../contract/facts.ts';
import type { ChecksumCovers } from '../../contract/request.ts';
import { listIn, partsOf } from '../../contract/request-facts.ts';
import { failure, nullIfRefused, Refusal, refuse } from '../../base/errors.ts';
import { readChecksumList } from '../../parsers/checksums/list.ts';
import { lookUp, type Answer, type Of } from '../../parsers/checksums/lookup.ts';
import type { End } from '../devices/ends.ts';
import {
  isContradiction,
  listsBeside,
  reasonFor,
  lookupTarget,
  type ListedChecksum,
  type Unclear,
} from './checksum-beside.ts';
import { readList } from './read-checksum-list.ts';
import { checkChecksum, imageOf, isPacked } from './packed-source.ts';
import { SourceFiles } from './source-files.ts';
import {
  readPublicKey,
  signaturesOf,
  signerOfImage,
  signerOfList,
  type PublicKey,
  type Signature,
  type Signer,
} from './signatures.ts';

/** What a source must match. */
export interface Proof {
  /** "sha256:…"; null when nothing was given. */
  checksum: string | null;
  /** The bytes that the checksum covers; null when that is not known. */
  checksumCovers: ChecksumCovers;
  /** The list that has the checksum, and what the list gives it for; null when the user gave it, or a signature did. */
  from: { list: string; of: Of } | null;
  /** The signer, and the path of the signed list or image; null when no signature was checked. */
  signed: (Signer & { path: string }) | null;
  /** Signatures that nobody asked to check. */
  unchecked: Unchecked[];
  /** Lists, or lines of them, that cannot be used. */
  unclear: Unclear[];
}

/** A signature, and what is signed by it. Both are paths. */
interface Unchecked {
  path: string;
  signature: string;
}

/** How a request says what its source must match (contract/request.ts). */
export interface Requirement {
  checksum: string | null;
  key: string | null;
  /** The file to take from an archive; null for its only one. */
  entry: string | null;
}

type Source = Pick<End, 'path' | 'realPath' | 'kind'>;

export const UNPROVED: Proof = {
  checksum: null,
  checksumCovers: null,
  from: null,
  signed: null,
  unchecked: [],
  unclear: [],
};

/**
 * The proof that a source must match. With a key it must be signed: by the list that was named, else by a list beside
 * it, else by itself. Rejects with a Refusal: the list does not name the source, or the signature is not good.
 */
export async function proofOf(source: Source, { checksum, key, entry }: Requirement): Promise<Proof> {
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

/** What the list says about the source. With a key the list must be signed. */
async function ofList(list: string, source: Source, entry: string | null, key: PublicKey | null): Promise<Proof> {
  const bytes = await readList(list);
  const signature = key === null ? null : await signatureBy(key, list, bytes);
  if (key !== null && signature === null) refuseUnsigned(list);
  const signed = key === null || signature === null ? null : await signerOfList(list, bytes, signature, key);
  const answer = await answerIn(signed?.text ?? bytes, list, source.realPath, entry);
  if (answer.kind !== 'found') throw new Refusal([listFailure(list, reasonFor(answer))]);
  const { checksum, of, isNamed, odd } = answer;
  return {
    checksum,
    checksumCovers: isNamed ? of : null,
    from: { list, of },
    signed: signed === null ? null : { ...signed.signer, path: list },
    unchecked: key === null ? await uncheckedOf(list, bytes) : [],
    unclear: odd === null ? [] : [{ list, reason: reasonFor({ kind: 'odd', line: odd }) }],
  };
}

/** The proof by the image's own signature. The copy must have the bytes that were checked. */
async function ofImage({ path, realPath }: Source, key: PublicKey): Promise<Proof> {
  const signature = await signatureBy(key, realPath, null);
  if (signature === null) return refuseUnsigned(path);
  const { signer, checksum } = await signerOfImage(path, realPath, signature, key);
  return { ...UNPROVED, checksum, checksumCovers: 'file', signed: { ...signer, path } };
}

/** The signature of a file that a key of this kind can check; null for none. */
const signatureBy = async (key: PublicKey, path: string, list: Buffer | null): Promise<Signature | null> =>
  (await signaturesOf(path, list)).find(({ kind }) => kind === key.kind) ?? null;

/** The signatures of the file at `path`, and of the list beside it that is used. Nobody asked to check them. */
export async function uncheckedBeside(path: string, found: ListedChecksum | null): Promise<Unchecked[]> {
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

/** The error for a list that cannot be used. */
export const listFailure = (list: string, reason: Reason): PlatterError =>
  failure({
    code: 'BAD_FILE',
    op: 'check',
    device: list,
    reason,
    remedy: { kind: isContradiction({ list, reason }) ? 'giveChecksum' : 'otherList' },
  });

/** What the review says about the proof of the source at `path`. */
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

/** What the list with these `bytes` says. It may name the file that is taken from an archive. */
async function answerIn(bytes: Buffer, list: string, file: string, entry: string | null): Promise<Answer> {
  const name = basename(list);
  const read = readChecksumList(bytes, name);
  const answer = lookUp(read, name, lookupTarget(file, entry));
  if (answer.kind !== 'absent' || entry !== null) return answer;
  const inside = await chosenEntry(file);
  return inside === null ? answer : lookUp(read, name, lookupTarget(file, inside));
}

/** The file to take from an archive; null for any other file, and for one that cannot be read. */
async function chosenEntry(path: string): Promise<string | null> {
  let file: SourceFiles | null = null;
  try {
    file = await SourceFiles.open([path]);
    return (await isPacked(file)) ? (await imageOf(file, path, null)).entry : null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  } finally {
    file?.close();
  }
}
