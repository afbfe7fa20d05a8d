// Recognises a source file by its content only, because its name proves nothing. Pure and bounded.
import type { Recognised } from '../contract/sources.ts';
import { diskFormat, likelyDiskFormat } from './disk-evidence.ts';
import { fileFormat, isAppImage, trailerOf } from './file-formats.ts';
import { Sample } from './bytes/sample.ts';
import { textOf } from './text-files.ts';

/**
 * Recognises a file of `size` bytes by its first HEAD_BYTES and its last TAIL_BYTES (fewer in a shorter file).
 * Evidence of a disk wins over the magic number of another format, because boot code may begin with any bytes. Evidence
 * at the end of the file counts last, because the file of a virtual disk or an archive can end with the end of the disk
 * inside it.
 */
export function recognise(head: Buffer, tail: Buffer, size: number): Recognised {
  const file = new Sample(head, tail, size);
  const disk = isAppImage(file) ? null : diskFormat(file);
  if (disk !== null) return { kind: 'image', format: disk, trailer: trailerOf(file), sure: true };
  const other = fileFormat(file);
  if (other?.sure === true) return recognisedAs(other);
  const likely = likelyDiskFormat(file);
  if (likely !== null && other === null) return { kind: 'image', format: likely, trailer: null, sure: false };
  if (other !== null) return recognisedAs(other);
  const text = textOf(file);
  return text === null ? { kind: 'unknown' } : { kind: 'other', file: { kind: text.what }, sure: text.sure };
}

const recognisedAs = ({ what, format, sure }: NonNullable<ReturnType<typeof fileFormat>>): Recognised =>
  what === 'packed'
    ? { kind: 'packed', file: { kind: what, format }, sure }
    : { kind: 'other', file: { kind: what, format }, sure };
