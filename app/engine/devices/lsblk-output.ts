// The output of lsblk (`lsblk --json --bytes`), and what follows from it alone.
import * as z from 'zod';

/** The contents of a device, by its signatures. */
export interface Probed {
  fileSystem: string | null;
  label: string | null;
  /** "gpt", "dos"; null without a table. */
  partitionTable: string | null;
  /** Names of the signatures found on the device itself; null when it could not be read. */
  signatures: string[] | null;
}

/** lsblk prints null, blanks or nothing for unknown values. */
const text = z
  .string()
  .nullish()
  .transform((value) => {
    const trimmed = value?.trim() ?? '';
    return trimmed === '' ? null : trimmed;
  });
const lsblkDevice = z.object({
  name: z.string(), // lsblk makes a tree only when this column is asked for
  path: z.string(),
  kname: z.string(),
  'maj:min': z.string().transform((value) => value.trim()),
  type: z.string(),
  size: z.coerce.number().nonnegative(),
  'log-sec': z.coerce.number().nonnegative(),
  'phy-sec': z.coerce.number().nonnegative(),
  model: text,
  serial: text,
  tran: text,
  fstype: text,
  label: text,
  pttype: text,
  parttype: text,
  wwn: text,
  rm: z.boolean(),
  hotplug: z.boolean(),
  rota: z.boolean(),
  ro: z.boolean(),
  get children() {
    return z.array(lsblkDevice).optional();
  },
});
export type LsblkDevice = z.infer<typeof lsblkDevice>;
/** Leaves out devices that went away while lsblk read them. They have 0 bytes. */
const present = (devices: readonly LsblkDevice[]): LsblkDevice[] =>
  devices
    .filter((device) => device['log-sec'] > 0)
    .map(({ children, ...device }) => (children === undefined ? device : { ...device, children: present(children) }));
const lsblkOutput = z.object({ blockdevices: z.array(lsblkDevice).transform(present) });

/** The columns of lsblk that the picture needs. */
export const LSBLK_COLUMNS = Object.keys(lsblkDevice.shape)
  .filter((name) => name !== 'children')
  .join(',')
  .toUpperCase();

/** The disks of the output, with what lies on each. Throws a SyntaxError or ZodError when it is no output of lsblk. */
export const parseLsblk = (output: string): LsblkDevice[] => lsblkOutput.parse(JSON.parse(output)).blockdevices;

/**
 * What lsblk itself knows of a device. An empty answer does not prove that the device is empty, so `signatures` is null
 * then.
 */
export function listed({ fstype, label, pttype }: LsblkDevice): Probed {
  const signatures = [fstype, pttype].filter((name) => name !== null);
  return { fileSystem: fstype, label, partitionTable: pttype, signatures: signatures.length > 0 ? signatures : null };
}

/**
 * Devices to probe: those with a size whose contents lsblk does not know, and members of a RAID that is not running,
 * because lsblk and udev name no other signature for these. Loop devices, with everything on them, only if their number
 * is in `loops`; null: all.
 */
export function unknownIn(
  lsblk: string,
  loops: ReadonlySet<string> | null = null,
): { name: string; path: string; majorMinor: string; listed: Probed }[] {
  const devices = (list: readonly LsblkDevice[]): LsblkDevice[] =>
    list.flatMap((device) => [device, ...devices(device.children ?? [])]);
  const isWanted = (disk: LsblkDevice): boolean =>
    loops === null || disk.type !== 'loop' || devices([disk]).some((device) => loops.has(device['maj:min']));
  return devices(parseLsblk(lsblk).filter(isWanted))
    .filter(
      ({ type, size, fstype, pttype, children = [] }) =>
        type !== 'rom' &&
        size > 0 &&
        ((fstype === null && pttype === null) || (fstype?.endsWith('_raid_member') === true && children.length === 0)),
    )
    .map((device) => ({
      name: device.kname,
      path: device.path,
      majorMinor: device['maj:min'],
      listed: listed(device),
    }));
}

/**
 * Number of a partition: "1" of sda1, nvme0n1p1, and of the device-mapper's mpatha1 or mpatha-part1 on mpatha. null
 * when the name does not show it.
 */
export function partitionNumber({ type, name }: LsblkDevice, parentName: string | null): string | null {
  if (type !== 'part' || parentName === null || !name.startsWith(parentName)) return null;
  return /^(?:p|-part)?(\d+)$/.exec(name.slice(parentName.length))?.[1] ?? null;
}
