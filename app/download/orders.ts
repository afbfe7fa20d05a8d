// The order to the program that fetches.
import type { Start } from './resuming-transfer.ts';

/** The descriptor of the file in the fetching program. */
export const FILE = 3;
/** The line that allows it to write the announced body. */
export const GO = 'go';

/** The first line on its stdin, in JSON. */
export type Order = (FileOrder | PartsOrder) & {
  /** With its secrets: user name, password and query. */
  url: string;
  /** Seconds without an answer after which a server counts as silent; 0: wait forever. */
  patience: number;
  /** "platter 0.1.0" */
  program: string;
  /** The folder of the file, for messages. */
  folder: string;
};

/** All of a file. */
interface FileOrder {
  kind: 'file';
  start: Start;
  /** The most bytes that the file may have; null for no limit. */
  most: number | null;
}

/** Parts of a file: first these bytes of its start, then those that further lines name. */
interface PartsOrder {
  kind: 'parts';
  head: number;
}

/** A further line, in JSON: the bytes that are wanted. */
export interface Part {
  offset: number;
  length: number;
}
