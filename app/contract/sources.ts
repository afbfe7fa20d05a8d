// The kinds of source files, as they are recognised by content.
import type { Fact } from './facts.ts';

/**
 * The verdict on a file, from its first and last bytes. `sure` is false when its bytes would also fit another kind of
 * file.
 */
export type Recognised =
  /** A disk or a file system, byte for byte. `trailer` names the format whose data follows the disk; null for none. */
  | { kind: 'image'; format: string; trailer: string | null; sure: boolean }
  /** A packed file. Unpacked, it is a disk image. */
  | { kind: 'packed'; file: Extract<Fact<'files'>, { kind: 'packed' }>; sure: boolean }
  /** Another kind of file. */
  | { kind: 'other'; file: Fact<'files'>; sure: boolean }
  /** Unknown. */
  | { kind: 'unknown' };
