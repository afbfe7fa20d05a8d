// A disk with two file systems, packed in every way in which an image can be opened.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { seededBytes } from '../../lab/lab.ts';
import { Folder } from '../parsers/source-files.ts';

const MIB = 1024 ** 2;
/** Bytes of the disk, and its partitions. */
export const DISK = 84 * MIB;
export const PARTITIONS = [
  { number: 1, type: 'ext4', start: MIB, size: 24 * MIB },
  { number: 2, type: 'btrfs', start: 32 * MIB, size: 48 * MIB },
] as const;

/** The ways to pack `disk.img`: a command that writes NAME. */
export const PACKINGS: readonly { name: string; format: string; command: string; needs: string }[] = [
  { name: 'disk.img', format: 'none', command: ':', needs: 'sfdisk' },
  { name: 'disk.img.xz', format: 'xz', command: 'xz -0 --block-size=4MiB -T2 -k disk.img', needs: 'xz' },
  { name: 'pixz.xz', format: 'xz', command: 'pixz -0 disk.img pixz.xz', needs: 'pixz' },
  {
    name: 'disk.img.zst',
    format: 'zstd',
    command: `split -b 4M --filter='cat > piece && zstd -q -1 -c piece' disk.img > disk.img.zst`,
    needs: 'zstd',
  },
  {
    name: 'disk.qcow2',
    format: 'qcow2',
    command: 'qemu-img convert -c -O qcow2 disk.img disk.qcow2',
    needs: 'qemu-img',
  },
  { name: 'split.img.000', format: 'none', command: 'split -b 20M -d -a 3 disk.img split.img.', needs: 'split' },
  {
    name: 'split.zst.000',
    format: 'zstd',
    command: `split -b 4M --filter='cat > piece && zstd -q -1 -c piece' disk.img | split -b 1M -d -a 3 - split.zst.`,
    needs: 'zstd',
  },
  { name: 'stored.zip', format: 'zip', command: 'zip -q -0 stored.zip disk.img', needs: 'zip' },
];

/** What makes each file system with the files in `files`, without mounting it. */
const MAKE = {
  ext4: 'mke2fs -q -t ext4 -L first -d files',
  btrfs: 'mkfs.btrfs -q -f -M -r files',
} as const;

/** A folder with `disk.img`: a GPT with an ext4 and a btrfs, which hold the files of the folder `files`. */
export function packedDisk(): Folder {
  const folder = new Folder();
  mkdirSync(folder.at('files'));
  writeFileSync(folder.at('files/small'), 'a small file\n');
  writeFileSync(folder.at('files/large'), seededBytes(6 * MIB, 7));
  const rows = PARTITIONS.map(({ start, size }) => `start=${start / 512}, size=${size / 512}\\n`).join('');
  const parts = PARTITIONS.map(
    ({ type, start, size }) => `
      truncate -s ${size} part && ${MAKE[type]} part >&2
      dd if=part of=disk.img bs=1M seek=${start / MIB} conv=notrunc,sparse status=none && rm part`,
  );
  const script = `truncate -s ${DISK} disk.img; printf 'label: gpt\\n${rows}' | sfdisk -q disk.img; ${parts.join('')}`;
  execFileSync('bash', ['-ec', script], { cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe'] });
  return folder;
}

/** The description of `files` that mkfs.xfs takes. */
const PROTO = `/
0 0
d--755 0 0
small ---644 0 0 files/small
large ---644 0 0 files/large
$
`;

/** Makes `xfs.img` there: an xfs without a partition table, with the same files. It is never smaller than 300 MiB. */
export function makeXfs(folder: Folder): void {
  writeFileSync(folder.at('proto'), PROTO);
  execFileSync('sh', ['-ec', 'truncate -s 304M xfs.img; mkfs.xfs -q -p proto xfs.img'], { cwd: folder.path });
}

/** What the kernel lists of mounts and loop devices below a folder. */
export const leftBelow = (folder: string): string[] =>
  [
    ...readFileSync('/proc/self/mounts', 'utf8').split('\n'),
    ...execFileSync('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE'], { encoding: 'utf8' }).split(
      '\n',
    ),
  ].filter((line) => line.includes(folder));
