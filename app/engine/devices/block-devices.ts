// A picture of the machine's block devices: which lies on which, where they are mounted, which hold the running system.
// Every decision about whether a device may be written is based on it.
import { basename } from 'node:path';
import type { Port } from '../../contract/bays.ts';
import { isRemovable, type Disk, type Mounted } from '../../contract/disks.ts';
import { listed, parseLsblk, partitionNumber, type LsblkDevice, type Probed } from './lsblk-output.ts';
import { mountOf, parseMounts, parseSwaps, type Layer, type Mount } from './mounts.ts';

/** The properties that any device has, whole disk or not. */
type Described = Pick<
  Disk,
  | 'path'
  | 'majorMinor'
  | 'diskSequence'
  | 'size'
  | 'logicalSector'
  | 'physicalSector'
  | 'model'
  | 'serial'
  | 'transport'
  | 'removable'
  | 'rotational'
  | 'readOnly'
  | 'backingFile'
>;

/** One block device of the picture: a disk, a partition ("/dev/sdb1"), or a device on top of one. */
export interface Block extends Described {
  /** Kernel name: "sdb1", "dm-0". */
  name: string;
  /** As lsblk says: "disk", "part", "loop", "rom", "crypt", "lvm", "raid1", "mpath"... */
  type: string;
  /** Where it is plugged in; null for a device without a socket. */
  port: Port | null;
  /** The system can switch it off. */
  ejectable: boolean;
  fileSystem: string | null;
  label: string | null;
  /** "gpt", "dos"; null without a table. */
  partitionTable: string | null;
  /** Names of the signatures found on the device itself; null when it could not be read. */
  signatures: string[] | null;
  /** Identity of `backingFile`. null when the file is deleted or out of reach and this user may not ask the kernel. */
  backingId: string | null;
  /** World Wide Name, the same on every path to a disk; null without one. */
  wwn: string | null;
  /** Number of a partition in its table, as in its name; null for any other device. */
  partition: string | null;
  /** Type of a partition in its table: a GUID, or "0xef"; null when unknown. */
  partitionType: string | null;
  /** The devices below this one: the disk of a partition, the members of a volume. */
  parents: Block[];
  /** The devices on top of this one. */
  children: Block[];
  /** Where this device itself is mounted; "[SWAP]" when it is used as swap. */
  mountedAt: string[];
  /** Those of `mountedAt` whose file system can be written. */
  writtenAt: string[];
  /** The device, or something on it, holds part of the running system. */
  system: boolean;
  /** The sign that shows it; null when it is not part of the system. */
  systemBy: SystemSign | null;
}

/**
 * Why a device counts as part of the running system: a system folder is mounted from it, it is used as swap, it is a
 * fixed disk while the system's own disk is unknown, or it is an eMMC area that holds firmware.
 */
export type SystemSign = 'mounted' | 'swap' | 'precaution' | 'firmware';

/** Everything that was read from the machine to make the picture. */
export interface Facts {
  /** The output of lsblk. */
  lsblk: string;
  /** /proc/self/mountinfo */
  mountinfo: string;
  /** /proc/swaps */
  swaps: string;
  /** Path behind each loop device, by kernel name. */
  backings: ReadonlyMap<string, string>;
  /** Identity of what lies behind each loop device, where the kernel says it, by kernel name. */
  backingIds: ReadonlyMap<string, string>;
  /** Where the disks are plugged in, by kernel name. */
  ports: ReadonlyMap<string, Port>;
  /** The kernel's sequence numbers of disks, by kernel name. */
  sequences: ReadonlyMap<string, number>;
  /** Serial numbers for disks of which lsblk has none, by kernel name. */
  serials: ReadonlyMap<string, string>;
  /** Kernel names of the disks that the system can switch off. */
  ejectable: ReadonlySet<string>;
  /** Contents found by probing the devices whose contents lsblk does not know, by kernel name. */
  probed: ReadonlyMap<string, Probed>;
  /** Kernel names of the members of each mounted btrfs. */
  btrfs: readonly (readonly string[])[];
  /** Identity of what is at a path (links followed): "block:8:1" or "file:8:1:1234"; null when nothing is there. */
  idOf: (path: string) => string | null;
}

/** A device mounted on one of these is needed by the running system. When in doubt, a path is listed. */
const SYSTEM_MOUNTS = new Set([
  '/',
  '/boot',
  '/boot/efi',
  '/boot/firmware',
  '/efi',
  '/etc',
  '/gnu',
  '/home',
  '/nix',
  '/opt',
  '/root',
  '/srv',
  '/sysroot',
  '/tmp',
  '/usr',
  '/usr/local',
  '/var',
  '/var/home',
  '/var/lib',
  '/var/log',
  '/var/tmp',
]);

/** Types of boot partitions: EFI system (GPT, MBR), extended boot loader. */
const BOOT_PARTITIONS: ReadonlySet<string> = new Set([
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  '0xef',
  'bc13c2ff-59e6-4262-a352-b275fd6f7172',
]);

/** Areas of an eMMC beside its main one. The kernel shows them as disks. */
const EMMC_AREA = /^(mmcblk\d+)(boot\d+|rpmb|gp\d+)$/;
/** The areas that hold firmware and keys. */
const FIRMWARE_AREA = /^mmcblk\d+(boot\d+|rpmb)$/;

/** The block devices of a machine. */
export class Blocks {
  readonly mounts: readonly Mount[];
  /** Identities of the files used as swap. */
  readonly swapFiles: ReadonlySet<string>;
  readonly #byNumber = new Map<string, Block>();
  readonly #idOf: Facts['idOf'];
  /** For each block device of a btrfs with several: all of them. */
  readonly #together = new Map<Block, Block[]>();

  /** Throws a SyntaxError or ZodError when `facts.lsblk` is not lsblk's output. */
  constructor(facts: Facts) {
    this.#idOf = facts.idOf;
    this.mounts = parseMounts(facts.mountinfo);
    for (const device of parseLsblk(facts.lsblk)) this.#add(device, null, null, facts);
    for (const loop of this.all) {
      // A loop device over a block device is another name of that device.
      const below = loop.backingId === null ? null : this.#identified(loop.backingId);
      if (below !== null) link(below, loop);
    }
    for (const names of facts.btrfs) {
      const members = this.all.filter(({ name }) => names.includes(name));
      for (const member of members) this.#together.set(member, members);
    }
    const swaps = parseSwaps(facts.swaps);
    this.swapFiles = new Set(swaps.flatMap((path) => facts.idOf(path) ?? []));
    this.#markMounted(swaps);
    this.#markSystem();
  }

  /** Every block device, each once. */
  get all(): Block[] {
    return [...this.#byNumber.values()];
  }

  /** The block device with this number ("8:16"); null when lsblk does not know it. */
  numbered(majorMinor: string): Block | null {
    return this.#byNumber.get(majorMinor) ?? null;
  }

  /** The block devices under the file system of `path` (absolute, without links); empty when it has none. */
  under(path: string): Block[] {
    const mount = mountOf(path, this.mounts);
    return mount === null ? [] : this.#devicesOf(mount);
  }

  /** The mounts of `block` and of everything on it. */
  mountsOf(block: Block): Mount[] {
    const family = withDescendants(block);
    return this.mounts.filter((mount) => this.#devicesOf(mount).some((device) => family.has(device)));
  }

  /**
   * True when this can be mounted elsewhere by the name of its device. False without a device, or when that is mounted
   * twice.
   */
  isMountable(mount: Mount): boolean {
    const devices = this.#devicesOf(mount);
    const isOnThem = (other: Mount): boolean => this.#devicesOf(other).some((device) => devices.includes(device));
    return devices.length > 0 && this.mounts.every((other) => other === mount || !isOnThem(other));
  }

  /** A readable name of a mount: its block devices, or the name that its mounter gave it. */
  nameOf(mount: Mount): string {
    const devices = this.#devicesOf(mount).map(({ path }) => path);
    return devices.length > 0 ? devices.join(', ') : mount.source.startsWith('/') ? mount.source : mount.type;
  }

  /** True when `path` (absolute, without links) lies on a server that can copy between its own files. */
  serverCopies(path: string): boolean {
    return mountOf(path, this.mounts)?.serverCopies === true;
  }

  /**
   * The device of the running system was not found (a container, a network root, ZFS). Every fixed disk counts as
   * system then.
   */
  get systemUnknown(): boolean {
    const root = mountOf('/', this.mounts);
    if (root === null || this.#devicesOf(root).length === 0) return true;
    return (
      this.numbered(root.majorMinor) === null &&
      root.layers.some((layer) => !layer.upper && this.#layerDevices(layer, root, []).length === 0)
    );
  }

  #add(device: LsblkDevice, parent: Block | null, parentName: string | null, facts: Facts): void {
    let block = this.numbered(device['maj:min']);
    if (block === null) {
      const { fileSystem, label, partitionTable, signatures } = facts.probed.get(device.kname) ?? listed(device);
      const backingFile = facts.backings.get(device.kname) ?? null;
      block = {
        path: device.path,
        name: device.kname,
        majorMinor: device['maj:min'],
        // A partition has the number of its disk.
        diskSequence: facts.sequences.get(device.kname) ?? parent?.diskSequence ?? null,
        type: device.type,
        size: device.size,
        logicalSector: device['log-sec'],
        physicalSector: device['phy-sec'],
        model: device.model,
        serial: device.serial ?? facts.serials.get(device.kname) ?? null,
        transport: device.tran ?? (device.type === 'loop' ? 'loop' : null),
        port: facts.ports.get(device.kname) ?? null,
        ejectable: facts.ejectable.has(device.kname),
        removable: device.rm || device.hotplug,
        rotational: device.rota,
        readOnly: device.ro,
        fileSystem,
        label,
        partitionTable,
        signatures,
        backingFile,
        backingId:
          backingFile === null ? null : this.#backingId(backingFile, facts.backingIds.get(device.kname) ?? null),
        wwn: device.wwn,
        partition: partitionNumber(device, parentName),
        partitionType: device.parttype,
        parents: [],
        children: [],
        mountedAt: [],
        writtenAt: [],
        system: false,
        systemBy: null,
      };
      this.#byNumber.set(block.majorMinor, block);
    }
    if (parent !== null) link(parent, block);
    for (const child of device.children ?? []) this.#add(child, block, device.name, facts);
  }

  /**
   * Prefer the kernel's identity to the path: the path may have become another file's, or mean another file in another
   * namespace.
   */
  #backingId(path: string, told: string | null): string | null {
    return told ?? this.#idOf(path);
  }

  #identified(id: string): Block | null {
    return id.startsWith('block:') ? this.numbered(id.slice('block:'.length)) : null;
  }

  #at(path: string): Block | null {
    const id = this.#idOf(path);
    return id === null ? null : this.#identified(id);
  }

  #devicesOf(mount: Mount, seen: readonly Mount[] = []): Block[] {
    const direct = this.numbered(mount.majorMinor);
    if (direct !== null) return this.#together.get(direct) ?? [direct];
    // bcachefs separates its members by colons.
    const named = mount.source.split(':').flatMap((source) => (source.startsWith('/') ? (this.#at(source) ?? []) : []));
    if (named.length > 0) return [...new Set(named.flatMap((block) => this.#together.get(block) ?? [block]))];
    return [...new Set(mount.layers.flatMap((layer) => this.#layerDevices(layer, mount, seen)))];
  }

  #layerDevices({ path }: Layer, mount: Mount, seen: readonly Mount[]): Block[] {
    if (path === '') return [];
    const below = mountOf(path, this.mounts);
    if (below !== null && below !== mount) return seen.includes(below) ? [] : this.#devicesOf(below, [...seen, mount]);
    return this.#liveImages(path, mount);
  }

  /**
   * The loop device over the image of a layer that was mounted in the initramfs, whose path no longer leads to it:
   * "/filesystem.squashfs" of Ubuntu's live system is /cdrom/casper/filesystem.squashfs. The image must lie on a mount
   * of its own. The broker decides in the same way (native/broker/system_disks.cc).
   */
  #liveImages(path: string, overlay: Mount): Block[] {
    const image = basename(path);
    return this.all.filter(({ type, readOnly, backingFile }) => {
      if (type !== 'loop' || !readOnly || backingFile === null || image === '' || basename(backingFile) !== image)
        return false;
      const mount = mountOf(backingFile, this.mounts);
      return mount !== null && mount !== overlay && this.#devicesOf(mount, [overlay]).length > 0;
    });
  }

  #markMounted(swaps: readonly string[]): void {
    for (const mount of this.mounts) {
      for (const { mountedAt, writtenAt } of this.#devicesOf(mount))
        for (const targets of mount.unwritten ? [mountedAt] : [mountedAt, writtenAt])
          if (!targets.includes(mount.target)) targets.push(mount.target);
    }
    for (const path of swaps) {
      this.#at(path)?.mountedAt.push('[SWAP]');
      this.#at(path)?.writtenAt.push('[SWAP]');
    }
  }

  #markSystem(): void {
    const mark = (blocks: readonly Block[], sign: SystemSign): void => {
      for (const block of blocks) {
        block.system = true;
        block.systemBy ??= sign;
      }
    };
    const below = (blocks: readonly Block[]): Block[] => blocks.flatMap((block) => [...this.#foundation(block)]);
    mark(below(this.all.filter(({ mountedAt }) => mountedAt.some((target) => SYSTEM_MOUNTS.has(target)))), 'mounted');
    mark(
      this.all.filter(({ name }) => FIRMWARE_AREA.test(name)),
      'firmware',
    );
    const fixed = (block: Block): boolean => block.type === 'disk' && !isRemovable(block);
    // When in doubt, protect everything on fixed disks: one of their partitions is the system.
    if (this.systemUnknown)
      mark(below(this.all.filter(fixed).flatMap((disk) => [...withDescendants(disk)])), 'precaution');
    mark(below(this.all.filter(({ mountedAt }) => mountedAt.includes('[SWAP]'))), 'swap');
    // The machine boots from it, mounted or not.
    for (const block of this.all) {
      const boots = BOOT_PARTITIONS.has(block.partitionType ?? '')
        ? block.parents
        : this.all.filter(({ name }) => name === EMMC_AREA.exec(block.name)?.[1]);
      const sign = boots.find(({ system }) => system)?.systemBy ?? null;
      if (sign !== null) mark([block], sign);
    }
  }

  /** `block` and everything below it, including through the files behind loop devices. */
  #foundation(block: Block, found = new Set<Block>()): Set<Block> {
    if (found.has(block)) return found;
    found.add(block);
    const behind = block.backingFile === null ? [] : this.under(block.backingFile);
    for (const below of [...block.parents, ...behind]) this.#foundation(below, found);
    return found;
  }
}

/** `block` and everything on it. */
export function withDescendants(block: Block, found = new Set<Block>()): Set<Block> {
  if (found.has(block)) return found;
  found.add(block);
  for (const child of block.children) withDescendants(child, found);
  return found;
}

/** The devices below a device: the disk of a partition, the members of a volume. */
export const foundations = (block: Block): Block[] =>
  block.parents.flatMap((parent) => [parent, ...foundations(parent)]);

/** The boot areas ("boot0", "boot1") of the eMMC whose main area is `block`; empty for any other device. */
export const bootAreasOf = ({ name }: Block, { all }: Blocks): string[] =>
  all.flatMap((other) => {
    const [, main, area = ''] = EMMC_AREA.exec(other.name) ?? [];
    return main === name && area.startsWith('boot') ? [area] : [];
  });

/** Where `block` or anything on it is mounted. */
export const mountsOn = (block: Block): string[] => [...new Set(mountedOn(block).map(({ target }) => target))];

/** The mounts of `block` and of everything on it, with the device of each. */
export const mountedOn = (block: Block): Mounted[] =>
  [...withDescendants(block)].flatMap(({ path, mountedAt }) => mountedAt.map((target) => ({ device: path, target })));

function link(parent: Block, child: Block): void {
  if (parent === child || parent.children.includes(child)) return;
  parent.children.push(child);
  child.parents.push(parent);
}
