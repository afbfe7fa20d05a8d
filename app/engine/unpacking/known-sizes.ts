// The sizes of images whose format does not store them, so that a file is decoded for its size once, not for each job.
import { createHash } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readPlainFile, replaceFile } from '../../base/durable-file.ts';
import { errnoOf, nullIfRefused, Refusal } from '../../base/errors.ts';
import { asJson } from '../../base/json.ts';
import { makeFolder, stateDir } from '../../base/state-folder.ts';
import { statsId } from '../devices/file-ids.ts';
import type { Descriptors } from './source-files.ts';

/** Keep this many, newest first. */
const MOST = 200;
const MOST_BYTES = 64 * 1024;

const sizesSchema = z.array(z.object({ file: z.string(), bytes: z.int().nonnegative() }));
type KnownSize = z.infer<typeof sizesSchema>[number];

const place = (): string => join(stateDir(), 'image-sizes.json');

/**
 * File systems that record each change of a file in its ctime, which no program can set, by their numbers in
 * linux/magic.h. Others (FAT, servers, FUSE) may show a changed file as the old one.
 */
const WITH_CTIME: ReadonlySet<number> = new Set([
  0xef53, // ext2 to ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
]);

/**
 * A name for the content of open files, which changes when one is written. null when its file system does not tell.
 * `entry` is the image in an archive.
 */
export async function contentKey({ descriptors }: Descriptors, entry: string | null): Promise<string | null> {
  const parts: unknown[] = [];
  for (const file of descriptors) {
    const stats = fstatSync(file, { bigint: true });
    const { type } = await statfs(`/proc/self/fd/${String(file)}`);
    if (!WITH_CTIME.has(type)) return null;
    parts.push(statsId(stats), stats.size, stats.mtimeNs, stats.ctimeNs);
  }
  parts.push(entry ?? '');
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32);
}

/** Bytes of the image in the file with this key; undefined when it is not known. */
export async function knownSize(key: string | null): Promise<number | undefined> {
  return key === null ? undefined : (await stored()).find(({ file }) => file === key)?.bytes;
}

/** Stores the size of an image, in bytes. When the state folder takes nothing, the next job decodes again. */
export async function keepSize(key: string | null, bytes: number): Promise<void> {
  if (key !== null) await store([{ file: key, bytes }, ...(await othersThan(key))].slice(0, MOST));
}

/** Forgets a size. */
export async function forgetSize(key: string | null): Promise<void> {
  if (key !== null) await store(await othersThan(key));
}

const othersThan = async (key: string): Promise<KnownSize[]> => (await stored()).filter(({ file }) => file !== key);

async function store(sizes: readonly KnownSize[]): Promise<void> {
  try {
    await makeFolder(stateDir());
    await replaceFile(place(), [Buffer.from(`${JSON.stringify(sizes)}\n`)]);
  } catch (error) {
    if (!(error instanceof Refusal) && errnoOf(error) === null) throw error;
  }
}

/** The stored sizes; none when their file is missing or damaged. */
async function stored(): Promise<KnownSize[]> {
  const bytes = await readPlainFile(place(), MOST_BYTES).catch(nullIfRefused);
  const parsed = sizesSchema.safeParse(asJson(bytes?.toString() ?? ''));
  return parsed.success ? parsed.data : [];
}
