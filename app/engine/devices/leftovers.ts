// Signatures near the end of a disk, beyond a shorter source. The copy does not overwrite them, so a system can mistake
// the disk for what it was before.
import type { Note } from '../../contract/facts.ts';
import { errnoOf } from '../../base/errors.ts';
import type { End, HeldEnd } from './ends.ts';
import type { NativeDevice } from '../native/addon.ts';
import { namesOf, signaturesOn } from './probe.ts';

/** A signature near the end of a device, by libblkid's name for it. */
interface EndSignature {
  name: string;
  /** Its distance from the end of a device with this size and logical sector, in bytes. */
  before: (size: number, sector: number) => number;
  magic: readonly number[];
}

const latin1 = (text: string): number[] => [...Buffer.from(text, 'latin1')];
/** MD_SB_MAGIC of the kernel (include/uapi/linux/raid/md_p.h), little-endian. */
const RAID = [0xfc, 0x4e, 0x2b, 0xa9];

/**
 * The places where udev and the kernel look (libblkid, src/superblocks and src/partitions), for a disk that wipefs may
 * not read.
 */
const AT_END: readonly EndSignature[] = [
  { name: 'gpt', before: (_, sector) => sector, magic: latin1('EFI PART') },
  { name: 'linux_raid_member', before: (size) => size - Math.floor((size / 512 - 16) / 8) * 4096, magic: RAID },
  { name: 'linux_raid_member', before: (size) => size - Math.floor(size / 65_536) * 65_536 + 65_536, magic: RAID },
  { name: 'isw_raid_member', before: () => 1024, magic: latin1('Intel Raid ISM Cfg Sig. ') },
  { name: 'ddf_raid_member', before: () => 512, magic: [0xde, 0x11, 0xde, 0x11] },
];
/** ZFS keeps the last two of its four labels (256 KiB each) at the end. Uberblocks fill the second half of a label. */
const ZFS = { label: 262_144, uberblocks: 131_072, step: 1024, magic: [0x0c, 0xb1, 0xba, 0, 0, 0, 0, 0] } as const;
/** Copies of the superblock of btrfs (btrfs documentation, "On-disk format"). */
const BTRFS = { places: [64 * 1024 ** 2, 256 * 1024 ** 3], at: 64, magic: latin1('_BHRfS_M') } as const;

/** Notes on what a copy of `bytes` leaves on the disks that it writes to. */
export async function notesOnLeftovers(
  bytes: number,
  destinations: readonly HeldEnd<NativeDevice | null>[],
): Promise<Note[]> {
  const longer = destinations.flatMap(({ end, device }) =>
    end.block === null || device === null || end.size <= bytes ? [] : [{ end, device }],
  );
  return (await Promise.all(longer.map(({ end, device }) => leftOn(bytes, end, device)))).flat();
}

async function leftOn(bytes: number, { path, realPath, size, block }: End, device: NativeDevice): Promise<Note[]> {
  const is = async (at: number, magic: readonly number[]): Promise<boolean> =>
    at >= bytes && Buffer.from(magic).equals(await peek(device, at, magic.length));
  const known = ((await signaturesOn(realPath)) ?? []).filter(({ offset }) => offset >= bytes);
  for (const { name, before, magic } of AT_END) {
    const at = size - before(size, block!.logicalSector);
    if (await is(at, magic)) known.push({ name, offset: at });
  }
  if (await hasZfsAtEnd(device, bytes, size)) known.push({ name: 'zfs_member', offset: size });
  const signatures = namesOf(known);
  const mirrors: number[] = [];
  for (const place of BTRFS.places)
    if (place + BTRFS.at < size && (await is(place + BTRFS.at, BTRFS.magic))) mirrors.push(place);
  return [
    ...(signatures.length > 0 ? [{ kind: 'leftBehind', path, signatures } as const] : []),
    ...mirrors.map((offset) => ({ kind: 'mirrorLeft', path, place: { offset, length: 4096 } }) as const),
  ];
}

async function hasZfsAtEnd(device: NativeDevice, bytes: number, size: number): Promise<boolean> {
  const end = Math.floor(size / ZFS.label) * ZFS.label;
  const [little, big] = [Buffer.from(ZFS.magic), Buffer.from(ZFS.magic.toReversed())];
  for (const label of [end - 2 * ZFS.label, end - ZFS.label]) {
    const first = Math.max(label + ZFS.uberblocks, bytes);
    if (label < 0 || first >= label + ZFS.label) continue;
    const found = await peek(device, first, label + ZFS.label - first);
    for (let at = (ZFS.step - (first % ZFS.step)) % ZFS.step; at < found.length; at += ZFS.step) {
      const magic = found.subarray(at, at + little.length);
      if (magic.equals(little) || magic.equals(big)) return true;
    }
  }
  return false;
}

/** Reads from a device. An unreadable place counts as empty, because the job reports it. */
async function peek(device: NativeDevice, at: number, length: number): Promise<Buffer> {
  if (at < 0) return Buffer.alloc(0);
  try {
    return await device.peek(at, length);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return Buffer.alloc(0);
  }
}
