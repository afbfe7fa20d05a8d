// Described machines: the output of lsblk, mountinfo and swaps, as taken from real ones.
import { Blocks } from '../../../app/engine/devices/block-devices.ts';
import { portsOf } from '../../../app/engine/devices/usb-port.ts';

/** A device as lsblk prints it. Defaults are those of a plain 64 GB disk. */
export interface Device {
  name: string;
  number: string;
  type?: string;
  size?: number;
  fs?: string;
  label?: string;
  model?: string;
  serial?: string;
  tran?: string;
  rm?: boolean;
  rota?: boolean;
  ro?: boolean;
  wwn?: string;
  parttype?: string;
  children?: Device[];
  /** It disappeared while lsblk looked at it. */
  gone?: boolean;
  /** Its name in lsblk, for device-mapper devices. Default: the kernel's name. */
  alias?: string;
  /** Its path, for device-mapper devices. Default: /dev/NAME. */
  path?: string;
}

/** A machine in short. */
export interface Machine {
  devices: Device[];
  /** Lines of mountinfo: number, target, type, source, and options of the mount and of the file system. */
  mounts: [number: string, target: string, type?: string, source?: string, options?: string, superOptions?: string][];
  swaps?: string[];
  backings?: Record<string, string>;
  /** Identities of the files behind loop devices, from the kernel. */
  backingIds?: Record<string, string>;
  btrfs?: string[][];
  /** Targets of the links /sys/block/NAME, by kernel name. */
  places?: Record<string, string>;
  /** Kernel names of the devices that can be ejected. */
  ejectable?: string[];
  /** Serials that lsblk does not know. */
  serials?: Record<string, string>;
  /** Identities of paths beside /dev/NAME. */
  ids?: Record<string, string>;
}

export const GB = 1_000_000_000;

/** Every machine has its images on a server, so that no destination is refused because of them. */
export const images: Machine['mounts'][number] = ['0:40', '/images', 'nfs4', 'server:/images'];

/** The picture that Platter makes of the machine. */
export function picture({
  devices,
  mounts,
  swaps = [],
  backings = {},
  backingIds = {},
  btrfs = [],
  places = {},
  serials = {},
  ejectable = [],
  ids = {},
}: Machine): Blocks {
  const numbers = new Map<string, string>();
  const note = (device: Device): void => {
    numbers.set(`/dev/${device.name}`, `block:${device.number}`);
    device.children?.forEach(note);
  };
  devices.forEach(note);
  return new Blocks({
    lsblk: JSON.stringify({ blockdevices: devices.map(lsblk) }),
    mountinfo: mounts.map(mountinfo).join('\n'),
    swaps: [
      'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority',
      ...swaps.map((path) => `${path}                               partition\t1048572\t\t0\t\t-2`),
    ].join('\n'),
    backings: new Map(Object.entries(backings)),
    backingIds: new Map(Object.entries(backingIds)),
    ports: portsOf(Object.entries(places).map(([name, path]) => ({ name, path, slot: null }))),
    sequences: new Map(),
    serials: new Map(Object.entries(serials)),
    ejectable: new Set(ejectable),
    probed: new Map(),
    btrfs,
    idOf: (path) => ids[path] ?? numbers.get(path) ?? null,
  });
}

/** A line of mountinfo. The parent of each mount is the mount at its path before. */
function mountinfo(
  [
    number,
    target,
    type = 'ext4',
    source = '/dev/none',
    options = 'rw,relatime',
    superOptions = 'rw',
  ]: Machine['mounts'][number],
  index: number,
  all: Machine['mounts'],
): string {
  const below = all
    .slice(0, index)
    .map(([, path]) => path)
    .map((path) => (path === '/' || target === path || target.startsWith(`${path}/`) ? path.length : -1));
  const parent = Math.max(-1, ...below) < 0 ? 1 : below.lastIndexOf(Math.max(...below)) + 22;
  return `${index + 22} ${parent} ${number} / ${target} ${options} shared:${index} - ${type} ${source} ${superOptions}`;
}

function lsblk({
  name,
  number,
  type = 'disk',
  size = 64 * GB,
  fs,
  label,
  model,
  serial,
  tran,
  rm,
  rota,
  ro,
  wwn,
  parttype,
  alias,
  path,
  children,
  gone,
}: Device): object {
  return {
    name: alias ?? name,
    path: path ?? `/dev/${name}`,
    kname: name,
    'maj:min': number.padStart(7),
    type,
    size,
    'log-sec': gone === true ? 0 : 512,
    'phy-sec': gone === true ? 0 : 4096,
    model: model ?? null,
    serial: serial ?? null,
    tran: tran ?? null,
    fstype: fs ?? null,
    label: label ?? null,
    pttype: null,
    wwn: wwn ?? null,
    parttype: parttype ?? null,
    rm: rm ?? false,
    hotplug: rm ?? false,
    rota: rota ?? false,
    ro: ro ?? false,
    ...(children && { children: children.map(lsblk) }),
  };
}

/** A laptop: root and swap in encrypted LVM on NVMe, a mounted USB stick, an empty one, a DVD drive, zram. */
export const laptop: Machine = {
  devices: [
    {
      name: 'nvme0n1',
      number: '259:0',
      model: 'Samsung SSD 980  ',
      serial: 'S64D',
      tran: 'nvme',
      children: [
        { name: 'nvme0n1p1', number: '259:1', type: 'part', fs: 'vfat' },
        {
          name: 'nvme0n1p2',
          number: '259:2',
          type: 'part',
          fs: 'crypto_LUKS',
          children: [
            {
              name: 'dm-0',
              number: '254:0',
              type: 'crypt',
              fs: 'LVM2_member',
              children: [
                { name: 'dm-1', number: '254:1', type: 'lvm', fs: 'ext4' },
                { name: 'dm-2', number: '254:2', type: 'lvm', fs: 'swap' },
              ],
            },
          ],
        },
        { name: 'nvme0n1p3', number: '259:3', type: 'part' },
      ],
    },
    {
      name: 'sda',
      number: '8:0',
      model: 'Ultra',
      serial: '4C53',
      tran: 'usb',
      rm: true,
      children: [{ name: 'sda1', number: '8:1', type: 'part', fs: 'exfat', label: 'PHOTOS' }],
    },
    { name: 'sdb', number: '8:16', tran: 'usb', rm: true, rota: true },
    { name: 'sdc', number: '8:32', tran: 'usb', rm: true, size: 0 },
    { name: 'sr0', number: '11:0', type: 'rom', rm: true },
    { name: 'zram0', number: '253:0' },
  ],
  mounts: [
    images,
    ['0:22', '/proc', 'proc', 'proc'],
    ['254:1', '/', 'ext4', '/dev/mapper/vg-root'],
    ['259:1', '/boot/efi', 'vfat', '/dev/nvme0n1p1'],
    ['8:1', '/media/me/PHOTOS\\040OLD', 'exfat', '/dev/sda1'],
  ],
  swaps: ['/dev/dm-2', '/dev/zram0'],
};

/** A server: root on a btrfs of two disks, data on a RAID of two, one spare disk. */
export const server: Machine = {
  devices: [
    { name: 'sda', number: '8:0', children: [{ name: 'sda1', number: '8:1', type: 'part', fs: 'btrfs' }] },
    { name: 'sdb', number: '8:16', children: [{ name: 'sdb1', number: '8:17', type: 'part', fs: 'btrfs' }] },
    {
      name: 'sdc',
      number: '8:32',
      fs: 'linux_raid_member',
      children: [{ name: 'md0', number: '9:0', type: 'raid1', fs: 'xfs' }],
    },
    {
      name: 'sdd',
      number: '8:48',
      fs: 'linux_raid_member',
      children: [{ name: 'md0', number: '9:0', type: 'raid1', fs: 'xfs' }],
    },
    { name: 'sde', number: '8:64' },
  ],
  mounts: [images, ['0:35', '/', 'btrfs', '/dev/sda1'], ['0:35', '/home', 'btrfs', '/dev/sda1']],
  btrfs: [['sda1', 'sdb1']],
};

/** Debian started from a stick: root is an overlay over a squashfs over a loop device over a file on the stick. */
export const live: Machine = {
  devices: [
    { name: 'loop0', number: '7:0', type: 'loop', fs: 'squashfs', ro: true },
    {
      name: 'sda',
      number: '8:0',
      tran: 'usb',
      rm: true,
      children: [{ name: 'sda1', number: '8:1', type: 'part', fs: 'iso9660' }],
    },
    { name: 'nvme0n1', number: '259:0', tran: 'nvme' },
  ],
  mounts: [
    images,
    ['8:1', '/run/live/medium', 'iso9660', '/dev/sda1', 'ro', 'ro'],
    ['7:0', '/run/live/rootfs/filesystem.squashfs', 'squashfs', '/dev/loop0', 'ro', 'ro'],
    ['0:30', '/run/live/overlay', 'tmpfs', 'tmpfs'],
    [
      '0:31',
      '/',
      'overlay',
      'overlay',
      'rw',
      'rw,lowerdir=/run/live/rootfs/filesystem.squashfs/,upperdir=/run/live/overlay/rw,workdir=/run/live/overlay/work',
    ],
  ],
  backings: { loop0: '/run/live/medium/live/filesystem.squashfs' },
  ids: { '/run/live/medium/live/filesystem.squashfs': 'file:8:1:99' },
};
