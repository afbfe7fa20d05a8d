// Reports a job in lines, for a file, a pipe or a journal. Nothing is redrawn.
import type { Writable } from 'node:stream';
import { Complaints } from './complaints.ts';
import { logEnd, logLine } from './job-lines.ts';
import { headline } from './job-sentences.ts';
import { ALREADY_STOPPING, errorSentence, type Reporter } from './reporter.ts';

/** Least milliseconds between two samples. */
const INTERVAL = 1000;

/** Progress and verdict on `stdout`, errors on `stderr`. `now` is a clock in milliseconds. */
export function logReporter(stdout: Writable, stderr: Writable, now: () => number = Date.now): Reporter {
  const complaints = new Complaints();
  let last = -Infinity;
  const print = (...lines: string[]): void => void stdout.write(lines.map((line) => `${line}\n`).join(''));
  const complain = (line: string): void => void stderr.write(`${line}\n`);
  return {
    refused: (errors) => errors.forEach((error) => complain(errorSentence(error))),
    planned: (plan) => print(...headline(plan)),
    started: () => undefined,
    onEvent(event, view) {
      complaints.of(event, view).forEach(complain);
      if (event.event === 'progress' && now() - last >= INTERVAL) {
        last = now();
        print(logLine(view));
      }
      if (view.phase === 'ended') print(...logEnd(view));
    },
    commandRefused: (errors) => errors.forEach((error) => complain(errorSentence(error))),
    redraw: () => undefined,
    alreadyStopping: () => complain(ALREADY_STOPPING),
  };
}
