// The lab's file systems: fresh folders on loop devices, some of which can clone files.
import { constants, existsSync } from 'node:fs';
import { copyFile, readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canMkfs, fileSystem, labdisk, reflinkDir, type FileSystem, type LabFolder } from './lab.ts';
import { dd, fresh, MiB, reason } from './support.ts';

const types = ['btrfs', 'xfs'] as const;
for (const type of [...types, 'ext4'] as const) if (canMkfs(type) !== null) console.error(`skipped: ${canMkfs(type)}`);
const missing = (type: FileSystem): boolean => canMkfs(type) !== null;

const clone = (folder: LabFolder): Promise<void> =>
  copyFile(join(folder.path, 'a'), join(folder.path, 'b'), constants.COPYFILE_FICLONE_FORCE);

describe.skipIf(reason !== null)('a file system of the lab', () => {
  for (const type of types) {
    test.skipIf(missing(type))(`${type} clones files, and disappears when closed`, async () => {
      let path: string;
      {
        await using folder = await reflinkDir(type);
        path = folder.path;
        await writeFile(join(path, 'a'), fresh(16 * MiB));
        const before = (await statfs(path)).bfree;
        await clone(folder);
        expect((await readFile(join(path, 'b'))).equals(fresh(16 * MiB))).toBe(true);
        const { bsize, bfree } = await statfs(path);
        expect((before - bfree) * bsize).toBeLessThan(17 * MiB); // b takes no room, but delayed writes of a may
      }
      expect(existsSync(path)).toBe(false);
    });
  }

  test.skipIf(missing('ext4'))('ext4 does not clone, and a small one is soon full', async () => {
    await using folder = await fileSystem('ext4', 8 * MiB);
    await writeFile(join(folder.path, 'a'), fresh(MiB));
    await expect(clone(folder)).rejects.toThrow('ENOTSUP');
    await expect(dd(['if=/dev/zero', `of=${join(folder.path, 'c')}`, 'bs=1M'])).rejects.toThrow(
      'No space left on device',
    );
  });

  test.skipIf(missing('ext4'))("a file system on a disk with rules has that disk's faults", async () => {
    await using disk = await labdisk({ size: 16 * MiB, mkfs: 'ext4' });
    const file = join(disk.tree, 'file');
    await dd(['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=1', 'conv=fsync']);
    await disk.rule('eio w 0 end');
    await expect(
      dd(['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=1', 'oflag=direct', 'conv=notrunc']),
    ).rejects.toThrow('Input/output error');
    await disk.rule('clear');
  });

  test('a file system that was not asked for does not exist', async () => {
    await using disk = await labdisk({ size: MiB });
    expect(() => disk.tree).toThrow('no file system');
  });
});
