// Reads from /sys and /proc what lsblk does not report: ports, serials, what lies behind and above a block device.
// Missing files are normal: a loop device without a file, a kernel without btrfs.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { unlessErrno } from '../../base/errors.ts';
import type { SysfsDevice } from './usb-port.ts';

/** Every block device that is not a partition, with its place in sysfs, which is mounted at `sys`. */
export const places = (sys = '/sys'): SysfsDevice[] =>
  listed(`${sys}/block`).flatMap((name) => {
    const path = orElse('', () => realpathSync(`${sys}/block/${name}`));
    const slot = listed(`${path}/device`).find((entry) => entry.startsWith(ENCLOSURE));
    return path === '' ? [] : [{ name, path, slot: slot === undefined ? null : slot.slice(ENCLOSURE.length) }];
  });
const ENCLOSURE = 'enclosure_device:';

/** Serial numbers by kernel name, as udev would give them, for machines without udev. */
export function serials(placed: readonly SysfsDevice[]): Map<string, string> {
  return new Map(
    placed.flatMap(({ name, path }) => {
      // The serial of the USB bridge is the one printed on a stick.
      const usb = /^.*\/\d+-\d+(?:\.\d+)*(?=\/)/.exec(path)?.[0];
      const said = [...(usb === undefined ? [] : [`${usb}/serial`]), `${path}/serial`, `${path}/device/serial`].map(
        text,
      );
      const serial = [...said, unitSerial(`${path}/device/vpd_pg80`)].find((found) => found !== '');
      return serial === undefined ? [] : [[name, serial] as const];
    }),
  );
}

/** The kernel's sequence numbers (Linux 5.15) of disks, by kernel name. */
export function sequences(placed: readonly SysfsDevice[]): Map<string, number> {
  return new Map(
    placed.flatMap(({ name, path }) => {
      const said = text(`${path}/diskseq`);
      return said === '' ? [] : [[name, Number(said)] as const];
    }),
  );
}

/**
 * Kernel names of the disks that can be switched off. They are SCSI, which includes USB, SATA and SAS disks for the
 * kernel.
 */
export const ejectable = (placed: readonly SysfsDevice[]): Set<string> =>
  new Set(placed.filter(({ path }) => existsSync(`${path}/device/delete`)).map(({ name }) => name));

/** Backing files of loop devices, by kernel name, including "(deleted)" and other non-paths as they are. */
export function loopBackings(): Map<string, string> {
  const backings = new Map<string, string>();
  for (const name of listed('/sys/block')) {
    const backing = name.startsWith('loop') ? content(`/sys/block/${name}/loop/backing_file`) : '';
    if (backing !== '') backings.set(name, backing.replace(/\n$/, ''));
  }
  return backings;
}

/** Kernel names of the members of each mounted btrfs. */
export const btrfsMembers = (): string[][] =>
  listed('/sys/fs/btrfs')
    .map((uuid) => listed(`/sys/fs/btrfs/${uuid}/devices`))
    .filter((members) => members.length > 0);

/** Content of a file in /proc or /sys; "" when it is missing. */
export function content(path: string): string {
  return orElse('', () => readFileSync(path, 'utf8'));
}

const text = (path: string): string => content(path).replaceAll('\0', '').trim();

/** The unit serial number of a SCSI disk (SPC, VPD page 80h: four bytes of header, then the text). */
const unitSerial = (path: string): string =>
  orElse('', () => readFileSync(path).subarray(4).toString('latin1'))
    .replaceAll('\0', '')
    .trim();

const listed = (path: string): string[] => orElse([], () => readdirSync(path));

/** EINVAL and EIO: the device does not support it. EACCES: only root may read it. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENXIO', 'ENODEV', 'EINVAL', 'EIO', 'EACCES', 'EPERM']);
const orElse = <T>(absent: T, read: () => T): T => unlessErrno(absent, read, ABSENT);
