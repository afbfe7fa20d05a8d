// The order to the program that fetches.
import type { Start } from './resuming-transfer.ts';

/** The descriptor of the file in that program. */
export const FILE = 3;
/** The line that lets it write the body that it has announced. */
export const GO = 'go';

/** The first line on its stdin, as JSON. */
export interface Order {
  /** With user name, password and query. */
  url: string;
  start: Start;
  /** Seconds without an answer after which a server counts as silent; 0: wait for ever. */
  patience: number;
  /** The most bytes that the file may have; null for no limit. */
  most: number | null;
  /** "platter 0.1.0" */
  program: string;
  /** Folder of the file, for messages. */
  folder: string;
}
