// Disks for the folders of Clonezilla and FOG, and what partclone.restore makes of the images in these folders.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { decoderLacks } from '../../../../build/native.mjs';
import { Folder, lacks } from '../../parsers/source-files.ts';
import { MiB } from '../support.ts';

/** Why folders that `tools` make cannot be tested here, for the name of a test; empty when they can. */
export function lacking(...tools: string[]): string {
  const missing = decoderLacks();
  if (missing.length > 0) return ` (without ${missing.join(', ')}: install the -dev packages)`;
  const tool = tools.map((one) => lacks(one)).find((one) => one !== null);
  return tool === undefined ? '' : ` (${tool})`;
}

/**
 * A folder with `disk.img`, 64 MiB with a partition table as sfdisk reads it, boot code, the ext4 `ext` at sector 2048
 * and the FAT `fat` at sector `second`. Both have a file of 3 MB. `mebibytes`: of the ext4.
 */
export async function diskOf(table: string, second: number, mebibytes = 20): Promise<Folder> {
  const folder = new Folder();
  writeFileSync(folder.at('table'), table);
  await folder.run(`
    truncate -s 64M disk.img && sfdisk -q disk.img < table
    head -c 440 /dev/urandom | dd of=disk.img conv=notrunc
    ${table.startsWith('label: dos') ? 'head -c 1000000 /dev/urandom | dd of=disk.img bs=512 seek=1 conv=notrunc' : ''}
    mkdir files && head -c 3000000 /dev/urandom > files/noise
    truncate -s ${mebibytes}M ext && truncate -s 20M fat
    mke2fs -q -t ext4 -d files ext && mkfs.vfat fat && mcopy -i fat files/noise ::
    dd if=ext of=disk.img bs=512 seek=2048 conv=notrunc && dd if=fat of=disk.img bs=512 seek=${second} conv=notrunc`);
  return folder;
}

/** The command that prints the table of a disk.img as sfdisk does for /dev/sda. */
export const dumpOf = (disk: string): string =>
  `sfdisk -d ${disk} | sed 's#^[^ ]*disk.img#/dev/sda#; s#^device: .*#device: /dev/sda#'`;

/**
 * The partition as partclone.restore makes it from the output of `command`, in which free blocks are zeros. It ends with
 * its next progress, which it shows every second here.
 */
export function restored(folder: Folder, command: string): Buffer {
  const script = `${command} | partclone.restore -f 1 -s - -o restored --restore_raw_file -L log && cat restored && rm restored`;
  return execFileSync('bash', ['-ec', script], {
    cwd: folder.path,
    maxBuffer: 64 * MiB,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
