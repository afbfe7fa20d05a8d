// Source files of every kind, made with the usual tools.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Recognised } from '../../../app/contract/sources.ts';
import { recognise } from '../../../app/parsers/recognise.ts';
import { HEAD_BYTES, TAIL_BYTES } from '../../../app/parsers/bytes/sample.ts';

const MiB = 1024 ** 2;
const execute = promisify(execFile);

/** Why a test that needs `tool` is skipped; null when it is installed. */
export function lacks(tool: string): string | null {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' });
    return null;
  } catch {
    return `${tool} is not installed`;
  }
}

/** A folder that is removed when the test ends (`using`). */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'platter-files-'));

  at(name: string): string {
    return join(this.path, name);
  }

  /** Runs a shell script in the folder. */
  async run(script: string): Promise<void> {
    await execute('bash', ['-euc', script], { cwd: this.path, env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  }

  /** A disk image `disk.img` of 4 MiB: an MBR with one partition, made by sfdisk. */
  async image(): Promise<string> {
    const path = this.at('disk.img');
    await writeFile(path, '');
    await truncate(path, 4 * MiB);
    await this.run("printf 'label: dos\\nsize=2M, type=c\\n' | sfdisk -q disk.img");
    return path;
  }

  /** A disk image `disk.img` of 24 MiB: a GPT with an ext4, which has a file that cannot be packed. */
  system(): Promise<void> {
    return this.run(`
      truncate -s 24M disk.img
      printf 'label: gpt\\nstart=2048, size=20M, type=L, name=root\\n' | sfdisk -q disk.img
      truncate -s 20M ext && head -c 3M /dev/urandom > noise && mkdir files && cp noise files
      mke2fs -q -t ext4 -L rootfs -d files ext && dd if=ext of=disk.img bs=1M seek=1 conv=notrunc,sparse`);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** The result of app/parsers for a file, from the bytes that the host would read. */
export async function recogniseFile(path: string): Promise<Recognised> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (at: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    };
    return recognise(await read(0, HEAD_BYTES), await read(Math.max(0, size - TAIL_BYTES), TAIL_BYTES), size);
  } finally {
    await file.close();
  }
}

/** The same for bytes. */
export const recogniseBytes = (bytes: Buffer): Recognised =>
  recognise(bytes.subarray(0, HEAD_BYTES), bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)), bytes.length);

/** A file and its expected recognition. `make` gets a folder with `disk.img` in it and makes `file`. */
export interface Made {
  name: string;
  tool: string;
  make: string;
  file: string;
}

/** The cases of finding F6: packed images, archives, virtual disks, and other downloads beside an image. */
export const F6: readonly Made[] = [
  { name: 'an xz file', tool: 'xz', make: 'xz -k disk.img', file: 'disk.img.xz' },
  { name: 'a gzip file that is named .img', tool: 'gzip', make: 'gzip -c disk.img > packed.img', file: 'packed.img' },
  { name: 'a zstd file', tool: 'zstd', make: 'zstd -q disk.img', file: 'disk.img.zst' },
  { name: 'a bzip2 file', tool: 'bzip2', make: 'bzip2 -k disk.img', file: 'disk.img.bz2' },
  { name: 'a ZIP file', tool: 'zip', make: 'zip -q disk.zip disk.img', file: 'disk.zip' },
  { name: 'a tar archive', tool: 'tar', make: 'tar -cf disk.tar disk.img', file: 'disk.tar' },
  { name: 'a tar archive packed with xz', tool: 'xz', make: 'tar -cJf disk.tar.xz disk.img', file: 'disk.tar.xz' },
  { name: 'a qcow2 file', tool: 'qemu-img', make: 'qemu-img convert -O qcow2 disk.img disk.qcow2', file: 'disk.qcow2' },
  { name: 'a VMDK file', tool: 'qemu-img', make: 'qemu-img convert -O vmdk disk.img disk.vmdk', file: 'disk.vmdk' },
  {
    name: 'a VHD file',
    tool: 'qemu-img',
    make: 'qemu-img convert -O vpc -o force_size=on disk.img disk.vhd',
    file: 'disk.vhd',
  },
  {
    name: 'a bmap file',
    tool: 'bash',
    file: 'disk.bmap',
    make:
      'printf \'<?xml version="1.0" ?>\\n<!-- This file contains the block map for an image file -->\\n' +
      '<bmap version="2.0">\\n  <ImageSize> 4194304 </ImageSize>\\n</bmap>\\n\' > disk.bmap',
  },
  {
    name: 'a list of checksums',
    tool: 'sha256sum',
    make: 'sha256sum disk.img > disk.img.sha256',
    file: 'disk.img.sha256',
  },
  {
    name: 'a web page of 32 bytes that is named .img',
    tool: 'bash',
    make: "printf '<html><body>Gone</body></html>\\n\\n' | head -c 32 > page.img",
    file: 'page.img',
  },
];

/** Other kinds of files, with the expected fact. */
export const OTHERS: readonly (Made & { is: object })[] = [
  {
    name: 'lz4',
    tool: 'lz4',
    make: 'lz4 -q disk.img disk.lz4',
    file: 'disk.lz4',
    is: { kind: 'packed', format: 'lz4' },
  },
  {
    name: 'legacy lz4',
    tool: 'lz4',
    make: 'lz4 -q -l disk.img disk.lz4',
    file: 'disk.lz4',
    is: { kind: 'packed', format: 'legacy lz4' },
  },
  {
    // It can be meant for a partition; --as-is writes it there.
    name: 'squashfs',
    tool: 'mksquashfs',
    make: 'mksquashfs /etc/hostname disk.squashfs -quiet -no-progress',
    file: 'disk.squashfs',
    is: { kind: 'fileSystem', format: 'squashfs' },
  },
  {
    name: 'lzma',
    tool: 'xz',
    make: 'xz -k --format=lzma disk.img',
    file: 'disk.img.lzma',
    is: { kind: 'packed', format: 'lzma' },
  },
  { name: 'lzip', tool: 'lzip', make: 'lzip -k disk.img', file: 'disk.img.lz', is: { kind: 'packed', format: 'lzip' } },
  { name: 'lzop', tool: 'lzop', make: 'lzop disk.img', file: 'disk.img.lzo', is: { kind: 'packed', format: 'lzop' } },
  {
    name: '7z',
    tool: '7zz',
    make: '7zz a -bso0 -bsp0 disk.7z disk.img',
    file: 'disk.7z',
    is: { kind: 'packed', format: '7z' },
  },
  {
    name: 'a stored ZIP',
    tool: 'zip',
    make: 'zip -q -0 disk.zip disk.img',
    file: 'disk.zip',
    is: { kind: 'packed', format: 'ZIP' },
  },
  {
    name: 'an old tar',
    tool: 'tar',
    make: 'tar --format=v7 -cf disk.tar disk.img',
    file: 'disk.tar',
    is: { kind: 'archive', format: 'tar' },
  },
  {
    name: 'cpio',
    tool: 'cpio',
    make: 'echo disk.img | cpio --quiet -o -H newc > disk.cpio',
    file: 'disk.cpio',
    is: { kind: 'archive', format: 'cpio' },
  },
  { name: 'ar', tool: 'ar', make: 'ar rc disk.a disk.img', file: 'disk.a', is: { kind: 'archive', format: 'ar' } },
  {
    name: 'a Debian package',
    tool: 'dpkg-deb',
    make:
      "mkdir -p p/DEBIAN && printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: p <p@p>\\n" +
      "Description: p\\n' > p/DEBIAN/control && dpkg-deb -b p p.deb",
    file: 'p.deb',
    is: { kind: 'archive', format: 'Debian package' },
  },
  {
    name: 'qcow',
    tool: 'qemu-img',
    make: 'qemu-img convert -O qcow disk.img d',
    file: 'd',
    is: { kind: 'virtualDisk', format: 'qcow' },
  },
  {
    name: 'QED',
    tool: 'qemu-img',
    make: 'qemu-img convert -O qed disk.img d',
    file: 'd',
    is: { kind: 'virtualDisk', format: 'QED' },
  },
  {
    name: 'VDI',
    tool: 'qemu-img',
    make: 'qemu-img convert -O vdi disk.img d',
    file: 'd',
    is: { kind: 'virtualDisk', format: 'VDI' },
  },
  {
    name: 'VHDX',
    tool: 'qemu-img',
    make: 'qemu-img convert -O vhdx disk.img d',
    file: 'd',
    is: { kind: 'virtualDisk', format: 'VHDX' },
  },
  {
    name: 'Parallels',
    tool: 'qemu-img',
    make: 'qemu-img convert -O parallels disk.img d',
    file: 'd',
    is: { kind: 'virtualDisk', format: 'Parallels' },
  },
  {
    name: 'the text of a VMDK',
    tool: 'qemu-img',
    make: 'qemu-img convert -O vmdk -o subformat=monolithicFlat disk.img d.vmdk',
    file: 'd.vmdk',
    is: { kind: 'virtualDisk', format: 'VMDK' },
  },
  {
    name: 'an Android sparse image',
    tool: 'img2simg',
    make: 'img2simg disk.img d',
    file: 'd',
    is: { kind: 'virtualDisk', format: 'Android sparse image' },
  },
  { name: 'a program', tool: 'cp', make: 'cp /usr/bin/cp d', file: 'd', is: { kind: 'program', format: 'ELF' } },
  {
    name: 'a signed list of checksums',
    tool: 'sha512sum',
    make: "{ printf -- '-----BEGIN PGP SIGNED MESSAGE-----\\nHash: SHA512\\n\\n'; sha512sum disk.img; } > d",
    file: 'd',
    is: { kind: 'checksums' },
  },
  {
    name: 'tagged checksums',
    tool: 'sha256sum',
    make: 'sha256sum --tag disk.img > d',
    file: 'd',
    is: { kind: 'checksums' },
  },
  {
    name: 'JSON',
    tool: 'bash',
    make: `printf '{\\n  "error": "Not found"\\n}\\n' > d`,
    file: 'd',
    is: { kind: 'json' },
  },
  {
    name: 'XML',
    tool: 'bash',
    make: `printf '<?xml version="1.0"?>\\n<Error><Code>NoSuchKey</Code></Error>\\n' > d`,
    file: 'd',
    is: { kind: 'xml' },
  },
  {
    name: 'text in another script',
    tool: 'bash',
    make: "printf 'Прочти меня\\n这是一个文件\\n' > d",
    file: 'd',
    is: { kind: 'text' },
  },
  {
    name: 'PDF',
    tool: 'bash',
    make: "printf '%%PDF-1.7\\n\\001\\002\\n' > d",
    file: 'd',
    is: { kind: 'document', format: 'PDF' },
  },
];

/** Disk images, by the tool that makes them from `d`, 64 MiB of zeros. None of them may ever be refused. */
export const IMAGES: readonly Made[] = [
  { name: 'GPT', tool: 'sfdisk', make: "printf 'label: gpt\\nsize=8M\\n' | sfdisk -q d", file: 'd' },
  { name: 'a GPT without partitions', tool: 'sfdisk', make: "printf 'label: gpt\\n' | sfdisk -q d", file: 'd' },
  { name: 'MBR', tool: 'sfdisk', make: "printf 'label: dos\\nsize=8M\\n' | sfdisk -q d", file: 'd' },
  { name: 'a Sun disk label', tool: 'sfdisk', make: "printf 'label: sun\\n' | sfdisk -q d", file: 'd' },
  { name: 'an SGI disk label', tool: 'sfdisk', make: "printf 'label: sgi\\n' | sfdisk -q d", file: 'd' },
  { name: 'ext2', tool: 'mkfs.ext2', make: 'mkfs.ext2 -qF d', file: 'd' },
  { name: 'ext4', tool: 'mkfs.ext4', make: 'mkfs.ext4 -qF d', file: 'd' },
  { name: 'XFS', tool: 'mkfs.xfs', make: 'truncate -s 320M d && mkfs.xfs -q d', file: 'd' },
  { name: 'btrfs', tool: 'mkfs.btrfs', make: 'truncate -s 128M d && mkfs.btrfs -q d', file: 'd' },
  { name: 'FAT12', tool: 'mkfs.fat', make: 'mkfs.fat -F 12 d', file: 'd' },
  { name: 'FAT16', tool: 'mkfs.fat', make: 'mkfs.fat -F 16 d', file: 'd' },
  { name: 'FAT32', tool: 'mkfs.fat', make: 'mkfs.fat -F 32 d', file: 'd' },
  { name: 'NTFS', tool: 'mkfs.ntfs', make: 'mkfs.ntfs -qQF d', file: 'd' },
  { name: 'exFAT', tool: 'mkfs.exfat', make: 'mkfs.exfat d', file: 'd' },
  { name: 'F2FS', tool: 'mkfs.f2fs', make: 'mkfs.f2fs -q d', file: 'd' },
  { name: 'swap', tool: 'mkswap', make: 'mkswap -q d', file: 'd' },
  {
    name: 'LUKS 1',
    tool: 'cryptsetup',
    make: 'echo x | cryptsetup -q luksFormat --type luks1 --pbkdf-force-iterations 1000 d -',
    file: 'd',
  },
  {
    name: 'LUKS 2',
    tool: 'cryptsetup',
    make: 'echo x | cryptsetup -q luksFormat --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 d -',
    file: 'd',
  },
  {
    name: 'ISO 9660',
    tool: 'genisoimage',
    make: 'mkdir t && cp /etc/hostname t && genisoimage -quiet -R -o i t',
    file: 'i',
  },
  {
    name: 'a hybrid of ISO 9660 and MBR',
    tool: 'genisoimage',
    make:
      "mkdir t && cp /bin/bash t && genisoimage -quiet -R -o i t && printf 'label: dos\\nstart=64,size=1M\\n" +
      "' | sfdisk -q i",
    file: 'i',
  },
  {
    name: 'UDF',
    tool: 'genisoimage',
    make: 'mkdir t && cp /etc/hostname t && genisoimage -quiet -udf -o i t',
    file: 'i',
  },
  {
    name: 'an ISO image with a squashfs in it',
    tool: 'mksquashfs',
    make:
      'mkdir t && mksquashfs /etc/hostname t/filesystem.squashfs -quiet -no-progress && ' +
      'genisoimage -quiet -R -o i t',
    file: 'i',
  },
];

/** Puts `bytes` into a file at `offset`. */
export async function overwrite(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, offset);
  await file.close();
}

/** The content of a small file. */
export const bytesOf = (path: string): Promise<Buffer> => readFile(path);
