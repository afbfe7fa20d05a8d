// The end of a job, when every destination has ended: what is looked at last, the manifest, and the result.
import type { Note, Reason } from '../../contract/facts.ts';
import type { JobResult } from '../../contract/jobs.ts';
import { writes } from '../../contract/request-facts.ts';
import { showNewPartitions } from '../access/partitions.ts';
import { sourceWritten } from '../devices/write-counts.ts';
import { bytesOf } from '../formats/chunk-sets.ts';
import type { JobParts } from './job-parts.ts';
import { jobResult, unexplained, type DestinationEnd } from './job-result.ts';
import { leaveManifest } from './made-manifests.ts';
import type { Run } from './run.ts';

/** Makes the result of a job, and closes its log. `now` gives the seconds since the start. */
export async function closeJob(parts: JobParts, now: () => number): Promise<JobResult> {
  const { run, passes, reports, record, rescue } = parts;
  const note = (one: Note): void => reports.note(one);
  const ends = endsOf(parts, now());
  reports.reportAll(unexplained(ends, reports.errors, reports.named));
  (await showNewPartitions(run, (index) => isSilent(parts, index))).forEach(note);
  const written = run.source === null ? 'no' : await sourceWritten({ ...run.source, mark: run.sourceMark }, run.addon);
  if (written !== 'no')
    note({ kind: written === 'yes' ? 'sourceWritten' : 'sourceUnwatched', path: run.source!.end.path });
  for (const one of run.plan.notes) if (one.kind === 'signedBy') note(one);
  notesOnPacked(run).forEach(note);
  const manifest = await leaveManifest(run, record.hashes, whyCut(parts, ends), note);
  const seconds = now();
  if (record.problem !== null) note(record.problem);
  const result = jobResult({
    plan: run.plan,
    named: reports.named,
    ends,
    errors: reports.errors,
    seconds,
    bytes: passes.bytesRead,
    sourceWritten: written !== 'no',
    ...(run.plan.mapped === null ? {} : { mapped: run.plan.mapped }),
    notes: reports.notes,
    manifest,
    readErr: (rescue?.bad ?? 0) > 0 ? 1 : passes.readErr,
    rescue: rescue === null ? null : { rescued: rescue.rescued, bad: rescue.bad },
  });
  await record.close(result);
  return result;
}

/** Notes what decoding the whole source has shown. */
function notesOnPacked({ source }: Run): Note[] {
  const unpacking = source?.unpacking ?? null;
  if (unpacking === null) return [];
  const { path } = source!.end;
  const { isUnchecked, zeros } = unpacking;
  return [
    ...(isUnchecked ? [{ kind: 'packedUnchecked', path } as const] : []),
    ...(zeros > 0 ? [{ kind: 'zerosFollow', path, bytes: zeros } as const] : []),
  ];
}

function endsOf({ run, totals, record }: JobParts, now: number): DestinationEnd[] {
  return totals.map(({ end, uncompared, written, kept, seconds, failed, errorsFrom }, index) => ({
    state: end ?? 'failed',
    uncompared,
    written,
    kept,
    durable: end === 'done' || !writes(run.plan.kind) ? undefined : bytesOf(record.durable(index), run.grid),
    seconds: seconds ?? now,
    failed,
    errorsFrom,
  }));
}

/** True for a destination that no longer answers. */
const isSilent = ({ reports }: JobParts, destination: number): boolean =>
  reports.removals.has(destination) ||
  reports.errors.some((error) => error.destination === destination && error.code === 'STALLED');

/** Why the source was not read to its end, for a manifest that has holes. null for a rescue that left nothing. */
const whyCut = ({ rescue }: JobParts, ends: readonly DestinationEnd[]): Reason | null =>
  rescue?.left === 0 ? null : { kind: ends.some(({ state }) => state === 'cancelled') ? 'cancelled' : 'sourceUnread' };
