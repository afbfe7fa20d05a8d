import type { Writable } from 'node:stream';
import { errorLine, planLine, progressLine, resultLine, type JsonLine } from './json.ts';
import type { Reporter } from './reporter.ts';
import { printableJson } from './text.ts';

/** Prints one JSON object a line. Samples are dropped while the reader is behind; errors and the result never are. */
export function jsonReporter(stdout: Writable): Reporter {
  const print = (line: JsonLine): void => void stdout.write(`${printableJson(line)}\n`);
  return {
    refused: (errors) => errors.forEach((error) => print(errorLine(error))),
    planned: (plan) => print(planLine(plan)),
    started: () => undefined,
    onEvent(event, view) {
      if (event.event === 'progress' && !stdout.writableNeedDrain) print(progressLine(event.progress));
      if (event.event === 'error') print(errorLine(event.error));
      if (event.event === 'failure') print(errorLine(view.failure ?? event.failure));
      if (view.result !== null) print(resultLine(view.result, view));
    },
    commandRefused: (errors) => errors.forEach((error) => print(errorLine(error))),
    redraw: () => undefined,
    alreadyStopping: () => undefined,
  };
}
