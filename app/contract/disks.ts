// The disks of the system.
import type { Port } from './bays.ts';
import type { ErrorCode } from './errors.ts';
import type { Reason } from './facts.ts';

/** Bytes in a sector (Linux's `sector_t`). Platter uses this everywhere, whatever the device's own block size. */
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

/** A whole disk (or loop device), with the identity that must not change between choosing and writing. */
export interface Disk {
  path: string;
  /** "8:16" */
  majorMinor: string;
  /**
   * The kernel's number for this disk or medium, which is unique until the machine restarts; null when the kernel has
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
  /** The kernel says that it has turning platters. It says so of most USB sticks too. */
  rotational: boolean;
  readOnly: boolean;
  kind: 'disk' | 'loop';
  /** File behind a loop device. */
  backingFile: string | null;
  /** The mount points of the disk and its partitions ("[SWAP]" for swap). */
  mountedAt: string[];
  /** Holds (part of) the running system. */
  system: boolean;
  /** File system written on the whole disk, without a partition table. */
  fileSystem: string | null;
  label: string | null;
  /** "gpt", "dos"; null when there is none. */
  partitionTable: string | null;
  /**
   * Names of the signatures on the whole disk. There are several when none of them is decisive. null when the disk
   * could not be read (no right to read it, or a job holds it), so nothing is known.
   */
  signatures: string[] | null;
  partitions: Partition[];
  /** null when it has no socket (a loop device), or the kernel does not report one. */
  port: Port | null;
  /** The system can switch it off before it is taken out (`eject`). */
  ejectable: boolean;
  /**
   * Why it cannot be a destination; null when it can. A disk that is only mounted can be one, once it is unmounted
   * (`unmount` of a request).
   */
  locked: { code: ErrorCode; reason: Reason } | null;
}

/** A mounted file system: its device and its mount point. */
export interface Mounted {
  device: string;
  target: string;
}

/** True for drives that people plug in and out. Enclosures of fixed disks do not say that they are removable. */
export const isRemovable = ({ removable, transport }: Pick<Disk, 'removable' | 'transport'>): boolean =>
  removable || transport === 'usb';
