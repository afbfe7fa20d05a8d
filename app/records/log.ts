// The program's log: lines with levels in a file of bounded size, in the state folder. For whoever has to find out later.
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JobError, PlatterError } from '../contract/errors.ts';
import type { JobView } from '../contract/window.ts';
import { english } from '../engine/english.ts';
import { errnoOf } from '../engine/errors.ts';
import type { JobEvent } from '../engine/reduce.ts';
import { stateDir } from '../engine/state-folder.ts';
import { verdictOf } from '../view/verdict.ts';
import { UNSAFE } from '../words/safe-text.ts';
import { verdictWords } from './verdict-words.ts';

/** From what must be looked at to what only a developer asks for. */
export const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

/** Length from which a file is put aside, in bytes; the one put aside before goes. */
const MOST_BYTES = 1024 ** 2;

/** What a log can be told. */
export type Logger = Record<Level, (message: string) => void>;

/**
 * Writes each entry at once and by itself, so what was said before a crash is there, and several Platters can share a
 * file. A log that cannot be written stops nobody: `problem` says why.
 */
export class Log implements Logger {
  readonly path: string;
  /** Why entries are missing, null when none are. */
  problem: string | null = null;
  readonly #level: Level;
  readonly #most: number;
  readonly #echo: (line: string, level: Level) => void;

  /** `level` is the last one that is kept (PLATTER_LOG, else info); `echo` hears every entry, whatever its level. */
  constructor({ state = stateDir(), level = levelOf(process.env.PLATTER_LOG), most = MOST_BYTES, echo = () => undefined }:
  { state?: string; level?: Level; most?: number; echo?: (line: string, level: Level) => void } = {}) {
    this.path = join(state, 'platter.log');
    this.#level = level;
    this.#most = most;
    this.#echo = echo;
  }

  error = (message: string): void => this.#say('error', message);
  warn = (message: string): void => this.#say('warn', message);
  info = (message: string): void => this.#say('info', message);
  debug = (message: string): void => this.#say('debug', message);

  /** The last `count` lines, the oldest first; none when the file cannot be read. */
  tail(count: number): string[] {
    const lines = [`${this.path}.1`, this.path].flatMap((path) => this.#quietly(() => readFileSync(path, 'utf8').split('\n').filter((line) => line !== ''), []));
    return lines.slice(-count);
  }

  #say(level: Level, message: string): void {
    const text = message.replace(UNSAFE, (character) => (character === '\n' ? ' | ' : `\\u{${character.codePointAt(0)!.toString(16)}}`));
    const line = `${new Date().toISOString()} ${level.padEnd(5)} [${process.pid}] ${text}`;
    this.#echo(line, level);
    if (LEVELS.indexOf(level) > LEVELS.indexOf(this.#level)) return;
    this.#quietly(() => {
      this.#rotate();
      appendFileSync(this.path, `${line}\n`, { mode: 0o600 });
    }, undefined);
  }

  #rotate(): void {
    const size = this.#quietly(() => statSync(this.path).size, null);
    if (size === null) mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    else if (size > this.#most) renameSync(this.path, `${this.path}.1`);
  }

  #quietly<T>(act: () => T, otherwise: T): T {
    try {
      return act();
    } catch (error) {
      if (errnoOf(error) === null) throw error;
      if (errnoOf(error) !== 'ENOENT') this.problem = (error as Error).message;
      return otherwise;
    }
  }
}

/** A level by its name; info for what is none. */
export const levelOf = (name: string | undefined): Level => LEVELS.find((level) => level === name) ?? 'info';

/** An error as one line: code, place, what happened. Without serials: a log is shown to others. */
export function errorLine({ code, op, device, offset, errno, message }: PlatterError | JobError): string {
  const where = [device, offset === null ? null : `at byte ${offset}`].filter((part) => part !== null).join(' ');
  return `${code}${errno === null ? '' : ` (${errno})`} ${op}${where === '' ? '' : ` ${where}`}: ${message}`;
}

/** Tells `log` of what happened to a job and led to `view`. Samples are no news. */
export function logEvent(log: Logger, event: JobEvent, view: JobView): void {
  switch (event.event) {
    case 'progress':
      return;
    case 'error':
      log.warn(`job: ${errorLine(event.error)}`);
      return;
    case 'cancelling':
      log.info('job: stopping, as asked for');
      return;
    case 'failure':
      log.error(`job: ${errorLine(event.failure)}`);
      return;
    case 'result': {
      const ends = event.result.destinations.map((destination) => `${destination.path} ${verdictWords(verdictOf(destination, event.result), destination.uncompared)}`);
      log.info(`job: ended after ${event.result.seconds.toFixed(1)} s: ${ends.join(', ')}`);
      for (const note of event.result.notes) log.info(`job: ${english.note(note)}`);
      if (view.plan.job !== null) log.debug(`job: its log is ${view.plan.job}`);
    }
  }
}

/** Tells `log` that a job begins. */
export function logStart(log: Logger, { plan }: Pick<JobView, 'plan'>): void {
  const { kind, source, destinations, bytes, io, memory, verify, notes, request } = plan;
  log.info(`job: ${kind} of ${bytes} bytes from ${source?.path ?? request.manifest ?? 'nothing'} to ${destinations.map(({ path }) => path).join(', ')}`
    + ` (${verify ? 'verifying' : 'not verifying'}, ${io}, ${memory} bytes of memory)`);
  for (const note of notes) log.info(`job: ${english.note(note)}`);
}
