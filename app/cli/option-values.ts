// Parsers for the values of options. Each throws an error that the parser shows to the user.
import { InvalidArgumentError } from 'commander';
import { FAT_LONGEST, MOST_RETRIES, MOST_SECONDS, MOST_THREADS, PIECE_UNIT } from '../contract/limits.ts';
import type { OptionValue, ValueKind } from '../contract/options/option-types.ts';
import { HASHES, type Hash } from '../contract/hashes.ts';
import { batchName, jobId } from '../contract/request.ts';
import { isUrl } from '../download/addresses.ts';
import { parseSize } from './output/quantities.ts';

/** Bytes. The engine knows the bounds and checks them. */
export function memory(text: string): number {
  const bytes = parseSize(text);
  if (bytes === null) throw new InvalidArgumentError('Give a size from 64K to 1G, such as 16M, or a number of bytes.');
  return bytes;
}

/** The size of a file in bytes. */
export function length(text: string): number {
  const bytes = parseSize(text);
  if (bytes === null || bytes === 0) throw new InvalidArgumentError('Give a size, such as 8G, or a number of bytes.');
  return bytes;
}

/** Bytes per second: "20M", "20M/s", "500K". */
export function rate(text: string): number {
  const bytes = parseSize(text.replace(/\/s$/u, ''));
  if (bytes === null || bytes === 0) throw new InvalidArgumentError('Give the bytes a second, such as 20M.');
  return bytes;
}

/** "PATH=RATE" adds the limit of one destination. The path may contain a "=". */
export function destinationRate(text: string, before: ReadonlyMap<string, number> = new Map()): Map<string, number> {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give a destination and the bytes a second for it, such as /dev/sdb=20M.');
  const path = text.slice(0, at);
  if (before.has(path)) throw new InvalidArgumentError(`${path} has a limit already.`);
  return new Map(before).set(path, rate(text.slice(at + 1)));
}

/** A whole number of retries. */
export function retries(text: string): number {
  const count = /^\d+$/u.test(text) ? Number(text) : NaN;
  if (!(count <= MOST_RETRIES)) throw new InvalidArgumentError(`Give a whole number up to ${MOST_RETRIES}.`);
  return count;
}

/** A level of packing. The engine knows which levels a format has. */
export function level(text: string): number {
  if (!/^\d{1,2}$/u.test(text)) throw new InvalidArgumentError('Give a whole number, such as 3.');
  return Number(text);
}

/** How many processes pack an image. */
export function threads(text: string): number {
  const count = /^\d+$/u.test(text) ? Number(text) : NaN;
  if (!(count >= 1 && count <= MOST_THREADS))
    throw new InvalidArgumentError(`Give a whole number from 1 to ${MOST_THREADS}.`);
  return count;
}

/** Bytes of a piece, rounded down to whole units. "fat": the longest file of FAT. */
export function split(text: string): number {
  const bytes = text.toLowerCase() === 'fat' ? FAT_LONGEST : parseSize(text);
  if (bytes === null || bytes < PIECE_UNIT)
    throw new InvalidArgumentError(
      'Give the size of a piece as a whole number, 1M or more, such as 4000M, or fat: just under 4 GiB, what FAT allows.',
    );
  return bytes - (bytes % PIECE_UNIT);
}

/** Seconds; 0 for no limit. */
export function seconds(text: string): number {
  const value = /^\d+(\.\d+)?$/u.test(text) ? Number(text) : NaN;
  if (!(value <= MOST_SECONDS))
    throw new InvalidArgumentError(`Give a number of seconds up to ${MOST_SECONDS}, or 0 to wait for ever.`);
  return value;
}

/** Id of a job. The engine checks that the job exists. */
export function job(text: string): string {
  if (!jobId.safeParse(text).success) throw new InvalidArgumentError('Give it as platter jobs lists it.');
  return text;
}

/** Id of a job, or a URL. */
export const jobOrUrl = (text: string): string => (isUrl(text) ? text : job(text));

/** Name of a batch. */
export function name(text: string): string {
  const parsed = batchName.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]!.message);
  return text;
}

/** A path of a file. */
export function file(text: string): string {
  if (text === '') throw new InvalidArgumentError('Give the path of a file.');
  if (text === '-')
    throw new InvalidArgumentError(
      'Give the path of a file: "-" is not standard input or output here. ./- is a file of that name.',
    );
  return text;
}

/** The name of a file in an archive. */
export function entry(text: string): string {
  if (text === '') throw new InvalidArgumentError('Give the name of a file in the archive.');
  return text;
}

/** The digits of a checksum, in lower case. */
function hexOf(hash: Hash): (text: string) => string {
  const digits = HASHES[hash];
  return (text) => {
    const hex = text.trim().toLowerCase();
    if (hex.length !== digits || !/^[0-9a-f]+$/u.test(hex))
      throw new InvalidArgumentError(`Give the ${digits} hexadecimal digits of the ${hash}.`);
    return hex;
  };
}

/** The parser for each kind of value. */
export const PARSERS: Readonly<Record<ValueKind, (text: string, before: unknown) => OptionValue>> = {
  text: (text) => text,
  entry,
  file,
  name,
  size: memory,
  length,
  rate,
  destinationRate: (text, before) =>
    destinationRate(text, before instanceof Map ? (before as ReadonlyMap<string, number>) : undefined),
  retries,
  level,
  threads,
  split,
  seconds,
  sha256: hexOf('sha256'),
  sha512: hexOf('sha512'),
  sha1: hexOf('sha1'),
  md5: hexOf('md5'),
};
