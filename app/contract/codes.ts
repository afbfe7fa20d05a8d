// What can go wrong, by cause.

/**
 * What went wrong, by cause. One code means one thing; the advice of an error says what to do about it.
 * Codes are stable: scripts match on them.
 */
export const ERROR_CODES = [
  // While copying or verifying
  'MEDIUM_ERROR', // EIO, ENODATA, EILSEQ: the device answered that it cannot read or write there
  // ENODEV, ENXIO, ENOMEDIUM; any failure of a device that the system has no more, or that has no size any more
  'DEVICE_GONE',
  'NO_SPACE', // ENOSPC, EDQUOT, EFBIG: the file system is full, or what lies behind a device
  'READ_ONLY', // EROFS, EPERM on a write
  'TIMED_OUT', // ETIMEDOUT
  'STALLED', // no answer within the time that was allowed; the system may still wait for one
  'VERIFY_MISMATCH', // what was read back is not what was written
  // read a second time, for a slower destination, it gave other data; or it is a file and was cut shorter
  'SOURCE_CHANGED',
  'CANCELLED', // the user asked for it
  'SOURCE_FAILED', // a destination that could not be finished because the source could not be read
  'IO_ERROR', // any other errno: named by its errno, never guessed at
  // Before anything is written
  'NOT_FOUND',
  'NOT_PERMITTED', // EACCES, EPERM on open
  'ELEVATION_DENIED', // the system was asked for an administrator's rights and did not give them
  'ELEVATION_CANCELLED', // ... and the prompt was dismissed
  'NO_AGENT', // ... and has nobody to ask: the desktop shows no prompt for a password
  'NOT_BLOCK_OR_FILE', // a directory, FIFO, socket or character device
  'SOURCE_EMPTY',
  'SOURCE_UNREADABLE',
  'DOWNLOAD_FAILED', // a URL could not be brought into a file
  'NOT_AN_IMAGE', // the source is a file of another kind: packed, an archive, a virtual disk, a text
  'IS_SOURCE', // destination is the source, or overlaps it (a partition of it, the disk it is on)
  'IS_SYSTEM', // holds the running system
  'MOUNTED', // it or a partition of it is mounted, or used as swap
  'IN_USE', // EBUSY on an exclusive open: RAID, LVM, another copy, another program
  'TOO_SMALL',
  'DUPLICATE', // the same device named twice, perhaps under two names
  'TOO_MANY',
  'BAD_IMAGE', // a packed source that is cut short or damaged, or whose checksum is another one
  // the program that unpacks the source was ended by the system, or had too little of it: nothing is known of the file
  'DECODER_FAILED',
  'CHANGED', // not the device it was when it was chosen
  'NOT_EJECTABLE', // there is nothing to switch off: a loop device, a partition, a drive that is built in
  'CONFIRM', // would be overwritten, and nobody said yes
  'BAD_ARGUMENT',
  'BAD_FILE', // a manifest, job log or map that is none, is damaged, or belongs to something else
  'NOTHING_TO_DO', // no such interrupted job, or nothing of it is left
  // The machinery
  'HOST_FAILED', // the engine host ended or broke the protocol
  'ENGINE_UNAVAILABLE', // the addon, or the io backend asked for, cannot be had here
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];
