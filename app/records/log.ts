// The program's log: lines with levels in a file of limited size, in the state folder.
import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JobError, PlatterError } from '../contract/errors.ts';
import { LOG_LEVELS, type LogLevel as Level } from '../contract/options/option-types.ts';
import type { JobView } from '../contract/window.ts';
import { givenManifest } from '../contract/request-facts.ts';
import { english } from '../base/english.ts';
import { errnoOf } from '../base/errors.ts';
import type { JobEvent } from '../view/reduce-events.ts';
import { stateDir } from '../base/state-folder.ts';
import { verdictOf } from '../view/verdict.ts';
import { UNSAFE } from '../words/safe-text.ts';
import { verdictWords } from './verdict-words.ts';

export type { Level };

/** Size at which a file is put aside, in bytes; the previous one is deleted. */
const MOST_BYTES = 1024 ** 2;
/** Most entries waiting for a file that does not answer. Further ones are dropped. */
const MOST_WAITING = 10_000;

/** The interface of a log. */
export type Logger = Record<Level, (message: string) => void>;

/**
 * Appends each entry with one write and in call order, so several Platters can share a file. Writing happens in the
 * background: neither a file system that does not answer nor a failed write stops the caller. `problem` has the error.
 */
export class Log implements Logger {
  readonly path: string;
  /** Why entries are missing; null when none are. */
  problem: string | null = null;
  #level: Level;
  readonly #most: number;
  readonly #echo: (line: string, level: Level) => void;
  readonly #waiting: string[] = [];
  #writing: Promise<void> | null = null;

  /** `level`: the least severe level to keep (PLATTER_LOG, or info). `echo` gets every entry, whatever its level. */
  constructor({
    state = stateDir(),
    level = levelOf(process.env.PLATTER_LOG),
    most = MOST_BYTES,
    echo = () => undefined,
  }: { state?: string; level?: Level; most?: number; echo?: (line: string, level: Level) => void } = {}) {
    this.path = join(state, 'platter.log');
    this.#level = level;
    this.#most = most;
    this.#echo = echo;
  }

  /** Keeps entries of `level` and more severe ones from now on. */
  keepFrom(level: Level): void {
    this.#level = level;
  }

  error = (message: string): void => this.#say('error', message);
  warn = (message: string): void => this.#say('warn', message);
  info = (message: string): void => this.#say('info', message);
  debug = (message: string): void => this.#say('debug', message);

  /** Resolves when all previous entries are in the file, or were given up. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** The last `count` lines, the oldest first; empty when the file cannot be read. */
  async tail(count: number): Promise<string[]> {
    await this.written();
    const texts = await Promise.all(
      [`${this.path}.1`, this.path].map((path) => this.#quietly(() => readFile(path, 'utf8'), '')),
    );
    return texts
      .flatMap((text) => text.split('\n'))
      .filter((line) => line !== '')
      .slice(-count);
  }

  #say(level: Level, message: string): void {
    const text = message.replace(UNSAFE, (character) =>
      character === '\n' ? ' | ' : `\\u{${character.codePointAt(0)!.toString(16)}}`,
    );
    const line = `${new Date().toISOString()} ${level.padEnd(5)} [${process.pid}] ${text}`;
    this.#echo(line, level);
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.#level)) return;
    if (this.#waiting.length === MOST_WAITING) this.problem = 'its file system does not answer';
    else this.#waiting.push(line);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      const entry = `${line}\n`;
      await this.#quietly(async () => {
        await this.#rotate();
        await appendFile(this.path, entry, { mode: 0o600 });
      }, undefined);
    }
    this.#writing = null;
  }

  async #rotate(): Promise<void> {
    const size = await this.#quietly(async () => (await stat(this.path)).size, null);
    if (size === null) await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    else if (size > this.#most) await rename(this.path, `${this.path}.1`);
  }

  async #quietly<T>(act: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (errnoOf(error) === null) throw error;
      if (errnoOf(error) !== 'ENOENT') this.problem = (error as Error).message;
      return otherwise;
    }
  }
}

/** A level by name; info for an unknown name. */
export const levelOf = (name: string | undefined): Level => LOG_LEVELS.find((level) => level === name) ?? 'info';

/** An error on one line: code, place, message. It contains no serials, because users show logs to others. */
export function errorLine({ code, op, device, offset, errno, message }: PlatterError | JobError): string {
  const where = [device, offset === null ? null : `at byte ${offset}`].filter((part) => part !== null).join(' ');
  return `${code}${errno === null ? '' : ` (${errno})`} ${op}${where === '' ? '' : ` ${where}`}: ${message}`;
}

/** Logs an event of a job; `view` includes it. Samples are not logged. */
export function logEvent(log: Logger, event: JobEvent, view: JobView): void {
  switch (event.event) {
    case 'progress':
    case 'limited':
    case 'retried':
      return;
    case 'error':
      log.warn(`job: ${errorLine(event.error)}`);
      return;
    case 'joined':
      log.info(`job: ${event.destination.path} joined`);
      for (const note of event.notes) log.info(`job: ${english.note(note)}`);
      return;
    case 'cancelling':
      log.info('job: stopping, as asked for');
      return;
    case 'failure':
      log.error(`job: ${errorLine(event.failure)}`);
      return;
    case 'result': {
      const ends = event.result.destinations.map(
        (destination) =>
          `${destination.path} ${verdictWords(verdictOf(destination, event.result), destination, event.result)}`,
      );
      log.info(`job: ended after ${event.result.seconds.toFixed(1)} s: ${ends.join(', ')}`);
      for (const note of event.result.notes) log.info(`job: ${english.note(note)}`);
      if (view.plan.job !== null) log.debug(`job: its log is ${view.plan.job}`);
    }
  }
}

/** Logs the start of a job. */
export function logStart(log: Logger, { plan }: Pick<JobView, 'plan'>): void {
  const { kind, source, origin, destinations, bytes, io, memory, verify, notes, request } = plan;
  const download = origin === null ? '' : `, downloaded from ${english.origin(origin)},`;
  const from = `${source?.path ?? givenManifest(request) ?? 'nothing'}${download}`;
  const to = destinations.map(({ path }) => path).join(', ');
  log.info(
    `job: ${kind} of ${bytes} bytes from ${from} to ${to}` +
      ` (${verify ? 'verifying' : 'not verifying'}, ${io}, ${memory} bytes of memory)`,
  );
  for (const note of notes) log.info(`job: ${english.note(note)}`);
}
