// Lists jobs for `platter jobs`, and finds the job for `platter resume`.
import type { InterruptedJob, LeftImage } from '../contract/jobs.ts';
import type { Engine } from '../client/client.ts';
import { failure, Refusal } from '../base/errors.ts';
import { size } from '../base/figures.ts';
import { printable, type Paint } from './output/text.ts';

const DAMAGED = '; its log is damaged, all of it will be copied again';

/**
 * Lines for people: two for each job and one for each of its destinations. `timeZone` defaults to that of the machine.
 */
export function jobLines(jobs: readonly InterruptedJob[], paint: Paint, timeZone?: string): string[] {
  if (jobs.length === 0) return ['No interrupted job: nothing is waiting to be continued.'];
  const date = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone });
  return jobs.flatMap(({ id, name, startedAt, source, bytes, damaged, destinations }) => [
    `${paint('strong', id)}${name === null ? '' : `  ${printable(name)}`}  started ${date.format(startedAt)}`,
    `  from ${printable(source)}, ${size(bytes)}${damaged ? DAMAGED : ''}`,
    ...destinations.map(({ path, model, serial, durable, finished }) => {
      const identity = [model, serial]
        .filter((text) => text !== null)
        .map(printable)
        .join(', ');
      const share = bytes === 0 ? 0 : Math.floor((100 * durable) / bytes);
      const drive = identity === '' ? '' : ` (${identity})`;
      const progress = finished ? 'finished' : `${share} % is there, ${size(bytes - durable)} to go`;
      return `  to ${printable(path)}${drive}: ${progress}`;
    }),
  ]);
}

/** A line for each incomplete image that stays when its job is forgotten. */
export const leftLines = (left: readonly LeftImage[]): string[] =>
  left.map(({ path, image, pieces }) => {
    const file = printable(path);
    return pieces === 1
      ? `${file} stays. It is incomplete, and no job can continue it now: remove it, or move it away before you copy to ${printable(image)} again.`
      : `${file} and the ${pieces - 1} pieces behind it stay. They are incomplete, and no job can continue them now: remove them, or move them away before you copy to ${printable(image)} again.`;
  });

/** Id of the only interrupted job. Throws a Refusal when there is none or more than one. */
export async function onlyJob(engine: Engine): Promise<string> {
  const [first, ...others] = await engine.call('jobs', {});
  if (first === undefined) {
    throw new Refusal([
      failure({
        code: 'NOTHING_TO_DO',
        op: 'check',
        reason: { kind: 'said', text: 'There is no interrupted job to continue.' },
      }),
    ]);
  }
  if (others.length === 0) return first.id;
  const choice = [first, ...others].map(
    ({ id, source, destinations }) => `${id} (${source} to ${destinations.map(({ path }) => path).join(', ')})`,
  );
  throw new Refusal([
    failure({
      code: 'BAD_ARGUMENT',
      op: 'check',
      reason: { kind: 'said', text: `${choice.length} jobs can be continued: ${choice.join('; ')}.` },
      remedy: { kind: 'said', text: 'Say which: platter resume JOB. platter jobs tells how far each is.' },
    }),
  ]);
}
