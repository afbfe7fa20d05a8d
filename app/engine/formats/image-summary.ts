// The summary of a copy, as it lies in a packed image. It is apart from the manifest, which has one spelling, so that
// older versions, which refuse a manifest with members that they do not know, read the hashes of newer images.
//
//   offset    bytes    what (integers big-endian)
//   0         16       "PLATTER-SUMMARY\n"
//   16        4        version: 1
//   20        4        L, length of the JSON, 1 MiB at most
//   24        L        JSON in UTF-8: ImageSummary of contract/image-summary.ts
//   24 + L    32       SHA-256 of everything before it
//
// Newer versions may add members, which older ones ignore. The version changes when a member changes its meaning.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ImageSummary } from '../../contract/image-summary.ts';
import { asJson } from '../../base/json.ts';
import { moment } from './manifest.ts';

const MAGIC = Buffer.from('PLATTER-SUMMARY\n');
const VERSION = 1;
const HEADER = MAGIC.length + 8;
const DIGEST = 32;
const MOST_JSON = 1024 ** 2;
/** Bytes of the longest summary. */
export const MOST_SUMMARY = HEADER + MOST_JSON + DIGEST;

const count = z.int().nonnegative();
const text = z.string().nullable();
const summary: z.ZodType<ImageSummary> = z.object({
  createdAt: moment,
  program: z.string(),
  bytes: count,
  anonymous: z.boolean(),
  source: z.object({ path: text, model: text, serial: text }),
  table: z.enum(['gpt', 'mbr']).nullable(),
  parts: z.array(
    z.object({
      number: count.nullable(),
      offset: count,
      length: count,
      type: text,
      name: text,
      fileSystems: z.array(z.object({ type: z.string(), version: text, label: text, uuid: text })).nullable(),
      used: z
        .object({ bytes: count, map: text, whole: z.object({ kind: z.string(), said: text }).nullable() })
        .nullable(),
    }),
  ),
  used: count.nullable(),
});

/** The bytes of a summary; null for one that is too long, which a disk with many thousands of partitions has. */
export function encodeSummary(said: ImageSummary): Buffer | null {
  const json = Buffer.from(JSON.stringify(said));
  if (json.length > MOST_JSON) return null;
  const head = Buffer.alloc(HEADER);
  MAGIC.copy(head);
  head.writeUInt32BE(VERSION, MAGIC.length);
  head.writeUInt32BE(json.length, MAGIC.length + 4);
  const all = Buffer.concat([head, json]);
  return Buffer.concat([all, createHash('sha256').update(all).digest()]);
}

/** The summary in these bytes; null when they are none, are damaged, or are of a version that is not known. */
export function decodeSummary(bytes: Buffer): ImageSummary | null {
  const end = bytes.length - DIGEST;
  if (end < HEADER || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  if (bytes.readUInt32BE(MAGIC.length) !== VERSION || bytes.readUInt32BE(MAGIC.length + 4) !== end - HEADER)
    return null;
  if (!createHash('sha256').update(bytes.subarray(0, end)).digest().equals(bytes.subarray(end))) return null;
  return summary.safeParse(asJson(bytes.toString('utf8', HEADER, end))).data ?? null;
}
