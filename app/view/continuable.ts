// Whether a job that has ended can be continued.
import type { JobError } from '../contract/errors.ts';
import { isWrittenWhole } from '../contract/image-formats.ts';
import { imageFormatOf, updates } from '../contract/request-facts.ts';
import type { Plan } from '../contract/jobs.ts';
import type { JobView } from '../contract/window.ts';

/** Failures of the drive itself. Continuing with the same drive would fail again. */
const OF_THE_DRIVE: ReadonlySet<string> = new Set(['MEDIUM_ERROR', 'READ_ONLY', 'VERIFY_MISMATCH']);

/** Id of the job when `platter resume` can finish it. null when nothing was cut short, or no log has its progress. */
export function continuable({ plan, result, failure }: JobView): string | null {
  if (result === null || plan.job === null) return null;
  // A bad source file stays bad, and a good file in its place would be another source.
  if (result.errors.some(({ code }) => code === 'BAD_IMAGE')) return null;
  // A log without durable chunks is not kept, except for an image that is updated, because it has lost its name.
  const unnamed =
    updates(plan.request) && plan.destinations.some(({ kind, overwrites }) => kind === 'file' && overwrites);
  const reached =
    result.rescue === null
      ? result.destinations.some(({ written, kept, durable }) => (durable ?? written + kept) > 0)
      : result.rescue.rescued > 0;
  const begun = unnamed || plan.kind === 'resume' || failure !== null || reached;
  const ends = ({ code, reason }: JobError): boolean => OF_THE_DRIVE.has(code) || reason.kind === 'imageLost';
  const left = result.destinations.some(
    ({ state, errors }, index) => state !== 'done' && !errors.some(ends) && !isWhole(plan, index),
  );
  return begun && left ? plan.job : null;
}

/** Paths of the images that were cut short and have to be written anew. */
export const toBeginAgain = ({ plan, result }: JobView): string[] =>
  (result?.destinations ?? []).flatMap(({ state, path }, index) =>
    plan.kind === 'copy' && state === 'cancelled' && isWhole(plan, index) ? [path] : [],
  );

const isWhole = ({ request, destinations }: Plan, index: number): boolean =>
  isWrittenWhole(imageFormatOf(request), destinations[index]!);
