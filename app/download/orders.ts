// The order to the program that fetches.
import type { Start } from './resuming-transfer.ts';

/** The descriptor of the file in the fetching program. */
export const FILE = 3;
/** The line that allows it to write the announced body. */
export const GO = 'go';

/** The first line on its stdin, in JSON. */
export interface Order {
  /** With its secrets: user name, password and query. */
  url: string;
  start: Start;
  /** Seconds without an answer after which a server counts as silent; 0: wait forever. */
  patience: number;
  /** The most bytes that the file may have; null for no limit. */
  most: number | null;
  /** "platter 0.1.0" */
  program: string;
  /** The folder of the file, for messages. */
  folder: string;
}
