// Images that are open as files, without a copy of them.
import type { PlatterError } from './errors.ts';

/** A file of an opened image, which is all of it or a partition, and where the system shows its files. */
export interface OpenedFile {
  /** The number of the partition; null for the whole image. */
  partition: number | null;
  path: string;
  bytes: number;
  /** Its content, as blkid names it; null when it is not known or ambiguous. */
  type: string | null;
  label: string | null;
  /** null when it is not shown. */
  mounted: string | null;
  /** Why its file system is not shown, in the words of the program that refused; null when there is no reason. */
  refused: string | null;
}

/** An image that the host has opened. */
export interface OpenedFolder {
  /** Names it until it is closed. */
  folder: string;
  files: OpenedFile[];
  /** false: the system has no program that shows file systems to this user. */
  canShow: boolean;
  /** The part of the image that could not be read; null when all of it could. */
  problem: PlatterError | null;
}

/** An image that the window has opened. */
export interface OpenImage extends OpenedFolder {
  /** The image. */
  path: string;
  /** The file of an archive; null for its only one. */
  entry: string | null;
}

/** The errors of closing an image, and whether anything was closed. */
export interface ClosedFolder {
  errors: PlatterError[];
  closed: boolean;
}
