// `node test/app/unpacking/write-images.ts NAME` writes test/app/unpacking/written/NAME*.img.zst with the command line in
// out/, and the SHA-256 of what is in each. Later versions must read these files (written-images.test.ts). Run it after a
// format has changed, with the new version's name, and keep the old files.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packableBytes } from '../../lab/lab.ts';

const MiB = 1024 ** 2;
const [name] = process.argv.slice(2);
if (name === undefined || !/^[\w.-]+$/u.test(name)) throw new Error('give a name for the files, such as 0.1.0');
const written = join(import.meta.dirname, 'written');
const folder = mkdtempSync(join(tmpdir(), 'platter-written-'));

/** An image of 4 MiB and three sectors with a boot sector, some text and mostly zeros. */
function plainImage(path: string): void {
  const bytes = Buffer.alloc(4 * MiB + 1536);
  for (const [at, length] of [
    [0, 512],
    [MiB - 100, 300],
    [4 * MiB, 1536],
  ] as const)
    packableBytes(length, at + 1).copy(bytes, at);
  bytes.fill(0, 446, 510);
  bytes.writeUInt16LE(0xaa55, 510);
  writeFileSync(path, bytes);
}

/** An ext4 of 8 MiB with a file, most of which is free. */
function fileSystem(path: string): void {
  const files = join(folder, 'files');
  mkdirSync(files);
  writeFileSync(join(files, 'text'), 'the content of a file\n'.repeat(100));
  writeFileSync(path, '');
  truncateSync(path, 8 * MiB);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', files, path]);
}

function write(source: string, target: string, ...options: string[]): void {
  const platter = join(import.meta.dirname, '../../../out/cli/platter.js');
  const env = { ...process.env, PLATTER_STATE: join(folder, 'state'), XDG_STATE_HOME: folder, XDG_CACHE_HOME: folder };
  execFileSync(process.execPath, [platter, 'copy', source, target, '--yes', ...options], { env });
  const image = execFileSync('zstd', ['-dcq', target], { maxBuffer: 16 * MiB });
  writeFileSync(`${target}.sha256`, `${createHash('sha256').update(image).digest('hex')}\n`);
}

try {
  mkdirSync(written, { recursive: true });
  plainImage(join(folder, 'plain.img'));
  write(join(folder, 'plain.img'), join(written, `${name}.img.zst`));
  fileSystem(join(folder, 'ext4.img'));
  write(join(folder, 'ext4.img'), join(written, `${name}-used.img.zst`), '--used');
} finally {
  rmSync(folder, { recursive: true });
}
