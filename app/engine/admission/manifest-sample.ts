// Checks that a manifest is of this source. A repair guided by a manifest leaves chunks that match its hashes alone,
// without reading the source, and rewrites the others from the source. With the manifest of another source that would
// mix the two.
import type { PlatterError } from '../../contract/errors.ts';
import type { Extent } from '../../contract/values.ts';
import { chunksIn, union, isEmpty, noChunks, sampleOf } from '../formats/chunk-sets.ts';
import { chunkRanges, markChunks } from '../formats/chunks.ts';
import { failure } from '../../base/errors.ts';
import type { Manifest } from '../formats/manifest.ts';
import type { NativeClient, NativeDevice } from '../native/addon.ts';

/** Chunks of the source that are read, besides the first and the last one with a hash. */
const SAMPLES = 16;

/**
 * Reads samples of the source before anything is written. Gives the error against the manifest at `path` when a sample
 * has another hash. An unreadable chunk proves nothing. Chunks that are read later have to match their hash too.
 */
export async function againstSource(
  manifest: Manifest,
  path: string,
  client: NativeClient,
  source: NativeDevice,
): Promise<PlatterError[]> {
  const { known } = manifest;
  if (isEmpty(known)) return [];
  const ranges = [...chunkRanges(known, chunksIn(manifest))];
  const ends = noChunks(manifest);
  markChunks(ends, ranges[0]!.first, 1, true);
  markChunks(ends, ranges.at(-1)!.first + ranges.at(-1)!.count - 1, 1, true);
  const place = await firstOther(manifest, union(ends, sampleOf(known, SAMPLES, manifest)), client, source);
  return place === null
    ? []
    : [
        failure({
          code: 'BAD_FILE',
          op: 'check',
          device: path,
          ...place,
          reason: { kind: 'manifestOfOtherData', place },
          remedy: { kind: 'manifestOfSource' },
        }),
      ];
}

/**
 * The first place in `chunks` where the source differs from the manifest; null when it differs nowhere. Ignores chunks
 * that have no hash or cannot be read.
 */
export async function firstOther(
  { known, hashes, bytes, chunkSize }: Manifest,
  chunks: Uint8Array,
  client: NativeClient,
  source: NativeDevice,
): Promise<Extent | null> {
  const job = client.submit({
    op: 'compare',
    source: null,
    destinations: [source],
    offset: 0,
    length: bytes,
    hashes,
    known,
    ignoreWrite: true,
    todo: [noChunks({ bytes, chunkSize })],
    check: [chunks],
  });
  await job.done;
  const [other] = job
    .errors(0)
    .filter(({ cause }) => cause === 'mismatch')
    .sort((one, another) => one.offset - another.offset);
  return other === undefined ? null : { offset: other.offset, length: other.length };
}
