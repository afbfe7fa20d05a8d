// Bays: sockets that have a number, and perhaps a name, by which a person knows them.
import * as z from 'zod';
import type { Socket } from './facts.ts';

/** A bay as it is kept. Its number is its place in the list, from 1. */
export const keptBay = z.strictObject({
  /** `Port.path` */
  port: z.string().min(1).max(256),
  /** The user's name for it; null when it has only its number. */
  name: z.string().trim().min(1).max(24).nullable(),
});
export type KeptBay = z.infer<typeof keptBay>;

/** All bays, each socket once. */
export const bays = z
  .array(keptBay)
  .max(512)
  .refine((all) => new Set(all.map(({ port }) => port)).size === all.length, 'a socket is listed twice');

/** A bay as people know it. */
export interface Bay {
  /** From 1. */
  number: number;
  name: string | null;
}

/** The socket that a drive is plugged into. */
export interface Port {
  /**
   * A sort key: compared as plain strings, it orders sockets as they lie beside each other. A socket keeps its key
   * while the machine runs, and usually after a restart.
   */
  path: string;
  /** The path to it that a person follows: USB bus 1, hub 2, port 3. Never empty. */
  sockets: Socket[];
  /** null for a socket that was never seen with a removable drive, such as that of a built-in disk. */
  bay: Bay | null;
}
