// Reads an image file to its end, decodes what is packed, and compares it with its checksums. Writes nothing.
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { partsOf } from '../../contract/request-facts.ts';
import { checkPlainFile } from '../../base/durable-file.ts';
import { failureOf, Refusal } from '../../base/errors.ts';
import { checksumBeside, isContradiction, type Unclear } from './checksum-beside.ts';
import { checkName, decodeWhole, imageOf, isPacked, needDecoder, otherChecksum } from './packed.ts';
import { listFailure, proofOf, uncheckedBeside, UNPROVED, type Proof, type Wish } from './proof.ts';
import type { Decoded } from './unpack-program.ts';

/** What a file is, and what was found. Sizes in bytes. */
export interface Checked {
  /** Name of the format; null for a file that is not packed. */
  format: string | null;
  /** The file that was taken of an archive; null otherwise. */
  entry: string | null;
  /** Of the file. */
  bytes: number;
  /** Of the image in it. */
  size: number;
  /** Bytes of zeros after the packed image; they are not part of it. */
  zeros: number;
  /** The file has a checksum of its own for every byte of the image. */
  checked: boolean;
  /** sha256 of the file and of the image. */
  sha256: { file: string; image: string };
  /** The checksum that was compared, the path of its list, and what it is of; null where there is none. */
  matches: { checksum: string; list: string | null; of: 'file' | 'image' } | null;
  /** Whose the signature of the list or the file is, and the path of that one; null where none was checked. */
  signed: Proof['signed'];
  /** Signatures that were not checked. */
  unchecked: Proof['unchecked'];
  /** Lists, by their paths, that could not be gone by. */
  unclear: Unclear[];
}

/**
 * Checks the file at `path` by `wish`; without a checksum and a key, by the lists beside it. Rejects with a Refusal:
 * BAD_IMAGE for a file that is not right.
 */
export async function checkFile(path: string, wish: Wish): Promise<Checked> {
  needDecoder(path);
  const file = opened(path);
  try {
    const stats = fstatSync(file);
    checkPlainFile(stats, path, Infinity);
    const image = (await isPacked(file, stats.size)) ? await imageOf(file, path, wish.entry) : null;
    if (image === null) await checkName(file, path, stats.size);
    const taken = image?.entry ?? null;
    const { checksum: wanted, from, signed, unchecked, unclear } = await proofFor(path, { ...wish, entry: taken });
    const digests = new Set(['sha256', ...(wanted === null ? [] : [partsOf(wanted).hash])]);
    const decoded = await decodeWhole(file, path, { entry: taken, isRaw: image === null, digests: [...digests] });
    const wrong = wanted === null ? null : otherChecksum(path, wanted, decoded);
    if (wrong !== null) throw new Refusal([wrong]);
    return {
      format: image?.format ?? null,
      entry: taken,
      bytes: stats.size,
      size: decoded.written,
      zeros: decoded.zeros,
      checked: decoded.checked,
      sha256: { file: decoded.digests.sha256!, image: decoded.imageDigests.sha256! },
      matches: wanted === null ? null : { checksum: wanted, list: from?.list ?? null, of: ofWhich(wanted, decoded) },
      signed,
      unchecked,
      unclear,
    };
  } finally {
    closeSync(file);
  }
}

/**
 * The proof of the file: as it was given, else by the lists beside it. Rejects with a Refusal when those contradict
 * each other.
 */
async function proofFor(path: string, wish: Wish): Promise<Proof> {
  if (wish.checksum !== null || wish.key !== null)
    return proofOf({ path, realPath: resolve(path), kind: 'file' }, wish);
  const { found, unclear } = await checksumBeside(path, wish.entry);
  const contradiction = unclear.find(isContradiction);
  if (contradiction !== undefined) throw new Refusal([listFailure(contradiction.list, contradiction.reason)]);
  const unchecked = await uncheckedBeside(resolve(path), found);
  return { ...UNPROVED, checksum: found?.checksum ?? null, from: found, unchecked, unclear };
}

function opened(path: string): number {
  try {
    // open(2) says of a socket that it has no device.
    checkPlainFile(statSync(path), path, Infinity);
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal([failureOf(error, 'open', path, 'file')]);
  }
}

function ofWhich(checksum: string, { digests }: Decoded): 'file' | 'image' {
  const { hash, hex } = partsOf(checksum);
  return digests[hash] === hex ? 'file' : 'image';
}
