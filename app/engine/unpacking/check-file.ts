// Reads an image file to its end, decodes what is packed, and compares it with its checksums. Writes nothing.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import { failure, failureOf, Refusal, refuse } from '../../base/errors.ts';
import { checksumBeside } from './checksum-beside.ts';
import { canUnpack, decodeFile, probeFile, type Decoded } from './unpack-program.ts';
import { chosenIn, isPacked, otherChecksum, unpackFailure } from './packed.ts';

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
}

/**
 * Checks the file at `path`. `checksum`: what it has to be; null for what a list beside it says. Rejects with a Refusal:
 * BAD_IMAGE for a file that is not right.
 */
export async function checkFile(path: string, entry: string | null, checksum: string | null): Promise<Checked> {
  if (!canUnpack())
    refuse({ code: 'ENGINE_UNAVAILABLE', op: 'check', device: path, reason: { kind: 'checksumUnavailable' } });
  const file = opened(path);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile())
      refuse({ code: 'BAD_ARGUMENT', op: 'check', device: path, reason: { kind: 'checksumOfDisk' } });
    const isRaw = !isPacked(file, stats.size);
    const probed = isRaw ? null : await probeFile(file);
    if (probed?.ok === false) throw new Refusal([unpackFailure(path, probed.fault)]);
    const entries = probed?.probed.entries;
    const taken = entries === undefined ? null : chosenIn(path, entries, entry).name;
    const list = checksum === null ? await checksumBeside(path) : null;
    const wanted = checksum ?? list?.checksum ?? null;
    const hashes = new Set(['sha256', ...(wanted === null ? [] : [wanted.slice(0, wanted.indexOf(':'))])]);
    const { ended } = decodeFile(file, null, { entry: taken, isRaw, from: 0, threads: null, digests: [...hashes] });
    const end = await ended;
    if (end.kind !== 'done') throw new Refusal([faultOf(path, end)]);
    const wrong = wanted === null ? null : otherChecksum(path, wanted, end.of);
    if (wrong !== null) throw new Refusal([wrong]);
    return {
      format: probed?.probed.format ?? null,
      entry: taken,
      bytes: stats.size,
      size: end.of.written,
      checked: end.of.checked,
      sha256: { file: end.of.digests.sha256!, image: end.of.imageDigests.sha256! },
      matches:
        wanted === null
          ? null
          : { checksum: wanted, list: list === null ? null : basename(list.list), of: ofWhich(wanted, end.of) },
    };
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new Refusal([failureOf(error, 'open', path, 'file')]);
  }
}

const faultOf = (
  path: string,
  end: { kind: 'stopped' } | { kind: 'fault'; fault: Parameters<typeof unpackFailure>[1] },
): PlatterError =>
  end.kind === 'fault'
    ? unpackFailure(path, end.fault)
    : failure({ code: 'CANCELLED', op: 'check', device: path, reason: { kind: 'cancelled' } });

function ofWhich(checksum: string, { digests }: Decoded): 'file' | 'image' {
  const at = checksum.indexOf(':');
  return digests[checksum.slice(0, at)] === checksum.slice(at + 1) ? 'file' : 'image';
}
