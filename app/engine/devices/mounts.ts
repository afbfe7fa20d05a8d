// Mounts and swap areas, as the kernel lists them.

/** A mounted file system: a line of /proc/self/mountinfo. */
export interface Mount {
  /** The kernel's number of this mount. */
  id: number;
  /** The mount that its target lies on. */
  parent: number;
  /** Number of its block device; "0:..." for a file system without one or with several (btrfs, overlay, tmpfs). */
  majorMinor: string;
  /** Where it is mounted. */
  target: string;
  type: string;
  /** The source as given to mount(2): a device, or only a name. */
  source: string;
  readOnly: boolean;
  /** The number of the user who mounted it, where the kernel tells it (FUSE); else null. */
  user: number | null;
  /** The file system itself is, and so is every mount of it, those that this process does not see included. */
  unwritten: boolean;
  /** Its server can copy between its own files (copy_file_range(2)). */
  serverCopies: boolean;
  /** The directories below an overlay. */
  layers: Layer[];
}

/** A directory that an overlay lies on. */
export interface Layer {
  /** "" when the mount options give no absolute path. */
  path: string;
  /** The writable layer, which can be in memory. */
  upper: boolean;
}

/** Parses /proc/self/mountinfo (proc_pid_mountinfo(5)). Leaves out malformed lines. */
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
        user: userIn(superOptions ?? ''),
        unwritten: (superOptions ?? '').split(',').includes('ro'),
        // NFS can since 4.2, SMB since its second version (nfs(5), mount.cifs(8)). With older ones the kernel reads and
        // writes.
        serverCopies:
          (type === 'nfs4' && has('vers=4.2')) || ((type === 'cifs' || type === 'smb3') && !has('vers=1.0')),
        layers: type === 'overlay' ? layersOf(unescape(superOptions ?? '')) : [],
      },
    ];
  });
}

/** The user in the options of a file system. */
function userIn(superOptions: string): number | null {
  const [, id] = /(?:^|,)user_id=(\d+)(?:,|$)/u.exec(superOptions) ?? [];
  return id === undefined ? null : Number(id);
}

/**
 * The mounts that keep `mount` from being unmounted by its path: those on it or below it, and those that cover a folder
 * on the way to it.
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

/** The mount that holds `path` (absolute, without links): the last of those with the longest matching target. */
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

/** Options that name the layers of an overlay. Mounts made with fsconfig(2) have an option per layer, with a "+". */
const LAYERS: ReadonlySet<string> = new Set(['lowerdir', 'lowerdir+', 'datadir+', 'upperdir']);

function layersOf(options: string): Layer[] {
  return options.split(',').flatMap((option) => {
    const [name = '', value = ''] = option.split('=', 2);
    if (!LAYERS.has(name)) return [];
    // "lower::data" separates data-only layers.
    return value
      .split(':')
      .filter((path) => path !== '')
      .map((path) => ({ path: path.startsWith('/') ? path : '', upper: name === 'upperdir' }));
  });
}

/** Decodes the kernel's escapes for blanks and backslashes in names, such as "\040". */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
