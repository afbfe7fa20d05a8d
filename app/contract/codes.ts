// What can go wrong, by cause.

/**
 * What went wrong, by cause. One code means one thing, and the advice of an error says what to do. Codes are stable,
 * because scripts match on them.
 */
export const ERROR_CODES = [
  // While copying or verifying
  'MEDIUM_ERROR', // EIO, ENODATA, EILSEQ: the device answered that it cannot read or write there
  // ENODEV, ENXIO, ENOMEDIUM; any failure of a device that the system no longer has, or whose size is now 0
  'DEVICE_GONE',
  'NO_SPACE', // ENOSPC, EDQUOT, EFBIG: the file system, or the storage behind a device, is full
  'READ_ONLY', // EROFS, EPERM on a write
  'TIMED_OUT', // ETIMEDOUT
  'STALLED', // no answer within the time limit; the system may still wait for one
  'VERIFY_MISMATCH', // what was read back differs from what was written
  // the source gave other data when it was read again for a slower destination; or the source file became shorter
  'SOURCE_CHANGED',
  'CANCELLED', // by the user
  'SOURCE_FAILED', // the destination is incomplete because the source could not be read
  'IO_ERROR', // any other errno; the error names it
  // Before anything is written
  'NOT_FOUND',
  'NOT_PERMITTED', // EACCES, EPERM on open
  'ELEVATION_DENIED', // the system asked for an administrator's rights and did not get them
  'ELEVATION_CANCELLED', // the user dismissed that prompt
  'NO_AGENT', // the system cannot ask: the desktop shows no password prompt
  'NOT_BLOCK_OR_FILE', // a directory, FIFO, socket or character device
  'SOURCE_EMPTY',
  'SOURCE_UNREADABLE',
  'DOWNLOAD_FAILED', // a URL could not be downloaded
  'NOT_AN_IMAGE', // the source is a file of another kind: packed, an archive, a virtual disk, a text
  'IS_SOURCE', // the destination is the source, or overlaps it (its partition, or the disk that it is on)
  'IS_SYSTEM', // holds the running system
  'MOUNTED', // it or a partition of it is mounted, or used as swap
  'IN_USE', // EBUSY on an exclusive open: RAID, LVM, another copy, another program
  'TOO_SMALL',
  'DUPLICATE', // the same device named twice, perhaps under two names
  'TOO_MANY',
  'BAD_IMAGE', // a packed source that is truncated or damaged, or whose checksum is wrong
  // the system ended the decoder, or did not give it enough memory or files: the file may be good
  'DECODER_FAILED',
  'CHANGED', // not the device that was chosen
  'NOT_EJECTABLE', // it cannot be switched off: a loop device, a partition, a built-in drive
  'CONFIRM', // it would be overwritten, and nobody agreed
  'BAD_ARGUMENT',
  'BAD_FILE', // a manifest, job log or map that is invalid, damaged, or belongs to something else
  'NOTHING_TO_DO', // there is no such interrupted job, or nothing of it is left to do
  // The engine itself
  'HOST_FAILED', // the engine host ended or broke the protocol
  'ENGINE_UNAVAILABLE', // this machine lacks the addon or the requested I/O backend
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];
