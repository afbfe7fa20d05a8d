// Starts the engine host for main.
import { controlSocket, startEngine, type Engine } from '../client/client.ts';
import { log } from './log.ts';

/**
 * Starts the engine host, connected to the broker that started this program, if any. A window has no terminal for sudo.
 */
export const connectEngine = (): Engine =>
  startEngine({ rights: { control: controlSocket(), sudo: false }, onStderr: logStderr });

/** The host writes to stderr only when something is wrong. */
const logStderr = (text: string): void => log.warn(`engine: ${text.trimEnd()}`);
