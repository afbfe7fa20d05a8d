// Copies with --used onto disks that were full of 0xA5.
import { platter, type Bench, type JsonObject, type Run } from '../cli/support.ts';
import { dirty } from './support.ts';

/** Copies `image` with --used onto a disk that was full of 0xA5. Resolves to the path of what the disk holds then. */
export async function copied(
  bench: Bench,
  image: string,
  size: number,
  ...options: string[]
): Promise<{ ran: Run; copy: string }> {
  const disk = await bench.disk({ size });
  await dirty(disk.backing, size);
  const ran = await platter(['copy', image, disk.device, '--used', '--yes', '--json', ...options]);
  return { ran, copy: disk.backing };
}

/** The notes of the review. */
export const notesOf = (ran: Run): string => (ran.lines[0] as JsonObject & { notes: string[] }).notes.join('\n');
