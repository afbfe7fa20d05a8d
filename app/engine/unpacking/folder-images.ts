// The images of partitions in a folder of a disk, before anything is written: in the format that their names say, and
// of the sizes of their partitions.
import { join } from 'node:path';
import type { PlatterError } from '../../contract/errors.ts';
import type { Reason } from '../../contract/facts.ts';
import { failure } from '../../base/errors.ts';
import { Pieces } from '../../parsers/bytes/pieces.ts';
import { HEAD_BYTES } from '../../parsers/bytes/sample.ts';
import type { DiskPart } from '../../parsers/disk-folders/disk-plan.ts';
import { recognise } from '../../parsers/recognise.ts';
import { SequentialPieceSource } from './image-bytes.ts';
import { failureBy } from './packed-source.ts';
import { SourceFiles } from './source-files.ts';
import { canUnpack, probeFile, type Probed } from './unpack-program.ts';

/** The bytes of a partition as they are, packed or not. All other images are in partclone's format. */
const RAW_NAME = /\.dd-(?:ptcl-)?img/u;

/** The result of looking at the images of a folder. */
export interface CheckedImages {
  /** The first error of one of them; null for none. */
  error: PlatterError | null;
  /** The first files of those whose size shows only when they are decoded. */
  unsized: string[];
}

/** Looks at the images among the `parts` of the disk in `folder`. */
export async function checkImages(folder: string, parts: readonly DiskPart[]): Promise<CheckedImages> {
  const unsized: string[] = [];
  if (!canUnpack()) return { error: null, unsized };
  for (const { files, from, literal, size } of parts) {
    const [name] = files;
    if (name === undefined || from !== null || literal !== null) continue;
    const found = await lookAt(
      files.map((file) => join(folder, file)),
      RAW_NAME.test(name),
      size,
    );
    if (found === 'unsized') unsized.push(name);
    else if (found !== null) return { error: found, unsized };
  }
  return { error: null, unsized };
}

/** The error of an image for a partition of `needs` bytes; null for none. */
async function lookAt(
  paths: readonly string[],
  isRaw: boolean,
  needs: number,
): Promise<PlatterError | 'unsized' | null> {
  const path = paths[0]!;
  const files = await SourceFiles.open(paths);
  const wrong = (reason: Reason): PlatterError => failure({ code: 'BAD_IMAGE', op: 'check', device: path, reason });
  try {
    const answer = await probeFile(files);
    if (!answer.ok) return failureBy(path, answer.why);
    const { probed } = answer;
    if (!isRaw && !(await isPartclone(path, files, probed))) return wrong({ kind: 'notPartclone' });
    const has = probed.format === 'none' ? files.size : probed.size;
    if (has === undefined) return 'unsized';
    // A file system can be smaller than its partition. The bytes of a partition are all of it.
    const fits = isRaw && probed.format !== 'partclone' ? has === needs : has <= needs;
    return fits ? null : wrong({ kind: 'imageOfOtherSize', has, needs });
  } finally {
    files.close();
  }
}

/** True for an image of partclone, packed or not. A packed one says the size of the image in it. */
async function isPartclone(path: string, files: SourceFiles, probed: Probed): Promise<boolean> {
  const { format, size, blocks, largestBlock } = probed;
  if (format === 'partclone') return true;
  if (format === 'none' || size === undefined) return false;
  if (blocks === undefined || largestBlock === undefined) return true;
  // xz says the size of whatever is in it. That of all blocks together is not the size of the image in partclone's.
  if (size > blocks * largestBlock || size <= (blocks - 1) * largestBlock) return true;
  return (await headKind(path, files, size)) === 'image';
}

/** The kind of content that the decoded bytes begin with. */
async function headKind(path: string, files: SourceFiles, size: number): Promise<string> {
  const source = new SequentialPieceSource(path, size, { files, entry: null, supply: null });
  const pieces = new Pieces(size);
  try {
    await source.fetch([0], pieces);
    return recognise(pieces.upTo(0, HEAD_BYTES), Buffer.alloc(0), size).kind;
  } finally {
    await source.close();
  }
}
