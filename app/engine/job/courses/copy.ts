// The course of a copy: write what the destinations lack, and read it back.
import { assumesBlank, mends, newManifest, zeroesUnmapped } from '../../../contract/request-facts.ts';
import { allChunks, bytesOf, isEmpty, noChunks, difference } from '../../formats/chunk-sets.ts';
import type { RunningJob } from '../pass/running-job.ts';
import { withHead } from './head-last.ts';
import { noteSourceChanges } from './source-check.ts';
import { FLUSH_INTERVAL, write, writeOrder, type Work } from './write.ts';

/** Writes what the destinations lack. Repairs once what verification found bad, where that is asked for. */
export async function copy(running: RunningJob, destinations: readonly number[], continues: boolean): Promise<void> {
  const cloned = continues ? new Set() : await cloneImages(running, destinations);
  const work = new Map<number, Work>();
  for (const destination of destinations) {
    const check = running.scope;
    if (cloned.has(destination)) {
      work.set(destination, { todo: noChunks(running.grid), check });
      continue;
    }
    const todo = withHead(running, destination, difference(check, running.durable(destination)));
    running.keep(destination, bytesOf(difference(check, todo), running.grid));
    work.set(destination, { todo, check });
  }
  await zeroTheRest(running, destinations);
  await write(running, work, 'copying', {
    repairsOnce: mends(running.request),
    assumeBlank: assumesBlank(running.request) && !continues,
  });
  noteSourceChanges(running);
}

/**
 * Writes zeros where disks keep what is not in use, if that is asked for. What a packed source has unmapped comes as zeros
 * from its decoder; a new image has holes there.
 */
async function zeroTheRest(running: RunningJob, destinations: readonly number[]): Promise<void> {
  const { source } = running.prepared;
  const rest = difference(allChunks(running.grid), running.scope);
  if ((source?.used ?? null) === null || !zeroesUnmapped(running.request) || isEmpty(rest)) return;
  const disks = destinations.filter((one) => running.isOpen(one) && running.device(one).info().kind === 'block');
  const targets = disks.map((destination) => ({ destination, todo: rest, check: noChunks(running.grid) }));
  if (targets.length === 0) return;
  const sector = Math.max(...disks.map((destination) => running.device(destination).info().logicalBlock));
  const { targets: ended } = await running.perform({
    words: { writing: 'copying', reading: 'verifying' },
    targets,
    more: (state) => state === 'done',
    job: {
      op: 'zero',
      source: null,
      offset: 0,
      length: Math.floor(running.grid.bytes / sector) * sector,
      sequential: writeOrder(running, targets).sequential,
      flushInterval: FLUSH_INTERVAL,
    },
  });
  for (const { destination, state } of ended) if (state !== 'done') await running.finish(destination, state);
}

/**
 * Lets new images on the source's file system share its blocks, where that is possible. Returns those that do. A
 * manifest is made of what is read: if nothing else would read the source, copies all of it.
 */
async function cloneImages(running: RunningJob, destinations: readonly number[]): Promise<Set<number>> {
  const { source, destinations: held, plan } = running.prepared;
  const cloned = new Set<number>();
  if (newManifest(running.request) !== null && !plan.verify) return cloned;
  // A clone has what is not in use too.
  if ((source?.used ?? null) !== null) return cloned;
  for (const destination of destinations) {
    const { end } = held[destination]!;
    if (source?.end.kind !== 'file' || end.image === null || running.cancelled) continue;
    if (!(await running.device(destination).cloneFrom(source.device))) continue;
    cloned.add(destination);
    running.keep(destination, running.grid.bytes);
  }
  return cloned;
}
