// Reads an image file to its end, decodes what is packed, and compares it with its checksums. Writes nothing.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import { partsOf } from '../../contract/request-facts.ts';
import { failureOf, Refusal, refuse } from '../../base/errors.ts';
import { checksumBeside, isContradiction, type Lists, type Unclear } from './checksum-beside.ts';
import { decodeWhole, imageOf, isPacked, needDecoder, otherChecksum } from './packed.ts';
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
  /** The file has a checksum of its own for every byte of the image. */
  checked: boolean;
  /** sha256 of the file and of the image. */
  sha256: { file: string; image: string };
  /** What the checksum that was asked for, or that of a list, is of; null where there is none. */
  matches: { checksum: string; list: string | null; of: 'file' | 'image' } | null;
  /** Lists beside the file that could not be gone by, by their names. */
  unclear: Unclear[];
}

/**
 * Checks the file at `path`. `checksum`: the one that it must have; null for that of a list beside it. Rejects with a
 * Refusal: BAD_IMAGE for a file that is not right.
 */
export async function checkFile(path: string, entry: string | null, checksum: string | null): Promise<Checked> {
  needDecoder(path);
  const file = opened(path);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile())
      refuse({ code: 'BAD_ARGUMENT', op: 'check', device: path, reason: { kind: 'checksumOfDisk' } });
    const image = isPacked(file, stats.size) ? await imageOf(file, path, entry) : null;
    const taken = image?.entry ?? null;
    const { found: list, unclear } = checksum === null ? await listsFor(path, taken) : { found: null, unclear: [] };
    const wanted = checksum ?? list?.checksum ?? null;
    const digests = new Set(['sha256', ...(wanted === null ? [] : [partsOf(wanted).hash])]);
    const decoded = await decodeWhole(file, path, { entry: taken, isRaw: image === null, digests: [...digests] });
    const wrong = wanted === null ? null : otherChecksum(path, wanted, decoded);
    if (wrong !== null) throw new Refusal([wrong]);
    return {
      format: image?.format ?? null,
      entry: taken,
      bytes: stats.size,
      size: decoded.written,
      checked: decoded.checked,
      sha256: { file: decoded.digests.sha256!, image: decoded.imageDigests.sha256! },
      matches:
        wanted === null
          ? null
          : { checksum: wanted, list: list === null ? null : basename(list.list), of: ofWhich(wanted, decoded) },
      unclear: unclear.map(({ list: path, reason }) => ({ list: basename(path), reason })),
    };
  } finally {
    closeSync(file);
  }
}

/** What the lists beside the file say. Throws a Refusal when they contradict each other. */
async function listsFor(path: string, entry: string | null): Promise<Lists> {
  const lists = await checksumBeside(path, entry);
  const contradiction = lists.unclear.find(isContradiction);
  if (contradiction !== undefined)
    refuse({
      code: 'BAD_FILE',
      op: 'check',
      device: contradiction.list,
      reason: contradiction.reason,
      remedy: { kind: 'giveChecksum' },
    });
  return lists;
}

function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new Refusal([failureOf(error, 'open', path, 'file')]);
  }
}

function ofWhich(checksum: string, { digests }: Decoded): 'file' | 'image' {
  const { hash, hex } = partsOf(checksum);
  return digests[hash] === hex ? 'file' : 'image';
}
