// Shared by the readers of file systems. Offsets, magic numbers and the spelling of UUIDs are from libblkid
// (util-linux, libblkid/src/superblocks), whose comments name each format's specification.
import type { Signature } from '../../contract/disk-content.ts';
import type { Bytes } from '../bytes/sample.ts';

/** Reads the signature at a place; null when it is of another kind. Pure; inspects a bounded number of bytes. */
export type Reader = (place: Bytes) => Signature | null;

export const signature = (type: string, known: Partial<Omit<Signature, 'type'>> = {}): Signature => ({
  type,
  version: null,
  label: null,
  uuid: null,
  ...known,
});

/** 16 bytes as a UUID; null when they are all zeros or unknown. */
export function uuidAt(place: Bytes, at: number): string | null {
  const bytes = place.bytes(at, 16);
  if (bytes === null || bytes.every((byte) => byte === 0)) return null;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
}

/** Text of at most `length` bytes, up to the first NUL, without trailing blanks; null when it is empty. */
export function textAt(place: Bytes, at: number, length: number, encoding: 'utf8' | 'utf16le' = 'utf8'): string | null {
  const bytes = place.bytes(at, length);
  return bytes === null ? null : textOf(bytes.toString(encoding));
}

export function textOf(text: string): string | null {
  const end = text.indexOf('\0');
  const whole = (end < 0 ? text : text.slice(0, end)).trimEnd();
  return whole === '' ? null : whole;
}

export const isPowerOfTwo = (value: number | null, least: number, most: number): boolean =>
  value !== null && value >= least && value <= most && Number.isInteger(Math.log2(value));
