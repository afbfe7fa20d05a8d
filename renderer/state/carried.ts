// What a request asks for that the window has no control for: it is carried over when a job is repeated, or comes back with
// a reload, said as the command line says it, and left out with one button. Pure.
import { plainRequest, type CopyRequest } from '../../app/contract/jobs.ts';
import { optionWords, taskOf, type Task } from '../command.ts';

/** What is carried over of a request. */
export interface Carried extends Pick<
  CopyRequest,
  'io' | 'memory' | 'manifest' | 'saveManifest' | 'repair' | 'sparse' | 'assumeBlank' | 'stallTimeout' | 'rescue'
> {
  /** What was done: to another task a manifest is something else. */
  task: Task;
  /** Bytes per second of single destinations, by the paths that they have now. */
  limits: ReadonlyMap<string, number>;
}

/** That of `request`, whose destinations have these paths now; null for one that is not there. */
export function carriedOf(
  {
    kind,
    io,
    memory,
    manifest,
    saveManifest,
    repair,
    sparse,
    assumeBlank,
    stallTimeout,
    rescue,
    destinationThrottles,
  }: CopyRequest,
  paths: readonly (string | null)[],
): Carried {
  const limits = paths.flatMap((path, index) => {
    const limit = destinationThrottles[index] ?? null;
    return path === null || limit === null ? [] : [[path, limit] as const];
  });
  return {
    task: taskOf(kind),
    io,
    memory,
    manifest,
    saveManifest,
    repair,
    sparse,
    assumeBlank,
    stallTimeout,
    rescue,
    limits: new Map(limits),
  };
}

/** What the controls say; what is carried over goes only with some of it. */
type Set = Pick<CopyRequest, 'verify' | 'update'> & { kind: Task; rescue: boolean };

/** The part of the next request that is carried over, for destinations with these paths. */
export function carriedRequest(
  carried: Carried,
  { kind, verify, update, rescue }: Set,
  destinations: readonly string[],
): Partial<CopyRequest> {
  const { io, memory, saveManifest, sparse, stallTimeout, limits } = carried;
  const destinationThrottles = destinations.some((path) => limits.has(path))
    ? destinations.map((path) => limits.get(path) ?? null)
    : [];
  const manifest = carried.task === kind ? carried.manifest : null;
  // The manifest of a check is chosen as a source is.
  if (kind !== 'copy')
    return { io, memory, stallTimeout, destinationThrottles, manifest: kind === 'repair' ? manifest : null };
  return {
    io,
    memory,
    saveManifest,
    sparse,
    stallTimeout,
    destinationThrottles,
    manifest: update ? manifest : null,
    repair: carried.repair && verify && !rescue,
    assumeBlank: carried.assumeBlank && sparse && !update,
    ...(rescue && carried.rescue !== null ? { rescue: carried.rescue } : {}),
  };
}

/** The same as options of the command line; empty when nothing is out of the ordinary. `usual`: what the controls and the settings give by themselves. */
export function carriedWords(
  kind: Task,
  part: Partial<CopyRequest>,
  usual: Pick<CopyRequest, 'sparse' | 'stallTimeout' | 'rescue'>,
  destinations: readonly string[],
): string {
  const { rescue = null, sparse = usual.sparse, stallTimeout = usual.stallTimeout } = part;
  const same = JSON.stringify(rescue) === JSON.stringify(usual.rescue);
  return optionWords({
    ...plainRequest,
    ...part,
    kind,
    source: null,
    destinations: [...destinations],
    rescue: same ? null : rescue,
    sparse: sparse === usual.sparse ? plainRequest.sparse : sparse,
    stallTimeout: stallTimeout === usual.stallTimeout ? plainRequest.stallTimeout : stallTimeout,
  });
}
