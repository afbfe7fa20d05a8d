// Rows of a disk that is 30 % full and imaged without its free blocks: Platter beside partclone and zstd, which
// Clonezilla runs. Every time is that of the whole program, from its start to its end.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertOwnLoop, fileSystem, labdisk } from '../lab/lab.ts';
import { PLATTER, type Entry } from './contenders.ts';
import { GiB, MiB } from './figures.ts';
import type { Row, RowPlan } from './rows.ts';
import { missingProgram, quoted, shell } from './shell.ts';

/** How full the file system is. */
const FULL = 0.3;
const LEAST = 512 * MiB;
const MOST = 4 * GiB;

/** Names of the entries. */
export const OURS = 'platter copy --used';
export const OURS_UNVERIFIED = `${OURS} --no-verify`;
export const CLONEZILLA = 'partclone, zstd';

/** A file system: the command that makes it, the one that mounts it, and partclone's program. */
interface Kind {
  type: string;
  make: string;
  mount: string;
  /** The program that is needed, and its package. */
  needs: readonly [program: string, debianPackage: string];
}

const KINDS: readonly Kind[] = [
  { type: 'ext4', make: 'mkfs.ext4 -q -F', mount: 'mount', needs: ['mkfs.ext4', 'e2fsprogs'] },
  { type: 'xfs', make: 'mkfs.xfs -q -f', mount: 'mount', needs: ['mkfs.xfs', 'xfsprogs'] },
  { type: 'btrfs', make: 'mkfs.btrfs -q -f', mount: 'mount', needs: ['mkfs.btrfs', 'btrfs-progs'] },
  { type: 'ntfs', make: 'mkntfs -q -F -f', mount: 'ntfs-3g', needs: ['ntfs-3g', 'ntfs-3g'] },
];

/** The programs and libraries of this machine. */
function* programs(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* programs(path);
    else if (entry.isFile()) yield path;
  }
}

/** Copies programs and libraries into `folder` until it has `bytes`; again, under other names, if they are too few. */
function fill(folder: string, bytes: number): void {
  for (let [left, round] = [bytes, 0]; left > 0; round += 1) {
    let [count, inside] = [0, ''];
    for (const path of [...programs('/usr/bin'), ...programs('/usr/lib')]) {
      const { size } = statSync(path);
      if (left <= 0) return;
      if (size > left) continue;
      if (count % 500 === 0) mkdirSync((inside = join(folder, `${String(round)}-${String(count)}`)));
      copyFileSync(path, join(inside, String(count)));
      count += 1;
      left -= Math.max(size, 4096);
    }
  }
}

/** Makes the file system on `device`, a disk of the lab, and fills it. */
function prepare({ make, mount }: Kind, device: string, bytes: number): void {
  assertOwnLoop(device);
  execFileSync('sh', ['-c', `${make} "$0"`, device], { stdio: ['ignore', 'ignore', 'inherit'] });
  const folder = mkdtempSync(join(tmpdir(), 'platter-used-'));
  execFileSync(mount, [device, folder]);
  try {
    fill(folder, bytes * FULL);
  } finally {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
}

/** The entries of a row that image `device` into the file `image`. */
function entriesOf({ type }: Kind, device: string, image: string): Entry[] {
  const timed = (name: string, kind: Entry['kind'], text: string): Entry => ({
    name,
    kind,
    run: async () => ({ ...(await shell({ text, tells: false }, {})), image: statSync(image).size }),
  });
  const platter = `${quoted(process.execPath)} ${quoted(PLATTER)} copy ${device} ${quoted(image)} --used --yes --json`;
  const program = `partclone.${type}`;
  const partclone = (options: string): string =>
    `${program} ${options}-c -z 10485760 -L /dev/null -s ${device} -o - 2>/dev/null | zstd -q -T0 -c > ${quoted(image)}`;
  const peers = [
    timed(CLONEZILLA, 'peer', partclone('')),
    // Its progress is shown every 2 s, and it ends with the last one.
    timed(`${CLONEZILLA}, shown every second`, 'peer', partclone('-f 1 ')),
  ];
  const missing = missingProgram(program, 'partclone') ?? missingProgram('zstd');
  return [
    ...peers.map((peer) => ({ ...peer, run: missing ?? peer.run })),
    timed(OURS, 'platter', `${platter} > /dev/null`),
    timed(OURS_UNVERIFIED, 'platter', `${platter} --no-verify > /dev/null`),
  ];
}

function usedRow(kind: Kind): RowPlan {
  return {
    id: `used-${kind.type}`,
    title: `image of used blocks: ${kind.type}, 30 % full`,
    bytes: (size) => Math.min(Math.max(size, LEAST), MOST),
    destinations: 1,
    async make(bytes) {
      const missing = missingProgram(...kind.needs);
      const disk = await labdisk({ size: bytes, plain: true });
      // The images lie on memory too, behind a file system that can be read past its cache.
      const target = await fileSystem('ext4', bytes);
      const close = async (): Promise<void> => {
        await target.close();
        await disk.close();
      };
      try {
        if (missing === null) prepare(kind, disk.device, bytes);
      } catch (error) {
        await close();
        throw error;
      }
      const image = join(target.path, 'disk.img.zst');
      const row: Row = {
        bed: { close },
        limit: CLONEZILLA,
        entries: entriesOf(kind, disk.device, image).map((entry) => ({ ...entry, run: missing ?? entry.run })),
        before: () => {
          rmSync(image, { force: true });
          return Promise.resolve();
        },
        check: () => {
          execFileSync('zstd', ['-q', '--test', image]);
          return Promise.resolve();
        },
      };
      return row;
    },
  };
}

/** One row for each file system. */
export const usedRows: readonly RowPlan[] = KINDS.map(usedRow);
