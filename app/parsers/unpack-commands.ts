// Commands that turn a file into a disk image. The user replaces FILE by its name.

/** Commands by name of the format. They do not depend on file extensions, because many packed images are named .img. */
const COMMANDS: Readonly<Record<string, string>> = {
  xz: 'xz -dc FILE > disk.img',
  gzip: 'gzip -dc FILE > disk.img',
  compress: 'gzip -dc FILE > disk.img',
  bzip2: 'bzip2 -dc FILE > disk.img',
  zstd: 'zstd -dc FILE > disk.img',
  lz4: 'lz4 -dc FILE > disk.img',
  'legacy lz4': 'lz4 -dc FILE > disk.img',
  lzma: 'xz --format=lzma -dc FILE > disk.img',
  lzip: 'lzip -dc FILE > disk.img',
  lzop: 'lzop -dc FILE > disk.img',
  ZIP: 'unzip FILE',
  'self-extracting ZIP': '7z x FILE',
  '7z': '7z x FILE',
  RAR: 'unrar x FILE',
  cloop: 'extract_compressed_fs FILE disk.img',
  tar: 'tar -xf FILE',
  qcow2: 'qemu-img convert -O raw FILE disk.img',
  qcow: 'qemu-img convert -O raw FILE disk.img',
  QED: 'qemu-img convert -O raw FILE disk.img',
  VMDK: 'qemu-img convert -O raw FILE disk.img',
  VDI: 'qemu-img convert -O raw FILE disk.img',
  VHD: 'qemu-img convert -f vpc -O raw FILE disk.img',
  VHDX: 'qemu-img convert -O raw FILE disk.img',
  Parallels: 'qemu-img convert -O raw FILE disk.img',
  Bochs: 'qemu-img convert -O raw FILE disk.img',
  DMG: 'dmg2img FILE disk.img',
  'Android sparse image': 'simg2img FILE disk.img',
  EWF: 'ewfexport FILE',
  AFF: 'affconvert -r FILE',
};

/** The command that makes a disk image of a file in this format; null when there is none. */
export const commandFor = (format: string): string | null => COMMANDS[format] ?? null;
