// Output of every command: stdout, stderr and the log of this process.
import { styleText } from 'node:util';
import { Answers } from '../../base/slow-answers.ts';
import { Refusal } from '../../base/errors.ts';
import { Log } from '../../records/log.ts';
import { EXIT } from './exit-code.ts';
import { jsonReporter } from './json-reporter.ts';
import { screenOf, terminalOf } from './streams.ts';
import { errorSentence, INDENT, type Refused } from './reporter.ts';
import { asStarted } from './own-name.ts';
import { asTyped } from './typed-paths.ts';
import { inAscii, printable, wrap, type Paint, type Style } from './text.ts';

const { stdout, stderr } = process;

const FORMATS = { good: 'green', bad: 'red', busy: 'cyan', faint: 'gray', strong: 'bold' } as const satisfies Record<
  Style,
  string
>;

/** True when log entries are also printed on stderr. */
const echo = { log: false };
export const log = new Log({ echo: (line) => echo.log && stderr.write(`${line}\n`) });

/** From now on, prints log entries on stderr too. */
export function echoLog(): void {
  echo.log = true;
  printNotice(`the log is ${log.path}`);
}

/** Tells the user which path a command waits for. */
export const stillWaiting = (path: string): void => printNotice(`still waiting for ${asTyped(path)}`);

/** Waits until the log is in its file. Gives up after `patience` milliseconds without an answer; 0 for no limit. */
export async function logWritten(patience: number): Promise<void> {
  try {
    await new Answers(patience / 1000, stillWaiting).of(log.path, log.written());
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    printNotice(`the log is not whole: ${error.message}`);
  }
}

/** Colours for stdout; none when it is not a terminal or NO_COLOR is set. */
export const paint: Paint = (style, text) => styleText(FORMATS[style], text, { stream: stdout });

export const terminal = terminalOf(process.env);

/** `text` in characters that stdout can show. A file or a pipe gets UTF-8. */
export const forTerminal = (text: string): string => (stdout.isTTY && !terminal.utf8 ? inAscii(text) : text);

/** Prints a sentence on stderr. */
export const printNotice = (sentence: string): void =>
  void stderr.write(`platter: ${printable(asStarted(sentence))}\n`);

/** Prints the result of a command. Gives its exit code; `watchOutput` changes that code when the write fails. */
export function printResult(text: string): number {
  stdout.write(text);
  return EXIT.allGood;
}

/** How a command without a job reports a refusal. */
export function refusals(json: boolean): Refused {
  if (json) return jsonReporter(stdout).refused;
  const lines = (sentence: string): string[] =>
    stdout.isTTY && terminal.moves ? wrap(sentence, screenOf(stdout).width, INDENT) : [sentence];
  return (errors) =>
    errors.forEach((error) => stderr.write(`${forTerminal(lines(errorSentence(error)).join('\n'))}\n`));
}
