// Requests to a running job, and how a program sends them: JSON lines on stdin, with `--json`.
import { fstatSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { PlatterError } from '../contract/errors.ts';
import type { JobView } from '../contract/window.ts';
import { failure } from '../base/errors.ts';
import { asJson } from '../base/json.ts';
import { asTyped } from './output/typed-paths.ts';

/** A request to the running job. `destination` is an index; null is the whole job. */
export type ControlCommand =
  | { call: 'pause'; destination: number | null; paused: boolean }
  | { call: 'throttle'; destination: number | null; bytesPerSecond: number | null }
  | { call: 'cancel'; destination: number | null }
  | { call: 'retry'; destination: number };

/** The interface of a running job for its controls. */
export interface Controlled {
  /** The current state of the job. */
  view(): JobView;
  perform(command: ControlCommand): void;
  /** Reports a request that was not understood. */
  reject(error: PlatterError): void;
  /** Shows the job again, because the keyboard's target has changed. */
  redraw(): void;
}

/** Listens to the user of a running job. Gives a function that stops listening. */
export type Control = (job: Controlled) => () => void;

/** Longest line that is read, in characters. No request needs more. */
const LINE_MAX = 16 * 1024;

/** By index in the plan, or by the path as typed. */
const destination = z.union([z.int().nonnegative(), z.string()]);
const command = z.discriminatedUnion('call', [
  z.strictObject({ call: z.literal('pause'), destination: destination.nullable(), paused: z.boolean() }),
  z.strictObject({
    call: z.literal('throttle'),
    destination: destination.nullable(),
    bytesPerSecond: z.int().positive().nullable(),
  }),
  z.strictObject({ call: z.literal('cancel'), destination: destination.nullable() }),
  z.strictObject({ call: z.literal('retry'), destination }),
]);

/**
 * Parses the request in `line`, for a job whose destinations have these paths. Gives the request, or the error in it.
 */
export function parseCommand(
  line: string,
  paths: readonly string[],
): { command: ControlCommand } | { error: PlatterError } {
  if (line.length > LINE_MAX) return bad(`a line of more than ${LINE_MAX} characters`);
  const parsed = command.safeParse(asJson(line));
  if (!parsed.success) return bad(excerpt(line));
  const asked = parsed.data;
  const index = typeof asked.destination === 'string' ? paths.indexOf(asked.destination) : asked.destination;
  if (index !== null && paths[index] === undefined)
    return bad(`a destination that this job does not have, ${JSON.stringify(asked.destination)}`);
  // Only `retry` requires a destination, and its schema rejects null.
  return { command: { ...asked, destination: index } as ControlCommand };
}

const bad = (what: string): { error: PlatterError } => ({
  error: failure({
    code: 'BAD_ARGUMENT',
    op: 'check',
    reason: { kind: 'said', text: `Not understood on stdin: ${what}. Nothing was changed.` },
    remedy: { kind: 'said', text: 'See platter copy --help for the lines that control a running job.' },
  }),
});

const excerpt = (line: string): string => (line.length > 200 ? `${line.slice(0, 200)}...` : line);

/**
 * True when control lines can be expected on stdin. It must be a pipe or a socket from a program. A job in the
 * background must not read from a terminal, and a file may be the list that a shell's loop reads from.
 */
export function isControllable(descriptor: number): boolean {
  const found = fstatSync(descriptor);
  return found.isFIFO() || found.isSocket();
}

/** Takes requests from lines on `input`. Its end does not end the job. */
export const byLines =
  (input: NodeJS.ReadStream): Control =>
  (job) => {
    const lines = createInterface({ input, terminal: false });
    lines.on('line', (line) => {
      if (line.trim() === '') return;
      const { plan } = job.view();
      const parsed = parseCommand(
        line,
        plan.destinations.map(({ path }) => asTyped(path)),
      );
      if ('command' in parsed) job.perform(parsed.command);
      else job.reject(parsed.error);
    });
    return () => {
      lines.close();
      // Without this, the program would live as long as somebody can write to it.
      input.destroy();
    };
  };
