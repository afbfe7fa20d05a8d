// The course of an update: compare what is there, and write what differs or cannot be read.
import { mends } from '../../../contract/request-facts.ts';
import type { RunningJob } from '../pass/running-job.ts';
import { differences } from './compare.ts';
import { noteSourceChanges } from './source-check.ts';
import { write } from './write.ts';

/** Compares the destinations that have old content, then writes what differs there, and all of the others. */
export async function update(running: RunningJob, destinations: readonly number[], continues: boolean): Promise<void> {
  const old = destinations.filter((destination) => running.prepared.destinations[destination]!.updated);
  const work = await differences(running, destinations, old, continues);
  if (work === null) return;
  await write(running, work, 'copying', { repairsOnce: mends(running.request) });
  noteSourceChanges(running);
}
