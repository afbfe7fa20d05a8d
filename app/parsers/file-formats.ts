// Formats that are not disk images: packed files, archives, virtual disks and so on, by their bytes at fixed places.
// From each format's documentation, which the comments name, and from libmagic's database.
import type { Fact } from '../contract/facts.ts';
import { isLinuxKernel } from './disk-evidence.ts';
import { within, type Sample } from './bytes/sample.ts';

/** A format: its name, its kind of file, and the test for it. */
interface Format {
  what: Extract<Fact<'files'>, { format: string }>['kind'];
  format: string;
  /** False when the bytes are few or shared with other kinds of files. */
  sure: boolean;
  test: (file: Sample) => boolean;
}

const at =
  (offset: number, ...wanted: (string | readonly number[])[]) =>
  (file: Sample): boolean =>
    wanted.some((each) => file.has(offset, each));
const magic = (what: Format['what'], format: string, test: Format['test'], sure = true): Format => ({
  what,
  format,
  sure,
  test,
});

/** Formats based on ZIP come first: an office document is a ZIP file with certain names in it. */
const PACKED: readonly Format[] = [
  magic('document', 'Office', isOfficeZip),
  magic('packed', 'xz', at(0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])), // The .xz file format, 2.1.1.1
  magic('packed', 'gzip', (file) => file.has(0, [0x1f, 0x8b, 8]) && (file.u8(3)! & 0xe0) === 0), // RFC 1952
  magic(
    'packed',
    'bzip2',
    (file) =>
      file.has(0, 'BZh') &&
      (file.has(4, [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) || file.has(4, [0x17, 0x72, 0x45, 0x38, 0x50, 0x90])),
  ),
  // RFC 8878, 3.1.1
  magic('packed', 'zstd', (file) => file.has(afterSkippables(file), [0x28, 0xb5, 0x2f, 0xfd])),
  magic('packed', 'lz4', (file) => file.has(afterSkippables(file), [0x04, 0x22, 0x4d, 0x18])), // lz4_Frame_format.md
  magic('packed', 'legacy lz4', at(0, [0x02, 0x21, 0x4c, 0x18])),
  magic('packed', 'lzma', isLzma),
  magic('packed', 'lzip', (file) => file.has(0, 'LZIP') && within(file.u8(4), 0, 1)),
  magic('packed', 'lzop', at(0, [0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a])),
  magic(
    'packed',
    'compress',
    (file) => file.has(0, [0x1f, 0x9d]) && within(file.u8(2)! & 0x1f, 9, 16) && (file.u8(2)! & 0x60) === 0,
    false,
  ), // compress(1)
  magic('packed', 'ZIP', (file) => file.has(0, 'PK\x03\x04') && within(file.u16le(4), 0, 63)), // APPNOTE.TXT, 4.3.7
  magic('packed', 'ZIP', at(0, 'PK\x05\x06', 'PK\x07\x08PK\x03\x04')),
  magic('packed', '7z', at(0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c])), // 7zFormat.txt
  magic('packed', 'RAR', at(0, 'Rar!\x1a\x07')),
  magic('packed', 'self-extracting ZIP', endsAsZip),
  magic('packed', 'cloop', at(0, '#!/bin/sh\n#V2.0 Format\n')),
];

const ARCHIVES: readonly Format[] = [
  magic('archive', 'tar', isTar),
  magic('archive', 'Debian package', (file) => file.has(0, '!<arch>\n') && file.has(8, 'debian-binary')),
  magic('archive', 'ar', at(0, '!<arch>\n')),
  magic('archive', 'RPM package', at(0, [0xed, 0xab, 0xee, 0xdb])),
  magic('archive', 'cpio', at(0, '070701', '070702', '070707')), // cpio(5)
  magic('archive', 'cpio', at(0, [0xc7, 0x71]), false),
  magic('archive', 'Cabinet', at(0, 'MSCF\0\0\0\0')),
  magic('archive', 'xar', at(0, 'xar!')),
];

/**
 * QEMU's docs/interop and block/ for most; VMware's "Virtual Disk Format 5.0"; Microsoft's VHD and [MS-VHDX]
 * specifications.
 */
const VIRTUAL_DISKS: readonly Format[] = [
  magic('virtualDisk', 'qcow2', (file) => file.has(0, [...Buffer.from('QFI'), 0xfb]) && within(file.u32be(4), 2, 3)),
  magic('virtualDisk', 'qcow', at(0, [...Buffer.from('QFI'), 0xfb])),
  magic('virtualDisk', 'QED', at(0, 'QED\0')),
  magic('virtualDisk', 'VMDK', at(0, 'KDMV', 'COWD', '# Disk DescriptorFile')),
  magic('virtualDisk', 'VDI', at(64, [0x7f, 0x10, 0xda, 0xbe])),
  magic('virtualDisk', 'VHDX', at(0, 'vhdxfile')),
  magic('virtualDisk', 'VHD', (file) => file.has(0, 'conectix') || hasVhdFooter(file)),
  magic('virtualDisk', 'Parallels', at(0, 'WithoutFreeSpace', 'WithouFreSpacExt')),
  magic('virtualDisk', 'Bochs', at(0, 'Bochs Virtual HD Image')),
  magic('virtualDisk', 'Android sparse image', at(0, [0x3a, 0xff, 0x26, 0xed])), // AOSP, libsparse/sparse_format.h
  magic('virtualDisk', 'DMG', (file) => hasDmgTrailer(file) || file.has(0, 'encrcdsa')),
  magic('virtualDisk', 'CHD', at(0, 'MComprHD')),
];

const BACKUPS: readonly Format[] = [
  magic(
    'backup',
    'EWF',
    at(
      0,
      [...Buffer.from('EVF'), 9, 0x0d, 0x0a, 0xff, 0],
      [...Buffer.from('LVF'), 9, 0x0d, 0x0a, 0xff, 0],
      [...Buffer.from('EVF2'), 0x0d, 0x0a, 0x81, 0],
    ),
  ), // libewf
  magic('backup', 'AFF', at(0, 'AFF10\r\n\0')),
  magic('backup', 'partclone', at(0, 'partclone-image')),
  magic('backup', 'partimage', at(0, 'PaRtImAgE-VoLuMe')),
  magic('backup', 'FSArchiver', at(0, 'FsA0')),
  magic('backup', 'ntfsclone', at(0, '\0ntfsclone-image')),
  magic('backup', 'WIM', at(0, 'MSWIM\0\0\0')),
  magic('backup', 'btrfs send', at(0, 'btrfs-stream\0')),
  magic('backup', 'xfsdump', at(0, 'xFSdump0')),
  magic('firmware', 'UBI', at(0, 'UBI#\x01'), false),
  magic('firmware', 'uImage', at(0, [0x27, 0x05, 0x19, 0x56]), false),
  magic('firmware', 'Linux kernel', isLinuxKernel, false),
  // It can be mounted from a partition, but no machine boots from it.
  magic('fileSystem', 'squashfs', (file) => file.has(0, 'hsqs') && file.u16le(28) === 4),
  magic('encrypted', 'age', at(0, 'age-encryption.org/v1')),
  magic('encrypted', 'OpenSSL', at(0, 'Salted__')),
];

const EVERYDAY: readonly Format[] = [
  magic('program', 'ELF', (file) => file.has(0, [0x7f, 0x45, 0x4c, 0x46]) && within(file.u8(4), 1, 2)),
  // A Linux kernel is an EFI program too, and some programs (memtest86+) boot from a disk that they were written to.
  magic(
    'program',
    'Windows',
    (file) =>
      file.has(0, 'MZ') &&
      !isLinuxKernel(file) &&
      within(file.u32le(60), 64, 65_536) &&
      file.has(file.u32le(60)!, 'PE\0\0'),
  ),
  magic('program', 'DOS', at(0, 'MZ'), false),
  magic('program', 'Mach-O', at(0, [0xcf, 0xfa, 0xed, 0xfe], [0xce, 0xfa, 0xed, 0xfe])),
  magic('media', 'PNG', at(0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])),
  magic('media', 'JPEG', (file) => file.has(0, [0xff, 0xd8, 0xff]) && within(file.u8(3), 0xc0, 0xfe)),
  magic('media', 'GIF', at(0, 'GIF87a', 'GIF89a')),
  magic('media', 'BMP', (file) => file.has(0, 'BM') && file.u32le(2) === file.size),
  magic('media', 'TIFF', at(0, 'II*\0', 'MM\0*'), false),
  magic('media', 'RIFF', (file) => file.has(0, 'RIFF') && ['WAVE', 'AVI ', 'WEBP'].some((kind) => file.has(8, kind))),
  magic('media', 'Ogg', at(0, 'OggS\0')),
  magic('media', 'FLAC', at(0, 'fLaC')),
  magic('media', 'MP3', (file) => file.has(0, 'ID3') && within(file.u8(3), 2, 4)),
  magic('media', 'MP4', at(4, 'ftyp')),
  magic('media', 'Matroska', at(0, [0x1a, 0x45, 0xdf, 0xa3])),
  magic('document', 'PDF', at(0, '%PDF-')),
  magic('document', 'PostScript', at(0, '%!PS')),
  magic('document', 'RTF', at(0, '{\\rtf')),
  magic('document', 'Office', at(0, [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])), // [MS-CFB], 2.2
  magic('document', 'SQLite', at(0, 'SQLite format 3\0')),
];

const FORMATS: readonly Format[] = [...PACKED, ...ARCHIVES, ...VIRTUAL_DISKS, ...BACKUPS, ...EVERYDAY];

/** The format of a file that is not a disk image, the certain ones first; null without one. */
export function fileFormat(file: Sample): Omit<Format, 'test'> | null {
  const found = FORMATS.filter(({ test }) => test(file));
  return found.find(({ sure }) => sure) ?? found[0] ?? null;
}

/** An AppImage of type 1 is a program and also an ISO 9660 image (AppImage specification, "Image format"). */
export const isAppImage = (file: Sample): boolean => file.has(0, [0x7f, 0x45, 0x4c, 0x46]) && file.has(8, 'AI\x01');

/** The trailer after a disk in a virtual disk file that otherwise is the plain disk; null without one. */
export const trailerOf = (file: Sample): string | null =>
  isFixedVhd(file) ? 'VHD' : hasDmgTrailer(file) ? 'DMG' : null;

/** "Virtual Hard Disk Image Format Specification": every VHD ends with the footer, which is a fixed disk's only mark. */
const hasVhdFooter = (file: Sample): boolean => file.has(-512, 'conectix') && file.u32be(-512 + 12) === 0x10000;

/** Its checksum is the complement of the sum of all other bytes. */
function isFixedVhd(file: Sample): boolean {
  const footer = file.bytes(-512, 512);
  if (footer === null || !hasVhdFooter(file)) return false;
  const sum = footer.reduce((total, byte, index) => total + (index >= 64 && index < 68 ? 0 : byte), 0);
  return footer.readUInt32BE(60) === 2 && footer.readUInt32BE(64) === ~sum >>> 0;
}

/** Apple's UDIF ends with a block of 512 bytes that begins with "koly" and version 4. */
const hasDmgTrailer = (file: Sample): boolean =>
  file.has(-512, 'koly') && file.u32be(-508) === 4 && file.u32be(-504) === 512;

/** The offset of the first frame of zstd or lz4 behind skippable ones (RFC 8878, 3.1.2; lz4_Frame_format.md). */
function afterSkippables(file: Sample): number {
  let at = 0;
  while (within(file.u32le(at), 0x184d2a50, 0x184d2a5f)) at += 8 + (file.u32le(at + 4) ?? 0);
  return at;
}

/**
 * APPNOTE.TXT, 4.3.16 and 4.3.12: the end of the directory without a comment, and the directory that it leads to. The
 * directory lies farther back than its end says, or its first file does not begin the archive.
 */
function endsAsZip(file: Sample): boolean {
  const end = -22;
  const directory = end - (file.u32le(end + 12) ?? 0);
  if (!file.has(end, 'PK\x05\x06') || !file.has(directory, 'PK\x01\x02')) return false;
  return file.size + directory > file.u32le(end + 16)! || file.u32le(directory + 42) !== 0;
}

/**
 * XZ Utils, doc/lzma-file-format.txt: properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes, the size or -1, a first
 * byte of 0.
 */
function isLzma(file: Sample): boolean {
  const dictionary = file.u32le(1);
  if (file.u8(0) !== 0x5d || !within(dictionary, 4096, 2 ** 31) || file.u8(13) !== 0) return false;
  const lowest = (dictionary! & -dictionary!) >>> 0;
  const sound = dictionary === lowest || dictionary === lowest * 3;
  return (
    sound &&
    (file.has(5, Array<number>(8).fill(0xff)) || (file.has(11, [0, 0]) && !file.has(5, Array<number>(8).fill(0))))
  );
}

/** POSIX, pax "ustar Interchange Format": a header whose checksum counts its own field as blanks. */
function isTar(file: Sample): boolean {
  const header = file.bytes(0, 512);
  if (header === null || header[0] === 0) return false;
  const stored = /^ *([0-7]{1,7})[ \0]/.exec(header.toString('latin1', 148, 156))?.[1];
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  return stored !== undefined && Number.parseInt(stored, 8) === sum;
}

/**
 * ECMA-376 part 2 and OpenDocument part 3: the first member of the ZIP file has one of these names, from byte 30 on.
 */
function isOfficeZip(file: Sample): boolean {
  return (
    file.has(0, 'PK\x03\x04') &&
    ['[Content_Types].xml', '_rels/.rels', 'mimetypeapplication/'].some((name) => file.has(30, name))
  );
}
