// The keyboard while a job runs on a terminal: pause and continue; cancel and retry a destination. The terminal is set
// to deliver keys at once and otherwise unchanged, so Ctrl-C, Ctrl-Z and the like remain signals.
import { spawnSync } from 'node:child_process';
import type { JobView } from '../contract/window.ts';
import { statOf } from '../base/process-stat.ts';
import { isOver } from '../view/reduce-events.ts';
import type { Control, Controlled, ControlCommand } from './control.ts';
import type { Selection } from './output/live-reporter.ts';

/** Milliseconds between checks of whether the job is in the foreground. */
const WATCH = 500;

/** The action of a key. */
export type Key = 'pause' | 'cancel' | 'retry' | 'up' | 'down' | 'all';

const KEYS: Readonly<Record<string, Key>> = {
  p: 'pause',
  x: 'cancel',
  r: 'retry',
  '\u001b': 'all',
  k: 'up',
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  j: 'down',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
};

/** The keys in one piece of terminal input. Unknown keys are left out. */
export function keysIn(text: string): Key[] {
  // An arrow is an escape sequence, which arrives in one piece; an escape before anything else is the Escape key.
  const parts = text.match(/\u001b(?:[[O][0-9;]*[A-Za-z~])?|[^\u001b]/gu) ?? [];
  return parts.map((part) => KEYS[part]).filter((key) => key !== undefined);
}

/** What `key` means in the job's current state: a request, or another selection; null for nothing. */
export function meaning(
  key: Key,
  { index }: Selection,
  view: JobView,
): { command: ControlCommand } | { index: number | null } | null {
  const { destinations } = view.progress;
  switch (key) {
    case 'up':
      return { index: index === null ? destinations.length - 1 : Math.max(0, index - 1) };
    case 'down':
      return { index: index === null ? 0 : Math.min(destinations.length - 1, index + 1) };
    case 'all':
      return { index: null };
    case 'pause': {
      const meant = destinations.filter((one, other) => !isOver(one.state) && (index === null || index === other));
      if (meant.length === 0) return null;
      return { command: { call: 'pause', destination: index, paused: meant.some(({ paused }) => !paused) } };
    }
    case 'cancel':
      return index === null || isOver(destinations[index]!.state)
        ? null
        : { command: { call: 'cancel', destination: index } };
    case 'retry':
      return index !== null && ['failed', 'cancelled'].includes(destinations[index]!.state)
        ? { command: { call: 'retry', destination: index } }
        : null;
  }
}

/** Takes requests from the keyboard behind `input`, a terminal. Updates `selection` for the view. */
export const byKeys =
  (input: NodeJS.ReadStream, selection: Selection): Control =>
  (job) => {
    const normal = stty('-g');
    const onData = (data: Buffer | string): void =>
      keysIn(data.toString()).forEach((key) => press(key, selection, job));
    let reading = false;
    // The kernel would stop a background job that reads from the terminal or changes its settings.
    const followForeground = (): void => {
      reading = inForeground();
      if (reading) {
        stty('-icanon', '-echo', 'min', '1', 'time', '0');
        input.resume();
      } else {
        input.pause();
      }
    };
    // Poll, because a shell does not announce that it brings a running job to the foreground.
    const watch = setInterval(() => inForeground() !== reading && followForeground(), WATCH);
    input.on('data', onData);
    process.on('SIGCONT', followForeground); // the shell has had the terminal and changed its settings
    followForeground();
    return () => {
      clearInterval(watch);
      input.off('data', onData);
      process.off('SIGCONT', followForeground);
      input.pause();
      if (normal !== null && inForeground()) stty(normal.trim());
    };
  };

function press(key: Key, selection: Selection, job: Controlled): void {
  const meant = meaning(key, selection, job.view());
  if (meant === null) return;
  if ('command' in meant) {
    job.perform(meant.command);
  } else {
    selection.index = meant.index;
    job.redraw();
  }
}

/** Runs stty(1) on stdin. Gives its output; null when it cannot be run, and then there are no keys. */
function stty(...args: string[]): string | null {
  const { status, stdout } = spawnSync('stty', args, { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' });
  return status === 0 ? stdout : null;
}

/**
 * True when this process may use its terminal now. Its process group must be in the foreground. `platter-broker --as`
 * gives this process a session without a terminal and stays in the session that has it, so then the broker's group
 * counts.
 */
export function inForeground(): boolean {
  const own = terminalState('self');
  const { group, foreground } =
    own.terminal === '0' && process.env.PLATTER_BROKER_FD !== undefined ? terminalState(process.ppid) : own;
  return group === foreground;
}

/** A process's group and terminal. A process that cannot be seen (procfs with hidepid) has no terminal. */
function terminalState(pid: number | 'self'): { group: string; terminal: string; foreground: string } {
  // state ppid pgrp session tty_nr tpgid
  const [, , group = '', , terminal = '0', foreground = '-1'] = statOf(pid);
  return { group, terminal, foreground };
}
