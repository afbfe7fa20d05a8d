// Mounts and swap areas, as the kernel lists them.

/** A mounted file system: a line of /proc/self/mountinfo. */
export interface Mount {
  /** The kernel's number of this mount. */
  id: number;
  /** The mount that its target lies on. */
  parent: number;
  /** Number of its block device; "0:..." for a file system with none of its own or several (btrfs, overlay, tmpfs). */
  majorMinor: string;
  /** Where it is mounted. */
  target: string;
  type: string;
  /** The mounted source as given to mount(2): a device, or only a name. */
  source: string;
  readOnly: boolean;
  /** Its server copies from one of its files to another when asked to (copy_file_range(2)). */
  serverCopies: boolean;
  /** The directories below an overlay. */
  layers: Layer[];
}

/** A directory that an overlay lies on. */
export interface Layer {
  /** "" where the mount options give no absolute path. */
  path: string;
  /** The writable layer, which can be in memory. */
  upper: boolean;
}

/** Parses /proc/self/mountinfo (proc_pid_mountinfo(5)). Lines that are not of that form are left out. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const separator = fields.indexOf('-', 6);
    const [id, parent, majorMinor, , target, options] = fields;
    const [type, source, superOptions] = fields.slice(separator + 1);
    if (
      separator < 0 ||
      majorMinor === undefined ||
      target === undefined ||
      options === undefined ||
      type === undefined
    )
      return [];
    const has = (option: string): boolean =>
      [...options.split(','), ...(superOptions ?? '').split(',')].includes(option);
    return [
      {
        id: Number(id),
        parent: Number(parent),
        majorMinor,
        target: unescape(target),
        type,
        source: unescape(source ?? ''),
        readOnly: has('ro'),
        // NFS has it from 4.2 on, SMB from its second version (nfs(5), mount.cifs(8)). An older one lets the kernel fetch and send.
        serverCopies:
          (type === 'nfs4' && has('vers=4.2')) || ((type === 'cifs' || type === 'smb3') && !has('vers=1.0')),
        layers: type === 'overlay' ? layersOf(unescape(superOptions ?? '')) : [],
      },
    ];
  });
}

/**
 * The mounts that keep `mount` from being unmounted by its path: those on top of it or in a folder of it, and those over a folder on
 * the way to it.
 */
export function inTheWayOf(mount: Mount, mounts: readonly Mount[]): Mount[] {
  const byId = new Map(mounts.map((one) => [one.id, one]));
  const way = new Set<number>();
  let next: Mount | undefined = mount;
  while (next !== undefined && !way.has(next.id)) {
    way.add(next.id);
    next = byId.get(next.parent);
  }
  return mounts.filter(
    (other) =>
      !way.has(other.id) && (other.parent === mount.id || (way.has(other.parent) && isAt(mount.target, other.target))),
  );
}

/** The devices and files that /proc/swaps lists. */
export const parseSwaps = (swaps: string): string[] =>
  swaps
    .split('\n')
    .slice(1)
    .flatMap((line) => (line.startsWith('/') ? [unescape(line.split(/\s/, 1)[0]!)] : []));

/** The mount that `path` (absolute, without links) lies on: the last of those with the longest target above it. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | null {
  let found: Mount | null = null;
  for (const mount of mounts) {
    if (isAt(path, mount.target) && (found === null || mount.target.length >= found.target.length)) found = mount;
  }
  return found;
}

/** True when `path` is `folder` or lies below it. */
const isAt = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`);

/** Options that name the layers of an overlay. Mounts made with fsconfig(2) have one option a layer, with a "+". */
const LAYERS: ReadonlySet<string> = new Set(['lowerdir', 'lowerdir+', 'datadir+', 'upperdir']);

function layersOf(options: string): Layer[] {
  return options.split(',').flatMap((option) => {
    const [name = '', value = ''] = option.split('=', 2);
    if (!LAYERS.has(name)) return [];
    // "lower::data" separates the layers that hold data only.
    return value
      .split(':')
      .filter((path) => path !== '')
      .map((path) => ({ path: path.startsWith('/') ? path : '', upper: name === 'upperdir' }));
  });
}

/** The kernel writes blanks and backslashes in names as "\040". */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
