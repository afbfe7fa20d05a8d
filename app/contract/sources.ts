// The kinds of source files, as they are recognised by content.
import type { Fact } from './facts.ts';

/**
 * The verdict on a file, from its first and last bytes. `sure` is false where they could belong to another kind of
 * file.
 */
export type Recognised =
  /**
   * It holds a disk or a file system, byte for byte. `trailer` names the format whose own data follows the disk; null
   * for none.
   */
  | { kind: 'image'; format: string; trailer: string | null; sure: boolean }
  /** A packed file: the disk image appears when it is unpacked. */
  | { kind: 'packed'; file: Extract<Fact<'files'>, { kind: 'packed' }>; sure: boolean }
  /** Another kind of file. */
  | { kind: 'other'; file: Fact<'files'>; sure: boolean }
  /** Nothing is known of it. */
  | { kind: 'unknown' };
