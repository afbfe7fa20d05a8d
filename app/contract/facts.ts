// Messages to people cross processes as facts: a kind and its values. Each reader makes sentences of them: the host in
// English, for logs and scripts, and the window in its own language. The tables define the values of each kind. Types,
// schemas and the words (app/words) are checked against them.
import { CAUSES, REASONS } from './reasons.ts';
import { REMEDIES } from './remedies.ts';
import { CONTENTS, ENDS, FILES, NOTES, SOCKETS } from './notes.ts';
import type { DriveFacts, Extent } from './values.ts';

/** Every table, by the name of the part of the catalogues that has its words. */
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

/** The values that a fact can have, by their names in the tables. A list of strings means one of them. */
export interface FactValues {
  /** The same in every language: a name, a path, an errno, another program's number or message. */
  text: string;
  list: string[];
  /** A number, with a plural where a language needs one. */
  count: number;
  /** Bytes, written exactly. */
  bytes: number;
  /** Bytes, written as on a drive's label. */
  size: number;
  /** Milliseconds since the epoch. */
  time: number;
  /** A range on a device. */
  place: Extent;
  drive: DriveFacts;
  /** `reason` is written as a sentence of its own, `clause` as a part of another. */
  reason: Reason;
  clause: Reason;
  cause: Fact<'causes'>;
  end: Fact<'ends'>;
  file: Fact<'files'>;
}
export type Spec = keyof FactValues | readonly string[];
type ValueOf<S> = S extends keyof FactValues ? FactValues[S] : S extends readonly (infer Choice)[] ? Choice : never;

/** The kinds of a table that have no values. */
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
/** What the user should know about a job, before or after it. */
export type Note = Fact<'notes'>;
/** One thing on a disk. */
export type Content = Fact<'contents'>;
/** One step of the path to a socket: a bus, a hub, a port. */
export type Socket = Fact<'sockets'>;
/** How the engine host ended. */
export type End = Fact<'ends'>;
