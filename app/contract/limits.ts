// Bounds and names that several rooms share. The window uses them too, so this loads no schema.

/** Most characters in the name of a batch. */
export const MAX_NAME = 80;

/** The extension of a manifest's file, without the dot. */
export const MANIFEST_EXTENSION = 'manifest';

/** Most destinations of one job: the width of kcopyd's `write_err` mask. */
export const MAX_DESTINATIONS = 32;

/** Most passes of a rescue over unreadable sectors. */
export const MOST_RETRIES = 1000;

/**
 * Most programs that pack one image. The engine has 32 chunks in flight at most (KCOPYD_MAX_SUBJOBS), and keeps two more
 * chunks than programs.
 */
export const MOST_THREADS = 30;

/** Bytes. Pieces of an image have a multiple of this, which direct I/O of every device needs. */
export const PIECE_UNIT = 1024 ** 2;

/** Most pieces of an image. Each is an open file while the image is written. */
export const MOST_PIECES = 1000;

/** Bytes of the longest file of FAT. */
export const FAT_LONGEST = 2 ** 32 - 1;

/** Longest stall timeout, in seconds: a day. */
export const MOST_SECONDS = 86_400;

/** The languages of Platter's window. The command line and logs are English. */
export const LANGUAGES = ['en', 'de', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The formats of a report. */
export const REPORT_FORMS = ['pdf', 'json', 'csv'] as const;
export type ReportForm = (typeof REPORT_FORMS)[number];

/** Milliseconds between the arrival of a drive in an armed bay and its start, during which a countdown is shown. */
export const COUNTDOWN_MS = 10_000;
