// Disks as the system knows them.
import type { ErrorCode } from './errors.ts';
import type { Reason, Socket } from './facts.ts';

/** Bytes in a sector, everywhere in Platter, whatever the device's own block size (Linux's `sector_t`). */
export const SECTOR_SIZE = 512;

/** A partition as lsblk sees it. */
export interface Partition {
  path: string;
  /** Bytes. */
  size: number;
  label: string | null;
  fileSystem: string | null;
  mountedAt: string[];
}

/** The socket that a drive is plugged into. */
export interface Port {
  /**
   * Orders sockets as they lie beside each other, compared as a plain string; the same socket has the same one as long
   * as the machine runs, and as a rule after a restart.
   */
  path: string;
  /** The way to it, as a hand finds it: USB bus 1, hub 2, port 3. Never empty. */
  sockets: Socket[];
}

/** A whole disk (or loop device), with the identity that has to stay the same between choosing and writing. */
export interface Disk {
  path: string;
  /** "8:16" */
  majorMinor: string;
  /**
   * The kernel's number of this disk or medium, never given twice until the machine restarts; null where the kernel has
   * none.
   */
  diskSequence: number | null;
  /** Size in bytes. */
  size: number;
  /** Bytes. */
  logicalSector: number;
  /** Bytes. */
  physicalSector: number;
  model: string | null;
  serial: string | null;
  /** "usb", "sata", "nvme", "mmc", "loop"... as lsblk says; null when unknown. */
  transport: string | null;
  removable: boolean;
  readOnly: boolean;
  kind: 'disk' | 'loop';
  /** File behind a loop device. */
  backingFile: string | null;
  /** Where the disk or anything on it is mounted ("[SWAP]" for swap). */
  mountedAt: string[];
  /** Holds (part of) the running system. */
  system: boolean;
  /** File system written on the whole disk, without a partition table. */
  fileSystem: string | null;
  label: string | null;
  /** "gpt", "dos"; null when there is none. */
  partitionTable: string | null;
  /**
   * Names of the signatures found on the whole disk: more than one where none says what is there; null where the disk
   * could not be looked at (no right to read it, or a job has it), so that nothing is known.
   */
  signatures: string[] | null;
  partitions: Partition[];
  /** null for what has no socket (a loop device), or none that the kernel tells of. */
  port: Port | null;
  /** It can be switched off, to be taken out (`eject`). */
  ejectable: boolean;
  /**
   * Why it cannot be a destination, null if it can. What is only mounted can, after it is unmounted (`unmount` of a
   * request).
   */
  locked: { code: ErrorCode; reason: Reason } | null;
}

/** A file system in use: the device it is on, and where. */
export interface Mounted {
  device: string;
  target: string;
}
