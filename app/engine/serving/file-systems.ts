// Shows the file systems of an opened image: as root by mount(8), else by udisks where it is installed.
import { accessSync, constants } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedFile } from '../../contract/opened-images.ts';
import { unlessErrno } from '../../base/errors.ts';
import { runProgram, SYSTEM_PATH, type ProgramOutput } from '../devices/run-program.ts';
import type { ImageFile, OpenedImage } from './image-folder.ts';

/** A file of an opened image, and where the system shows its files. */
export type ShownFile = OpenedFile;

/** The types of the kernel, by the names of blkid, and the options with which each writes nothing, not even its log. */
const KERNEL_TYPES: Readonly<Record<string, { type: string; options: readonly string[] }>> = {
  ext2: { type: 'ext2', options: [] },
  ext3: { type: 'ext4', options: ['noload'] },
  ext4: { type: 'ext4', options: ['noload'] },
  xfs: { type: 'xfs', options: ['norecovery', 'nouuid'] },
  btrfs: { type: 'btrfs', options: ['rescue=nologreplay'] },
  f2fs: { type: 'f2fs', options: ['norecovery'] },
  vfat: { type: 'vfat', options: [] },
  exfat: { type: 'exfat', options: [] },
  ntfs: { type: 'ntfs3', options: [] },
  iso9660: { type: 'iso9660', options: [] },
  udf: { type: 'udf', options: [] },
  squashfs: { type: 'squashfs', options: [] },
  erofs: { type: 'erofs', options: [] },
  hfsplus: { type: 'hfsplus', options: [] },
};

/** True when a file has a file system that the system may be able to show. */
export const hasFileSystem = ({ type }: ImageFile): boolean => type !== null && type in KERNEL_TYPES;

/** True when `showFileSystems` can do something here. */
export const canShow = (): boolean =>
  process.getuid?.() === 0 || SYSTEM_PATH.split(':').some((folder) => canRun(join(folder, UDISKS)));

const canRun = (program: string): boolean =>
  unlessErrno(false, () => {
    accessSync(program, constants.X_OK);
    return true;
  });

/** The program that asks udisks. */
export const UDISKS = 'udisksctl';

/** Shows each file system of an image. One that cannot be shown does not keep the others from it. */
export async function showFileSystems({ folder, files }: OpenedImage): Promise<ShownFile[]> {
  const shown: ShownFile[] = [];
  const show = process.getuid?.() === 0 ? mountAsRoot : mountByUdisks;
  for (const file of files)
    shown.push({
      ...file,
      ...(hasFileSystem(file) && canShow() ? await show(file, folder) : { mounted: null, refused: null }),
    });
  return shown;
}

type Shown = Pick<ShownFile, 'mounted' | 'refused'>;
const refusedBy = ({ failed, stderr }: ProgramOutput): string =>
  (stderr.trim().split('\n')[0] ?? '').replace(/^[^:]*: ([^:]*: )?/, '').replace(/\.$/, '') || failed!;

async function mountAsRoot({ path, partition, type }: ImageFile, folder: string): Promise<Shown> {
  const kernel = KERNEL_TYPES[type!]!;
  const target = join(folder, partition === null ? 'disk' : String(partition));
  await mkdir(target);
  const options = ['loop', 'ro', 'nosuid', 'nodev', 'noexec', ...kernel.options].join(',');
  const ran = await runProgram('mount', ['-t', kernel.type, '-o', options, path, target]);
  if (ran.failed === null) return { mounted: target, refused: null };
  await rmdir(target);
  return { mounted: null, refused: refusedBy(ran) };
}

async function mountByUdisks({ path }: ImageFile): Promise<Shown> {
  const quiet = '--no-user-interaction';
  const set = await runProgram(UDISKS, ['loop-setup', quiet, '--read-only', '--file', path]);
  const device = / as (\/dev\/loop\d+)\.?$/m.exec(set.stdout)?.[1];
  if (set.failed !== null || device === undefined) return { mounted: null, refused: refusedBy(set) };
  const ran = await runProgram(UDISKS, ['mount', quiet, '--block-device', device, '--options', 'ro,noexec']);
  const target = / at (\/.*?)\.?$/m.exec(ran.stdout)?.[1];
  if (ran.failed === null && target !== undefined) return { mounted: target, refused: null };
  await runProgram(UDISKS, ['loop-delete', quiet, '--block-device', device]);
  return { mounted: null, refused: refusedBy(ran) };
}
