// Explains why a destination is too small for a source: where the source's partitions end, or that only zeros lie
// beyond.
import { open, type FileHandle } from 'node:fs/promises';
import type { PlatterError } from '../../contract/errors.ts';
import { errnoOf, failure } from '../../base/errors.ts';
import type { End } from '../devices/ends.ts';
import { shell } from '../devices/release-commands.ts';
import { HEAD_BYTES, tableIn } from '../devices/partition-table.ts';

/** Bytes. A source that is longer than its destination by more than this is not searched for zeros. */
const MOST_LOOKED_AT = 64 * 1024 ** 2;
const STEP = 1024 ** 2;

/** `errors`, where each destination that is too small to be written is explained, as far as the source can be read. */
export async function explainShortfalls(errors: readonly PlatterError[], source: End | null): Promise<PlatterError[]> {
  const isShort = ({ reason }: PlatterError): boolean => reason.kind === 'tooSmall' && reason.writing === 'yes';
  if (source === null || !errors.some(isShort)) return [...errors];
  const explained: PlatterError[] = [];
  const file = await openOrNull(source.realPath);
  try {
    for (const error of errors)
      explained.push(file !== null && isShort(error) ? await explain(error, source, file) : error);
  } finally {
    await file?.close();
  }
  return explained;
}

async function explain(error: PlatterError, { path, kind, size, block }: End, file: FileHandle): Promise<PlatterError> {
  if (error.reason.kind !== 'tooSmall') return error;
  const { holds, missing } = error.reason;
  if (missing <= MOST_LOOKED_AT && (await isZeros(file, holds, size))) {
    const cut =
      kind === 'file'
        ? { remedy: { kind: 'cutZeros', command: shell(['truncate', `--size=${holds}`, path]) } as const }
        : {};
    return failure({ ...error, reason: { kind: 'tooSmallForZeros', holds, missing }, ...cut });
  }
  const table = tableIn(await bytesAt(file, 0, HEAD_BYTES), { size, logicalSector: block?.logicalSector ?? null });
  return table?.end === null || table === null
    ? error
    : failure({ ...error, reason: { kind: 'tooSmallForPartitions', holds, missing, end: table.end } });
}

async function isZeros(file: FileHandle, from: number, to: number): Promise<boolean> {
  for (let at = from; at < to; at += STEP) {
    const bytes = await bytesAt(file, at, Math.min(STEP, to - at));
    if (bytes.length === 0 || bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
}

/** The bytes there; empty when they cannot be read. */
async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return Buffer.alloc(0);
  }
}

/** null where the user may not read it, or it is gone. */
async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}
