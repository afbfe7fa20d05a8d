// Shows a job on a terminal: a line per destination, redrawn in place.
import { createLogUpdate } from 'log-update';
import type { JobView } from '../../contract/window.ts';
import { Complaints } from './complaints.ts';
import { finalLines, liveLines, type Screen } from './job-lines.ts';
import { headline } from './job-sentences.ts';
import { screenOf } from './streams.ts';
import { ALREADY_STOPPING, errorSentence, INDENT, type Reporter } from './reporter.ts';
import { inAscii, wrap, type Paint } from './text.ts';

/** Least milliseconds between redraws. Nobody reads faster. */
const INTERVAL = 250;

/** The destination that keys act on: an index, null for all. */
export interface Selection {
  index: number | null;
}

/** The terminal that `liveReporter` draws on. */
export interface Terminal {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WritableStream;
  paint: Paint;
  unicode: boolean;
  /** The keyboard's target; null without a keyboard. */
  selection: Selection | null;
}

/** Progress on the terminal `stdout`; errors on `stderr`, above the progress when both are the same terminal. */
export function liveReporter(
  { stdout, stderr, paint, unicode, selection }: Terminal,
  now: () => number = Date.now,
): Reporter {
  const draw = createLogUpdate(stdout);
  const complaints = new Complaints();
  let last = -Infinity;
  const screen = (): Screen => ({ ...screenOf(stdout), paint, unicode, selected: selection?.index });
  const shown = (lines: readonly string[]): string => (unicode ? lines.join('\n') : inAscii(lines.join('\n')));
  const redraw = (view: JobView): void => {
    last = now();
    draw(shown(liveLines(view, screen())));
  };
  const complain = (line: string): void => {
    draw.clear();
    stderr.write(`${shown(wrap(line, screenOf(stdout).width, INDENT))}\n`);
  };
  return {
    refused: (errors) => errors.forEach((error) => complain(errorSentence(error))),
    planned: (plan) =>
      void stdout.write(`${shown(headline(plan).flatMap((line) => wrap(line, screenOf(stdout).width, '')))}\n\n`),
    started: redraw,
    onEvent(event, view) {
      complaints.of(event, view).forEach(complain);
      if (view.phase === 'ended') {
        // Written, not drawn: the final view may be taller than the terminal.
        draw.clear();
        stdout.write(`${shown(finalLines(view, screen()))}\n`);
        draw.done();
      } else if (event.event !== 'progress' || now() - last >= INTERVAL) {
        redraw(view);
      }
    },
    commandRefused(errors, view) {
      errors.forEach((error) => complain(errorSentence(error)));
      redraw(view);
    },
    redraw,
    alreadyStopping(view) {
      complain(ALREADY_STOPPING);
      redraw(view);
    },
  };
}
