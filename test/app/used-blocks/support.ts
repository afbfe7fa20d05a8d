// File systems as sources: made by their own mkfs, filled and fragmented, in files and in partitions.
import { execFile } from 'node:child_process';
import { chmod, mkdir, open, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { seededBytes } from '../../lab/lab.ts';

const execute = promisify(execFile);

/** Runs a program; rejects with what it printed when it fails. */
export async function run(program: string, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await execute(program, args, {
      maxBuffer: 256 * 1024 ** 2,
      env: { ...process.env, MTOOLS_SKIP_CHECK: '1' },
    });
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
  }
}

/** An empty image of `size` bytes at `path`. */
export async function blank(path: string, size: number): Promise<string> {
  await writeFile(path, '');
  await truncate(path, size);
  // The programs of the file systems run as nobody.
  await chmod(path, 0o600);
  return path;
}

/** Writes `count` files into `folder` and removes every second one: what stays lies in pieces. */
export async function fragment(folder: string, count: number, bytes = 300_000): Promise<void> {
  await mkdir(join(folder, 'deep'), { recursive: true });
  for (let index = 0; index < count; index += 1)
    await writeFile(
      join(folder, index % 3 === 0 ? 'deep' : '', `f${index}`),
      seededBytes(bytes + index * 7, index + 1),
    );
  await run('sync', '-f', folder);
  for (const name of await readdir(folder)) if (/^f\d*[02468]$/.test(name)) await run('rm', join(folder, name));
}

/** Mounts the image at `path` while `work` goes on in it. `options`: of mount(8). */
export async function mounted<T>(
  path: string,
  at: string,
  work: (folder: string) => Promise<T>,
  options = 'loop',
): Promise<T> {
  await mkdir(at, { recursive: true });
  await run('mount', '-o', options, path, at);
  try {
    return await work(at);
  } finally {
    await run('umount', at);
  }
}

/** The same with a program that mounts by FUSE, which wants a device. */
export async function mountedBy<T>(
  program: string,
  path: string,
  at: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(at, { recursive: true });
  const device = (await run('losetup', '--find', '--show', path)).trim();
  try {
    await run(program, device, at);
    try {
      return await work(at);
    } finally {
      await run('umount', at);
    }
  } finally {
    await run('losetup', '--detach', device);
  }
}

/** The checksum of every file below `folder`, by its path. */
export async function sums(folder: string): Promise<string> {
  return run('bash', '-c', 'cd "$0" && find . -xdev -type f -print0 | sort -z | xargs -0 sha256sum', folder);
}

/** A file of `size` bytes that is full of 0xA5. */
export async function dirty(path: string, size: number): Promise<string> {
  const file = await open(path, 'w');
  try {
    const piece = Buffer.alloc(4 * 1024 ** 2, 0xa5);
    for (let at = 0; at < size; at += piece.length) await file.write(piece, 0, Math.min(piece.length, size - at), at);
  } finally {
    await file.close();
  }
  return path;
}
