// The summary of a copy that the end of a packed image holds, beside the hashes (engine/formats/image-summary.ts).
import type { Signature } from './disk-content.ts';

/** A partition of the source, or the whole of it. Offsets and sizes in bytes. */
export interface SummaryPart {
  /** Number of the partition; null for a file system without a partition table. */
  number: number | null;
  offset: number;
  length: number;
  /** A GUID in lower case, or the type of an MBR: "0x83"; null without a partition table. */
  type: string | null;
  /** The name that a GPT gives it; null for none. */
  name: string | null;
  /** The signatures at its start; null when it was not read. */
  fileSystems: Signature[] | null;
  /** How much of it a copy of used blocks took; null when all bytes of the source were copied. */
  used: SummaryUse | null;
}

/** How much of a partition was copied. */
export interface SummaryUse {
  /** Bytes that were copied. */
  bytes: number;
  /** The type of the file system whose map counted; null when the partition was copied as a whole. */
  map: string | null;
  /** Why it was copied as a whole: the name of the reason, and a sentence. null for the sentence of an anonymous copy. */
  whole: { kind: string; said: string | null } | null;
}

/** The summary of a copy. */
export interface ImageSummary {
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** The program that made it: "platter 0.1.0". */
  program: string;
  /** Bytes of the image. */
  bytes: number;
  /** Nothing in it tells which source was copied. */
  anonymous: boolean;
  /** The source that was read; null for what is not known, or not told. */
  source: { path: string | null; model: string | null; serial: string | null };
  /** The kind of its partition table; null when there is none, or it could not be read. */
  table: 'gpt' | 'mbr' | null;
  parts: SummaryPart[];
  /** Bytes that were copied because they are in use; null when all were. */
  used: number | null;
}
