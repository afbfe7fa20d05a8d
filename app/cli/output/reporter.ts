// How a job is reported: as JSON, as a live view on a terminal, or as lines in a log.
import type { JobError, PlatterError } from '../../contract/errors.ts';
import type { Plan } from '../../contract/jobs.ts';
import type { JobView } from '../../contract/window.ts';
import type { JobEvent } from '../../view/reduce-events.ts';
import { asStarted } from './own-name.ts';
import { asTyped } from './typed-paths.ts';
import { printable } from './text.ts';

/** Reports why nothing is done. */
export type Refused = (errors: readonly PlatterError[]) => void;

/** Receives everything that happens to a job. */
export interface Reporter {
  /** The job was refused. Nothing was written. */
  refused: Refused;
  /** Everything is checked and held; nothing is written yet. */
  planned(plan: Plan): void;
  /** The job has been started. */
  started(view: JobView): void;
  /** `event` happened; `view` is the job after it. */
  onEvent(event: JobEvent, view: JobView): void;
  /** A request to the running job was refused; the job continues. */
  commandRefused(errors: readonly PlatterError[], view: JobView): void;
  /** The view beside the job, the keyboard's selection, has changed. */
  redraw(view: JobView): void;
  /** The user asked to stop once more. */
  alreadyStopping(view: JobView): void;
}

/** Errors that a destination's own line already covers: it was stopped, or the source left it incomplete. */
export const isEcho = ({ code }: JobError): boolean => code === 'CANCELLED' || code === 'SOURCE_FAILED';

/** True when `sentence` names `path`, which can have spaces, as a whole and not only within a word. */
function names(sentence: string, path: string): boolean {
  const parts = ` ${sentence} `.split(path);
  return parts.some((part, index) => index > 0 && /[\s,;]$/.test(parts[index - 1]!) && /^(?:[\s,;]|\.\s)/.test(part));
}

/** Indents the second and later lines of a wrapped sentence. */
export const INDENT = ' '.repeat('platter: '.length);

/** An error for people, on one line: place, message, advice. */
export function errorSentence({ device, message, advice }: PlatterError | JobError): string {
  const path = device === null ? null : asTyped(device);
  const where = path === null || names(message, path) ? '' : `${path}: `;
  return printable(`platter: ${where}${message} ${asStarted(advice)}`);
}

/** Printed when the user asks to stop, and when they ask again. */
export const STOPPING = 'platter: stopping: what is in flight ends, then the devices are flushed.';
export const ALREADY_STOPPING = 'platter: already stopping: waiting for the devices to be flushed.';
