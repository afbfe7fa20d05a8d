// What a source file is, as its content tells.
import type { Fact } from './facts.ts';

/** What the first and last bytes of a file say about it. `sure` is false where they could belong to another kind of file. */
export type Recognised =
  /** It holds a disk or a file system, byte for byte. `trailer` names the format whose own data follows the disk; null for none. */
  | { kind: 'image'; format: string; trailer: string | null }
  /** A packed file: the disk image appears when it is unpacked. */
  | { kind: 'packed'; file: Extract<Fact<'files'>, { kind: 'packed' }>; sure: boolean }
  /** Another kind of file. */
  | { kind: 'other'; file: Fact<'files'>; sure: boolean }
  /** Nothing is known of it. */
  | { kind: 'unknown' };
