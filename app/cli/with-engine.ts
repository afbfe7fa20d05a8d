// Starts an engine for one command, and ends it.
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../client/client.ts';
import { errorsIn, hasStalled, Refusal } from '../base/errors.ts';
import { controlSocket, hostCommand, startHost } from '../client/host-process.ts';
import { isStuck, waitsOf, type Waits } from '../client/stuck-process.ts';
import { EXIT } from './output/exit-code.ts';
import { left } from './engine-left-behind.ts';
import type { Refused } from './output/reporter.ts';
import { withRights } from './rights.ts';
import { log, printNotice } from './output/speech.ts';

const { stdin, stderr } = process;

/** Milliseconds between checks of an engine that has not ended yet. */
const POLL_MS = 2000;

/** Runs `act`; `refused` reports a refusal. Resolves to the exit code. */
export async function asking(refused: Refused, act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refused(error.errors);
    return EXIT.refused;
  }
}

/** Runs `act` with an engine, which has ended when this resolves, unless a device keeps it. */
export async function withEngine(refused: Refused, act: (engine: Engine) => Promise<number>): Promise<number> {
  const rights = { control: controlSocket(), sudo: stdin.isTTY && stderr.isTTY };
  // The host starts while the code that talks to it is loaded.
  const host = startHost(hostCommand(), rights, (text) => log.warn(`engine: ${text.trimEnd()}`));
  // The host has its copy. Close this one, because other processes of the user can trace this process.
  if (rights.control !== null) closeSync(rights.control);
  const { startEngine } = await import('../client/client.ts');
  const started = startEngine({ host });
  let stalled = false;
  started.onEvent((event) => {
    stalled ||= hasStalled(errorsIn(event));
  });
  const engine = withRights(started, printNotice);
  try {
    return await asking(refused, () =>
      act(engine).catch((error: unknown) => {
        stalled ||= error instanceof Refusal && hasStalled(error.errors);
        throw error;
      }),
    );
  } finally {
    await closeEngine(engine, stalled);
  }
}

/**
 * Ends the engine and waits for it, unless it waits for a device that does not answer. `stalled`: the job has given up
 * such a device; otherwise the kernel is asked.
 */
async function closeEngine(engine: Engine, stalled: boolean): Promise<void> {
  const closed = engine.close();
  let waits: Waits = new Map();
  for (;;) {
    const ended = await Promise.race([closed, sleep(POLL_MS, 'late', { ref: false })]);
    if (ended !== 'late') return;
    const now: Waits = engine.pid === null ? new Map() : waitsOf(engine.pid);
    if (stalled || isStuck(waits, now)) break;
    waits = now;
  }
  left.behind = true;
  stderr.write(
    'platter: a device or a file system still does not answer. ' +
      'The engine that waits for it stays behind, and ends when it answers.\n',
  );
}
