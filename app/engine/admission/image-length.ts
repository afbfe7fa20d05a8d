// The length of an image. A file that is longer or shorter than the source is not equal to it; a disk may be larger.
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import { openId, statsId } from '../devices/file-ids.ts';
import type { Held } from './prepared.ts';

/** Bytes that an image has now; null for a disk. */
export const lengthOf = ({ end, device }: Pick<Held, 'end' | 'device'>): number | null =>
  end.kind === 'file' && device !== null ? device.sizeNow() : null;

/**
 * Truncates the open image to `bytes`, durably. Touches no other file. Throws with an errno as open(2), ftruncate(2)
 * and fsync(2) do; ESTALE when another file has its name.
 */
export function truncateTo(bytes: number, { end, naming, device }: Pick<Held, 'end' | 'naming' | 'device'>): void {
  const path = naming?.part ?? end.realPath;
  const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (statsId(fstatSync(fd, { bigint: true })) !== openId(device!.info()))
      throw Object.assign(new Error(`${path} is another file`), { code: 'ESTALE' });
    ftruncateSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
