// The files that a source consists of: one, or the pieces of a split one, which are read as one.
import { constants, read } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Reason } from '../../contract/facts.ts';
import { errnoOf, failureOf, Refusal, refuse } from '../../base/errors.ts';
import { firstsFor, pieceNames } from '../../parsers/piece-names.ts';
import { recognise } from '../../parsers/recognise.ts';
import { statsId } from '../devices/file-ids.ts';
import type { SourceFile } from '../devices/ends.ts';
import type { Supply } from './unpack-program.ts';

/** Bytes of two files that are compared to tell a piece from another copy. */
const BEGINNING = 512;
/** Never blocks this thread, which reports files that do not answer. */
const readAt = promisify(read);

/** Open files that the decoder reads as one, in this order. */
export interface Descriptors {
  readonly descriptors: readonly number[];
  /** The decoder's arguments for the disk that they are the parts of. */
  readonly words?: readonly string[];
}

/** The one open file that a descriptor stands for. */
export const only = (descriptor: number): Descriptors => ({ descriptors: [descriptor] });

/** Open files whose bytes are read here: for short looks only. */
export interface SourceBytes extends Descriptors {
  /** Bytes in all. */
  readonly size: number;
  /** Reads at a place of the whole. Fewer bytes at its end, and where a read gives fewer. */
  read(at: number, length: number): Promise<Buffer>;
}

/** The bytes of an open file or disk. `supply` brings those of a partial file; null for one that is all there. */
export const bytesIn = (file: number, size: number, supply: Supply | null = null): SourceBytes => ({
  ...only(file),
  size,
  read: async (at, length) => {
    if ((await supply?.need(at, length)) === false) return Buffer.alloc(0);
    const { buffer, bytesRead } = await readAt(file, Buffer.alloc(length), 0, length, at);
    return buffer.subarray(0, bytesRead);
  },
});

/** The paths of a source that is in several files, and the path that the whole would have. */
export interface SplitFile {
  paths: readonly string[];
  whole: string;
}

/**
 * The pieces of the split file whose first piece is at `path` (absolute, without links); null for a file that is whole.
 * Rejects with a Refusal that names the piece when one is missing, is incomplete, or when `path` is a later piece.
 * `shown` is the path in errors.
 */
export async function piecesAt(path: string, shown: string = path): Promise<SplitFile | null> {
  const found = pieceNames(basename(path), await namesBeside(path));
  if (found.kind === 'whole') {
    await againstAlone(path, shown);
    return null;
  }
  const refuseAs = (reason: Reason): never =>
    refuse({ code: 'BAD_IMAGE', op: 'check', device: shown, reason, remedy: { kind: 'bringPieces' } });
  if (found.kind === 'later') {
    const { first } = found;
    if (await isByItself(path)) return null;
    return refuse({
      code: 'BAD_IMAGE',
      op: 'check',
      device: shown,
      reason: { kind: 'laterPiece', first },
      remedy: { kind: 'nameFirstPiece', first },
    });
  }
  const folder = dirname(path);
  if (found.kind === 'gap') return refuseAs({ kind: 'pieceMissing', name: found.missing });
  const paths = found.names.map((name) => join(folder, name));
  if (await beginAlike(path, paths[1]!)) return null;
  const sizes = await Promise.all(paths.map(sizeOf));
  const [first] = sizes;
  const wrong = sizes.findIndex((size, index) => (index < sizes.length - 1 ? size !== first : size > first!));
  if (wrong >= 0) {
    const name = found.names[wrong]!;
    return refuseAs({ kind: 'pieceOfOtherSize', name, size: sizes[wrong]!, first: first! });
  }
  return { paths, whole: join(folder, found.whole) };
}

/** Refuses a later piece that no first piece lies beside. A file whose bytes are recognised is none. */
async function againstAlone(path: string, shown: string): Promise<void> {
  const firsts = firstsFor(basename(path));
  if (firsts === null || (await isByItself(path))) return;
  const [zero, one] = firsts;
  refuse({
    code: 'BAD_IMAGE',
    op: 'check',
    device: shown,
    reason: { kind: 'firstPieceAbsent', zero, one },
    remedy: { kind: 'bringFirstPiece' },
  });
}

/** The path that lists of checksums have a file by: that of the whole for the first piece of a split file. */
export async function wholePath(path: string): Promise<string> {
  try {
    return (await piecesAt(path))?.whole ?? path;
  } catch (error) {
    // The source itself is refused for this reason.
    if (error instanceof Refusal) return path;
    throw error;
  }
}

async function namesBeside(path: string): Promise<string[]> {
  try {
    return await readdir(dirname(path));
  } catch (error) {
    // A folder may allow opening its files, but not listing them.
    if (errnoOf(error) === null) throw error;
    return [];
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return stats.size;
  } catch (error) {
    throw new Refusal([failureOf(error, 'open', path, 'file')]);
  }
  return refuse({ code: 'NOT_BLOCK_OR_FILE', op: 'open', device: path, reason: { kind: 'neither' } });
}

/** True when the bytes of a file show that it is no piece of another one. */
async function isByItself(path: string): Promise<boolean> {
  const found = await recognisedAt(path);
  return found.kind !== 'unknown' && found.sure;
}

/** True for two files in the same packed format, or with the same first sector of several values: each is whole. */
async function beginAlike(one: string, other: string): Promise<boolean> {
  const [first, second] = [await beginningOf(one), await beginningOf(other)];
  // Erased flash reads as 0xFF everywhere: a sector of one value says nothing.
  if (first.equals(second) && first.some((byte) => byte !== first[0])) return true;
  const [a, b] = [await recognisedAt(one), await recognisedAt(other)];
  return a.kind === 'packed' && b.kind === 'packed' && a.file.format === b.file.format;
}

const recognisedAt = async (path: string): Promise<ReturnType<typeof recognise>> =>
  recognise(await beginningOf(path), Buffer.alloc(0), await sizeOf(path));

async function beginningOf(path: string): Promise<Buffer> {
  const files = await SourceFiles.open([path]);
  try {
    return await files.read(0, BEGINNING);
  } finally {
    files.close();
  }
}

/** The open files of a source. */
export class SourceFiles implements SourceBytes {
  readonly descriptors: readonly number[];
  readonly files: readonly SourceFile[];
  readonly size: number;
  readonly #handles: readonly FileHandle[];

  private constructor(files: readonly SourceFile[], handles: readonly FileHandle[]) {
    this.files = files;
    this.#handles = handles;
    this.descriptors = handles.map(({ fd }) => fd);
    this.size = files.reduce((sum, { size }) => sum + size, 0);
  }

  /** Opens plain files. Rejects with a Refusal. */
  static async open(paths: readonly string[]): Promise<SourceFiles> {
    const handles: FileHandle[] = [];
    const files: SourceFile[] = [];
    try {
      for (const path of paths) {
        const handle = await openFile(path);
        handles.push(handle);
        const stats = await handle.stat({ bigint: true });
        files.push({
          path,
          id: statsId(stats),
          size: Number(stats.size),
          modified: Number(stats.mtimeMs),
          changed: stats.ctimeNs,
        });
      }
    } catch (error) {
      for (const handle of handles) void handle.close();
      throw error;
    }
    return new SourceFiles(files, handles);
  }

  async read(at: number, length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let begin = 0;
    let left = length;
    for (const [index, { size }] of this.files.entries()) {
      const from = Math.max(at - begin, 0);
      begin += size;
      if (from >= size || left === 0) continue;
      const wanted = Math.min(left, size - from);
      const { buffer, bytesRead } = await readAt(this.descriptors[index]!, Buffer.alloc(wanted), 0, wanted, from);
      parts.push(buffer.subarray(0, bytesRead));
      left -= bytesRead;
      if (bytesRead < wanted) break;
    }
    return Buffer.concat(parts);
  }

  /** Closes the files without waiting: a read of one may never be answered. */
  close(): void {
    for (const handle of this.#handles) void handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new Refusal([failureOf(error, 'open', path, 'file')]);
  }
}
