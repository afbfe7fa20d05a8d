// Reads an image file to its end, decodes what is packed, and compares it with its checksums. Writes nothing.
import { statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { partsOf } from '../../contract/request-facts.ts';
import type { BmapChoice } from '../../contract/request.ts';
import { checkPlainFile } from '../../base/durable-file.ts';
import { Refusal } from '../../base/errors.ts';
import { openingFailure } from '../devices/absent.ts';
import { bmapBeside, checkBmapSize, hasAllChecksums, readBmapFile, type BmapFile } from './bmap-file.ts';
import { checksumBeside, isContradiction, type Unclear } from './checksum-beside.ts';
import { contentKey, keepSize } from './known-sizes.ts';
import { checkName, decodeWhole, imageOf, isPacked, needDecoder, otherChecksum } from './packed-source.ts';
import { listFailure, proofOf, uncheckedBeside, UNPROVED, type Proof, type Requirement } from './required-checksum.ts';
import { piecesAt, SourceFiles } from './source-files.ts';
import { UNWATCHED, type Decoded } from './unpack-program.ts';

/** What a file is, and what was found. Sizes in bytes. */
export interface Checked {
  /** Name of the format; null for a file that is not packed. */
  format: string | null;
  /** The file that was taken of an archive; null otherwise. */
  entry: string | null;
  /** Size of the file. */
  bytes: number;
  /** Size of the image in it. */
  size: number;
  /** Bytes of zeros after the packed image; they are not part of it. */
  zeros: number;
  /** The file has a checksum of its own for every byte of the image. */
  checked: boolean;
  /** sha256 of the file and of the image. */
  sha256: { file: string; image: string };
  /** The checksum that was compared, the path of its list, and what it covers; null when none was compared. */
  matches: { checksum: string; list: string | null; of: 'file' | 'image' } | null;
  /** Who signed the list or the file, and its path; null when no signature was checked. */
  signed: Proof['signed'];
  /** Signatures that were not checked. */
  unchecked: Proof['unchecked'];
  /** Lists that could not be used, with the reasons. */
  unclear: Unclear[];
  /** The block map whose ranges were compared, and their bytes; null without one. */
  bmap: { path: string; version: string; mapped: number; checksums: boolean } | null;
}

/** What a file must match. */
export interface CheckRequirement extends Requirement {
  bmap: BmapChoice;
}

/**
 * Checks the file at `path` by `requirement`; without a checksum and a key, by the lists beside it. Rejects with a
 * Refusal: BAD_IMAGE for a file that is not right.
 */
export async function checkFile(path: string, requirement: CheckRequirement): Promise<Checked> {
  needDecoder(path);
  await checkPath(path);
  const pieces = await piecesAt(await realpath(path), path);
  const file = await SourceFiles.open(pieces?.paths ?? [path]);
  const whole = pieces?.whole ?? path;
  try {
    const image = (await isPacked(file)) ? await imageOf(file, path, requirement.entry) : null;
    if (image === null) await checkName(file, path);
    const taken = image?.entry ?? null;
    const proof = await proofFor(path, whole, { ...requirement, entry: taken });
    const { checksum: wanted, checksumCovers, from, signed, unchecked, unclear } = proof;
    const digests = new Set(['sha256', ...(wanted === null ? [] : [partsOf(wanted).hash])]);
    const bmap = await bmapOfFile(whole, requirement.bmap);
    const size = image === null ? file.size : image.size;
    if (bmap !== null && size !== undefined) checkBmapSize(bmap, size);
    const map = bmap === null ? null : { ranges: bmap.bmap.ranges, hash: bmap.bmap.hash, until: null };
    const how = { entry: taken, isRaw: image === null, digests: [...digests], map };
    const sizeKey = size === undefined ? await contentKey(file, taken) : null;
    const decoded = await decodeWhole(file, path, how, UNWATCHED, bmap?.path);
    if (bmap !== null) checkBmapSize(bmap, decoded.written);
    await keepSize(sizeKey, decoded.written);
    const wrong = wanted === null ? null : otherChecksum(path, wanted, checksumCovers, decoded);
    if (wrong !== null) throw new Refusal([wrong]);
    return {
      format: image?.format ?? null,
      entry: taken,
      bytes: file.size,
      size: decoded.written,
      zeros: decoded.zeros,
      checked: decoded.checked,
      sha256: { file: decoded.digests.sha256!, image: decoded.imageDigests.sha256! },
      matches: wanted === null ? null : { checksum: wanted, list: from?.list ?? null, of: ofWhich(wanted, decoded) },
      signed,
      unchecked,
      unclear,
      bmap: bmap === null ? null : bmapSummary(bmap),
    };
  } finally {
    file.close();
  }
}

/**
 * The proof of the file: as given, else by the lists beside it, which have it by the path `whole`. Rejects with a
 * Refusal when those contradict each other.
 */
async function proofFor(path: string, whole: string, requirement: Requirement): Promise<Proof> {
  if (requirement.checksum !== null || requirement.key !== null)
    return proofOf({ path, realPath: resolve(whole), kind: 'file' }, requirement);
  const { found, unclear } = await checksumBeside(whole, requirement.entry);
  const contradiction = unclear.find(isContradiction);
  if (contradiction !== undefined) throw new Refusal([listFailure(contradiction.list, contradiction.reason)]);
  const unchecked = await uncheckedBeside(resolve(whole), found);
  const checksumCovers = found?.isNamed === true ? found.of : null;
  return { ...UNPROVED, checksum: found?.checksum ?? null, checksumCovers, from: found, unchecked, unclear };
}

/** The block map to check by: the one that was named, else one that lies beside the file. */
async function bmapOfFile(path: string, choice: BmapChoice): Promise<BmapFile | null> {
  if (choice === 'none') return null;
  if (choice !== 'beside') return readBmapFile(choice.path, false);
  const beside = await bmapBeside({ path, realPath: resolve(path) });
  return beside === null ? null : readBmapFile(beside, true);
}

const bmapSummary = ({ path, bmap }: BmapFile): Checked['bmap'] => ({
  path,
  version: bmap.version,
  mapped: bmap.mapped,
  checksums: hasAllChecksums(bmap),
});

/** For a socket, open(2) would only say ENXIO. Rejects with a Refusal. */
async function checkPath(path: string): Promise<void> {
  try {
    checkPlainFile(statSync(path), path, Infinity);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal([await openingFailure(error, path)]);
  }
}

function ofWhich(checksum: string, { digests }: Decoded): 'file' | 'image' {
  const { hash, hex } = partsOf(checksum);
  return digests[hash] === hex ? 'file' : 'image';
}
