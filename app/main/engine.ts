// How main starts the engine host.
import { controlSocket, startEngine, type Engine } from '../client/client.ts';
import { log } from './log.ts';

/**
 * Starts the engine host, with a way to the broker that started this program where there is one. A window has no
 * terminal for sudo.
 */
export const connectEngine = (): Engine => startEngine({ rights: { control: controlSocket(), sudo: false }, heard });

/** The host says something only when something is wrong. */
const heard = (text: string): void => log.warn(`engine: ${text.trimEnd()}`);
