// How a job is told: as JSON, as a live view on a terminal, or as lines in a log.
import type { JobError, PlatterError } from '../../contract/errors.ts';
import type { Plan } from '../../contract/jobs.ts';
import type { JobView } from '../../contract/window.ts';
import type { JobEvent } from '../../view/reduce.ts';
import { asTyped } from './spelling.ts';
import { printable } from './text.ts';

/** Tells why nothing is done. */
export type Refused = (errors: readonly PlatterError[]) => void;

/** Hears everything that happens to a job. */
export interface Reporter {
  /** Why nothing is done. Nothing was written. */
  refused: Refused;
  /** Everything is checked and held; nothing is written yet. */
  planned(plan: Plan): void;
  /** The job has been started. */
  started(view: JobView): void;
  /** `event` happened and led to `view`. */
  happened(event: JobEvent, view: JobView): void;
  /** Something was asked of the running job that cannot be; the job goes on. */
  denied(errors: readonly PlatterError[], view: JobView): void;
  /** What is shown beside the job itself, the keyboard's choice, has changed. */
  redraw(view: JobView): void;
  /** The user asked to stop, again. */
  alreadyStopping(view: JobView): void;
}

/** Errors that a destination's own line tells already: that it was stopped, or that the source left it incomplete. */
export const isEcho = ({ code }: JobError): boolean => code === 'CANCELLED' || code === 'SOURCE_FAILED';

/** Is `path`, which can have spaces, named in a sentence, and not only part of a word of it? */
function names(sentence: string, path: string): boolean {
  const parts = ` ${sentence} `.split(path);
  return parts.some((part, index) => index > 0 && /[\s,;]$/.test(parts[index - 1]!) && /^(?:[\s,;]|\.\s)/.test(part));
}

/** Indents the second and later lines of a wrapped sentence. */
export const INDENT = ' '.repeat('platter: '.length);

/** An error for people, on one line: where, what, and what to do. */
export function errorSentence({ device, message, advice }: PlatterError | JobError): string {
  const path = device === null ? null : asTyped(device);
  const where = path === null || names(message, path) ? '' : `${path}: `;
  return printable(`platter: ${where}${message} ${advice}`);
}

/** Said when the user asks to stop, and when they ask again. */
export const STOPPING = 'platter: stopping: what is in flight ends, then the devices are flushed.';
export const ALREADY_STOPPING = 'platter: already stopping: waiting for the devices to be flushed.';
