// The engine's client for one job.
import type { PlatterError } from '../../contract/errors.ts';
import { givenManifest, newManifest } from '../../contract/request-facts.ts';
import type { WorkRequest } from '../../contract/request.ts';
import { errnoOf, failure, refuse } from '../../base/errors.ts';
import { memoryOf, PAGE } from '../../base/request-rules.ts';
import { isChunkSize } from '../formats/chunks.ts';
import type { End, HeldEnd } from '../devices/ends.ts';
import type { NativeAddon, NativeClient } from '../native/addon.ts';
import { clusterFor } from '../packing/qcow2.ts';

/** Makes a client with the memory and the backend of `request`. `chunkSize`: bytes; null for what the memory gives. */
export function createClient(request: WorkRequest, chunkSize: number | null, addon: NativeAddon): NativeClient {
  try {
    return addon.createClient({
      pages: memoryOf(request) / PAGE,
      io: request.io,
      ...(chunkSize === null ? {} : { chunkSize }),
    });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    return refuse({
      code: 'ENGINE_UNAVAILABLE',
      op: 'open',
      errno,
      reason: errno === 'ENOMEM' ? { kind: 'noMemory', errno } : { kind: 'noBackend', io: request.io, errno },
    });
  }
}

/** The chunk size that suits images among `destinations`; null for what the memory gives. */
export function bestChunk(
  request: WorkRequest,
  source: HeldEnd | null,
  destinations: readonly { end: End }[],
): number | null {
  if (source === null || !destinations.some(({ end }) => end.image?.packing?.format === 'qcow2')) return null;
  const cluster = clusterFor(source.end.size);
  return cluster !== null && cluster <= memoryOf(request) ? cluster : null;
}

/** The pool can be too small for the chunks that a manifest or a log speaks of. */
export function chunkErrors(request: WorkRequest, { chunkSize }: NativeClient, wanted: number | null): PlatterError[] {
  const saved = newManifest(request);
  const remedy = { kind: 'moreMemory' } as const;
  if (wanted !== null && chunkSize !== wanted) {
    return [
      failure({
        code: 'BAD_ARGUMENT',
        op: 'check',
        device: givenManifest(request),
        remedy,
        reason: { kind: 'chunkMemory', chunk: wanted },
      }),
    ];
  }
  return saved === null || isChunkSize(chunkSize)
    ? []
    : [
        failure({
          code: 'BAD_ARGUMENT',
          op: 'check',
          device: saved,
          remedy,
          reason: { kind: 'manifestMemory', chunk: chunkSize },
        }),
      ];
}
