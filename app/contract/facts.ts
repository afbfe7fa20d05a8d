// What is told to people crosses the processes as facts: a kind, and what there is to know about it. Sentences are made
// of them where somebody reads: in English by the host, for logs and scripts, in the window's language by the window.
// The tables say what each kind has to know; types, schemas and the words (app/words) are checked against them.
import { CAUSES, REASONS } from './reasons.ts';
import { REMEDIES } from './remedies.ts';
import { CONTENTS, ENDS, FILES, NOTES, SOCKETS } from './notes.ts';
import type { DriveFacts, Extent } from './values.ts';

/** Every table. Its name is that of the part of the catalogues that has its words. */
export const FACTS = {
  reasons: REASONS,
  causes: CAUSES,
  remedies: REMEDIES,
  notes: NOTES,
  contents: CONTENTS,
  sockets: SOCKETS,
  ends: ENDS,
  files: FILES,
} as const;
export type Part = keyof typeof FACTS;

/** What a fact can know, by the name that the tables give it. A list of strings stands for one of them. */
export interface FactValues {
  /** A name, a path, an errno, a number that is none of ours, what another program said: the same in every language. */
  text: string;
  list: string[];
  /** A number that can be counted with. */
  count: number;
  /** Bytes, told to the last one. */
  bytes: number;
  /** Bytes, told as on a drive's label. */
  size: number;
  /** Milliseconds since the epoch. */
  time: number;
  /** A range on a device. */
  place: Extent;
  drive: DriveFacts;
  /** A reason as a sentence of its own, and as a part of another. */
  reason: Reason;
  clause: Reason;
  cause: Fact<'causes'>;
  end: Fact<'ends'>;
  file: Fact<'files'>;
}
export type Spec = keyof FactValues | readonly string[];
type ValueOf<S> = S extends keyof FactValues ? FactValues[S] : S extends readonly (infer Choice)[] ? Choice : never;

/** The kinds of a table that say all there is to know. */
type Bare<Table> = { [K in keyof Table]: keyof Table[K] extends never ? K : never }[keyof Table];
type FactOf<Table> =
  | { kind: Bare<Table> }
  | {
      [K in Exclude<keyof Table, Bare<Table>>]: { kind: K } & { -readonly [N in keyof Table[K]]: ValueOf<Table[K][N]> };
    }[Exclude<keyof Table, Bare<Table>>];

/** A fact of one table. */
export type Fact<P extends Part> = FactOf<(typeof FACTS)[P]>;

/** Why something failed or cannot be done. */
export type Reason = Fact<'reasons'>;
/** What to do about it. */
export type Remedy = Fact<'remedies'>;
/** What the user should know of a job, before it or after. */
export type Note = Fact<'notes'>;
/** One thing that is on a disk. */
export type Content = Fact<'contents'>;
/** One step of the way to a socket: a bus, a hub, a port. */
export type Socket = Fact<'sockets'>;
/** How the engine host ended. */
export type End = Fact<'ends'>;
