// The checksum that a publisher's list beside a source file says of it.
import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { checksumIn, LIST_BYTES, listsBeside } from '../../sources/checksums/list.ts';

/** A checksum ("sha256:…") and the list that has it. */
export interface Beside {
  list: string;
  checksum: string;
}

/** What a list beside the file at `path` says of it; null when none does, or none can be read. */
export async function checksumBeside(path: string): Promise<Beside | null> {
  for (const name of listsBeside(basename(path))) {
    const list = join(dirname(path), name);
    const checksum = checksumIn((await textOf(list)) ?? '', basename(path));
    if (checksum !== null) return { list, checksum };
  }
  return null;
}

/** The start of a regular file; null when it cannot be read. */
async function textOf(path: string): Promise<string | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) return null;
    const buffer = Buffer.alloc(LIST_BYTES);
    const { bytesRead } = await file.read(buffer, 0, LIST_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}
