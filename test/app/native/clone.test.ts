// cloneFrom on file systems with and without shared blocks, judged by cmp and filefrag.
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadAddon, type NativeDevice } from '../../../app/engine/native/addon.ts';
import { canLab, canMkfs, labdisk, reflinkDir, seededBytes } from '../../lab/lab.ts';

const addon = loadAddon(fileURLToPath(new URL('../../../out/native/kcopyd.node', import.meta.url)));
const MiB = 1024 ** 2;
const SIZE = 4 * MiB + 1234;

const newImage = (path: string): Promise<NativeDevice> =>
  addon.openDevice(path, { write: true, exclusive: true, create: true, grow: true });

/** Writes a source file with a hole and an end within a block. */
async function makeSource(folder: string): Promise<string> {
  const path = join(folder, 'source');
  const file = await open(path, 'wx');
  await file.write(seededBytes(MiB, 1), 0, MiB, 0);
  await file.write(seededBytes(SIZE - 3 * MiB, 1, 3 * MiB), 0, SIZE - 3 * MiB, 3 * MiB);
  await file.close();
  return path;
}

async function inFolder<T>(parent: string, body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, 'platter-clone-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const type of ['btrfs', 'xfs'] as const) {
  const why = canMkfs(type);
  describe.skipIf(why !== null)(`cloning on ${type}${why === null ? '' : `: ${why}`}`, () => {
    test('clones a source byte for byte onto the same blocks, and the clone survives the source', async () => {
      await using folder = await reflinkDir(type);
      const source = await makeSource(folder.path);
      const path = join(folder.path, 'image');
      const from = await addon.openDevice(source);
      const to = await newImage(path);
      expect(await to.cloneFrom(from)).toBe(true);
      expect(to.info().size).toBe(SIZE);
      execFileSync('cmp', [source, path]);
      const extents = execFileSync('filefrag', ['-v', path], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => /^\s*\d+:/.test(line));
      expect(extents.length).toBeGreaterThan(0);
      for (const extent of extents) expect(extent).toContain('shared');
      // A later write to one file does not change the other.
      const before = execFileSync('sha256sum', [path], { encoding: 'utf8' });
      await writeFile(source, 'gone');
      expect(execFileSync('sha256sum', [path], { encoding: 'utf8' })).toBe(before);
      from.close();
      to.close();
    });

    test('leaves a file that is not empty alone', async () => {
      await using folder = await reflinkDir(type);
      const source = await makeSource(folder.path);
      const path = join(folder.path, 'image');
      await writeFile(path, 'something');
      const from = await addon.openDevice(source);
      const to = await addon.openDevice(path, { write: true });
      expect(await to.cloneFrom(from)).toBe(false);
      expect(to.info().size).toBe(9);
      from.close();
      to.close();
    });

    test('refuses a source that has changed its size', async () => {
      await using folder = await reflinkDir(type);
      const source = await makeSource(folder.path);
      const from = await addon.openDevice(source);
      await truncate(source, MiB);
      const to = await newImage(join(folder.path, 'image'));
      expect(await to.cloneFrom(from)).toBe(false);
      expect(to.info().size).toBe(0);
      from.close();
      to.close();
    });

    test('refuses to close either file while it is being cloned', async () => {
      await using folder = await reflinkDir(type);
      const from = await addon.openDevice(await makeSource(folder.path));
      const to = await newImage(join(folder.path, 'image'));
      const cloned = to.cloneFrom(from);
      for (const device of [from, to]) expect(() => device.close()).toThrow(expect.objectContaining({ code: 'EBUSY' }));
      expect(await cloned).toBe(true);
      from.close();
      to.close();
    });

    test('refuses to clone onto another file system', async () => {
      await using folder = await reflinkDir(type);
      await inFolder('/dev/shm', async (memory) => {
        const from = await addon.openDevice(await makeSource(memory));
        const to = await newImage(join(folder.path, 'image'));
        expect(await to.cloneFrom(from)).toBe(false);
        expect(to.info().size).toBe(0);
        from.close();
        to.close();
      });
    });
  });
}

test('reports a file system that cannot share blocks', async () => {
  await inFolder('/dev/shm', async (folder) => {
    const from = await addon.openDevice(await makeSource(folder));
    const to = await newImage(join(folder, 'image'));
    expect(await to.cloneFrom(from)).toBe(false);
    expect(to.info().size).toBe(0);
    from.close();
    to.close();
  });
});

test('refuses to clone what is not an open device', async () => {
  await inFolder('/dev/shm', async (folder) => {
    const from = await addon.openDevice(await makeSource(folder));
    const to = await newImage(join(folder, 'image'));
    expect(() => to.cloneFrom({} as NativeDevice)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
    from.close();
    expect(() => to.cloneFrom(from)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    to.close();
    expect(() => to.cloneFrom(from)).toThrow(expect.objectContaining({ code: 'EBADF', op: 'clone' }));
  });
});

const noLab = canLab();
test.skipIf(noLab !== null)(
  `refuses to clone to or from a block device${noLab === null ? '' : `: ${noLab}`}`,
  async () => {
    await using disk = await labdisk({ size: MiB });
    await inFolder('/dev/shm', async (folder) => {
      const device = await addon.openDevice(disk.device, { write: true });
      const file = await newImage(join(folder, 'image'));
      expect(await file.cloneFrom(device)).toBe(false);
      expect(await device.cloneFrom(file)).toBe(false);
      device.close();
      file.close();
    });
  },
);

describe.skipIf(canMkfs('btrfs') !== null)('errors of cloning', () => {
  test('throws for a file that may not be changed an EngineError with errno, call and file', async () => {
    await using folder = await reflinkDir('btrfs');
    const from = await addon.openDevice(await makeSource(folder.path));
    const path = join(folder.path, 'image');
    const to = await newImage(path);
    execFileSync('chattr', ['+i', path]);
    try {
      await expect(to.cloneFrom(from)).rejects.toMatchObject({
        name: 'EngineError',
        code: 'EPERM',
        op: 'clone',
        device: path,
      });
    } finally {
      execFileSync('chattr', ['-i', path]);
    }
    from.close();
    to.close();
  });
});
