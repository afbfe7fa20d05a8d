// The two packages for a distribution, and which of them has each file. The command line has its own package, so that a
// server does not get the libraries of a desktop. The window's package depends on it.
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ADDON, BROKER, DECODER, HOME, ISAL, NODE, SERVER, normalize } from './tree.mjs';

/** The paths that belong to the command line. A folder ends with a slash. */
const OF_THE_CLI = [
  '/usr/bin/',
  '/usr/share/bash-completion/',
  '/usr/share/man/',
  '/usr/share/polkit-1/',
  ...[
    'LICENSE',
    'LICENSE.node.txt',
    'platter',
    BROKER,
    DECODER,
    SERVER,
    ISAL,
    NODE,
    'resources/app.asar.unpacked/',
  ].map((name) => `${HOME}/${name}`),
];

const isOfTheCli = (path) =>
  OF_THE_CLI.some((owned) => (owned.endsWith('/') ? path.startsWith(owned) : path === owned));

/**
 * Gives both parts, the command line first. Each has: `name`, `summary`, `description`; `owns`, which tells whether an
 * installed path belongs to it; `linked`, the programs in HOME whose libraries it depends on; `deb` and `rpm`, its
 * relations to other packages; `purges`, true when removing it also removes the data of root's jobs.
 */
export function partsOf({ name, nativeVersion, summary, description, config, electron, node }) {
  const cli = `${name}-cli`;
  // When a file moves from one package to the other, both must be upgraded together.
  const otherVersions = `${name} (<< ${nativeVersion})`;
  return [
    {
      name: cli,
      summary: `${summary} (command line)`,
      description: `${description}\n\nThis package has the command line. It needs no display and none of the\nlibraries of a desktop. The window is in the package "${name}".\n\nIt runs on Node ${node.version}.`,
      owns: isOfTheCli,
      linked: [NODE, BROKER, DECODER, SERVER, ADDON],
      // util-linux, which has lsblk, is essential in Debian.
      deb: {
        depends: [],
        fields: {
          Recommends: 'pkexec, polkitd',
          // The programs of the file systems are for --used.
          Suggests: `fuse3, udisks2, e2fsprogs, xfsprogs, btrfs-progs, ntfs-3g, exfatprogs, ${name}`,
          Breaks: otherVersions,
          Replaces: otherVersions,
        },
      },
      rpm: {
        requires: [
          'util-linux',
          'libc.so.6()(64bit)',
          'libm.so.6()(64bit)',
          'libgcc_s.so.1()(64bit)',
          'libstdc++.so.6()(64bit)',
        ],
        conflicts: [`${name} < ${nativeVersion}`],
      },
      purges: true,
    },
    {
      name,
      summary,
      description: `${description}\n\nThis package has the window. The command line is in the package "${cli}".\n\n${electron.words}`,
      owns: (path) => !isOfTheCli(path),
      linked: [BROKER, ADDON],
      deb: { depends: [`${cli} (= ${nativeVersion})`, ...config.deb.depends], fields: {} },
      rpm: { requires: [`${cli} = ${nativeVersion}-1`, ...config.rpm.depends], conflicts: [] },
      purges: false,
    },
  ];
}

/** Copies the files of `part` from the tree `root` into `folder`, which is replaced. */
export async function copyPart(part, root, folder, epoch) {
  await rm(folder, { recursive: true, force: true });
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name);
    const path = relative(root, from);
    if (entry.isDirectory() || !part.owns(`/${path}`)) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(from, join(folder, path), { verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
  }
  await normalize(folder, epoch);
}
