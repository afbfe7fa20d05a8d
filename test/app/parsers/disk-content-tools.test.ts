// The content of disks that other people's programs made, compared with the output of blkid, sfdisk and sgdisk.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PartitionTable, Signature } from '../../../app/contract/disk-content.ts';
import { insideDisk } from './forged-tables.ts';
import { Folder, lacks } from './source-files.ts';

/** A file system, and the command that makes it on `disk.img`. */
interface Made {
  name: string;
  tool: string;
  /** MiB. */
  size: number;
  make: string;
}

const FILE_SYSTEMS: readonly Made[] = [
  { name: 'ext2', tool: 'mke2fs', size: 8, make: 'mke2fs -q -t ext2 -L "a label" disk.img' },
  { name: 'ext3', tool: 'mke2fs', size: 16, make: 'mke2fs -q -t ext3 -L sixteenletters16 disk.img' },
  { name: 'ext4', tool: 'mke2fs', size: 16, make: 'mke2fs -q -t ext4 disk.img' },
  { name: 'ext4 without a journal', tool: 'mke2fs', size: 8, make: 'mke2fs -q -t ext4 -O ^has_journal disk.img' },
  { name: 'a journal of its own', tool: 'mke2fs', size: 16, make: 'mke2fs -q -O journal_dev -L j disk.img' },
  { name: 'FAT12', tool: 'mkfs.vfat', size: 1, make: 'mkfs.vfat -F 12 -n TWELVE disk.img' },
  { name: 'FAT16', tool: 'mkfs.vfat', size: 32, make: 'mkfs.vfat -F 16 -n "SIX TEEN" disk.img' },
  { name: 'FAT32', tool: 'mkfs.vfat', size: 64, make: 'mkfs.vfat -F 32 -n THIRTYTWO disk.img' },
  { name: 'FAT32 without a label', tool: 'mkfs.vfat', size: 64, make: 'mkfs.vfat -F 32 disk.img' },
  { name: 'FAT32 with sectors of 4096', tool: 'mkfs.vfat', size: 300, make: 'mkfs.vfat -F 32 -S 4096 -n K4 disk.img' },
  {
    name: 'FAT16 with another label in its boot sector than in its root directory',
    tool: 'mkfs.vfat',
    size: 32,
    make: "mkfs.vfat -F 16 -n ROOT disk.img; printf 'BOOT       ' | dd of=disk.img bs=1 seek=43 conv=notrunc",
  },
  { name: 'exFAT', tool: 'mkfs.exfat', size: 16, make: 'mkfs.exfat -L "ex label" disk.img' },
  { name: 'exFAT without a label', tool: 'mkfs.exfat', size: 16, make: 'mkfs.exfat disk.img' },
  { name: 'NTFS', tool: 'mkfs.ntfs', size: 16, make: 'mkfs.ntfs -Q -F -q -L "Däta volume" disk.img' },
  { name: 'NTFS with clusters of 64 KiB', tool: 'mkfs.ntfs', size: 64, make: 'mkfs.ntfs -Q -F -q -c 65536 disk.img' },
  { name: 'XFS', tool: 'mkfs.xfs', size: 320, make: 'mkfs.xfs -q -L xfslabel disk.img' },
  { name: 'btrfs', tool: 'mkfs.btrfs', size: 128, make: 'mkfs.btrfs -q -L "btr label" disk.img' },
  { name: 'F2FS', tool: 'mkfs.f2fs', size: 64, make: 'mkfs.f2fs -q -l "flash 2" disk.img' },
  { name: 'swap', tool: 'mkswap', size: 1, make: 'mkswap -L swp disk.img' },
  { name: 'swap with pages of 64 KiB', tool: 'mkswap', size: 2, make: 'mkswap --pagesize 65536 disk.img' },
  {
    name: 'LUKS 1',
    tool: 'cryptsetup',
    size: 8,
    make: 'echo -n key | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 disk.img -',
  },
  {
    name: 'LUKS 2',
    tool: 'cryptsetup',
    size: 32,
    make: 'echo -n key | cryptsetup luksFormat -q --type luks2 --label secret --pbkdf pbkdf2 --pbkdf-force-iterations 1000 disk.img -',
  },
  {
    name: 'ISO 9660',
    tool: 'genisoimage',
    size: 0,
    make: 'mkdir d; echo a > d/a; genisoimage -quiet -V "MY DISC" -o disk.img d',
  },
  {
    name: 'ISO 9660 with Joliet',
    tool: 'genisoimage',
    size: 0,
    make: 'mkdir d; echo a > d/a; genisoimage -quiet -J -V "My Disc" -o disk.img d',
  },
  { name: 'squashfs', tool: 'mksquashfs', size: 0, make: 'rm disk.img; mksquashfs /etc/hostname disk.img -quiet' },
];

/** blkid's output for the start of a file. */
function blkid(path: string): Signature {
  const said = execFileSync('blkid', ['-p', '-o', 'udev', path], { encoding: 'utf8' });
  const value = (name: string): string | null => {
    const text = new RegExp(`^ID_FS_${name}=(.*)$`, 'mu').exec(said)?.[1] ?? null;
    return (
      text?.replaceAll(/\\x([0-9a-f]{2})/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) ?? null
    );
  };
  return { type: value('TYPE')!, version: value('VERSION'), label: value('LABEL_ENC'), uuid: value('UUID_ENC') };
}

for (const { name, tool, size, make } of FILE_SYSTEMS)
  test(`${name}: type, version, label and UUID are those that blkid gives`, async ({ skip }) => {
    const reason = lacks(tool) ?? lacks('blkid');
    if (reason !== null) skip(reason);
    using folder = new Folder();
    await folder.run(`truncate -s ${size}M disk.img; ${make}`);
    const { table, signatures } = insideDisk(readFileSync(folder.at('disk.img')));
    const { version, ...known } = blkid(folder.at('disk.img'));
    expect(signatures).toMatchObject([known]);
    // libblkid also reports versions that make no difference to the user.
    if (known.type === 'vfat' || known.type === 'crypto_LUKS') expect(signatures?.[0]?.version).toBe(version);
    expect(table).toBeNull();
  });

test('finds several signatures where blkid reports ambivalence', async ({ skip }) => {
  const reason = lacks('mkfs.xfs') ?? lacks('blkid');
  if (reason !== null) skip(reason);
  using folder = new Folder();
  await folder.run('truncate -s 320M disk.img; mkfs.xfs -q disk.img; truncate -s 320M swap; mkswap swap');
  await folder.run('dd if=swap of=disk.img bs=1024 skip=1 seek=1 count=3 conv=notrunc');
  await expect(folder.run('blkid -p disk.img')).rejects.toThrow(/ambivalent|code 8|Command failed/u);
  const { signatures } = insideDisk(readFileSync(folder.at('disk.img')));
  expect(signatures?.map(({ type }) => type)).toEqual(['xfs', 'swap']);
});

/** The output of `sfdisk -J` for a table. */
interface Sfdisk {
  label: string;
  id: string;
  sectorsize: number;
  partitions?: {
    node: string;
    start: number;
    size: number;
    type: string;
    uuid?: string;
    name?: string;
    bootable?: boolean;
  }[];
}

/** A table of ours in sfdisk's form. */
function asSfdisk(table: PartitionTable | null): object {
  if (table === null) return {};
  const { kind, id, sector, partitions } = table;
  return {
    label: kind === 'gpt' ? 'gpt' : 'dos',
    id: kind === 'gpt' ? id.toUpperCase() : `0x${id}`,
    sectorsize: sector,
    partitions: partitions.map(({ number, start, size, type, uuid, name, active }) => ({
      node: `disk.img${number}`,
      start: start / sector,
      size: size / sector,
      type: kind === 'gpt' ? type.toUpperCase() : Number(type).toString(16),
      ...(kind === 'gpt' ? { uuid: uuid!.toUpperCase() } : {}),
      ...(name === null ? {} : { name }),
      ...(active && kind === 'mbr' ? { bootable: true } : {}),
    })),
  };
}

const LAYOUTS: readonly { name: string; tool: string; make: string }[] = [
  {
    name: 'a GPT of sfdisk',
    tool: 'sfdisk',
    make: String.raw`printf 'label: gpt\nsize=4M, type=U, name="EFI \xc3\xbc"\nsize=8M, type=L\nsize=1M, type=S, attrs=LegacyBIOSBootable\n' | sfdisk -q disk.img`,
  },
  {
    name: 'a GPT of sgdisk with gaps in its numbers',
    tool: 'sgdisk',
    make: 'sgdisk -n 3:2048:+4M -t 3:8300 -c 3:three -n 7:0:+1M -t 7:ef02 disk.img',
  },
  {
    name: 'a GPT of sgdisk with 4 entries',
    tool: 'sgdisk',
    make: 'sgdisk -n 1:0:+4M -S 4 disk.img || sgdisk -n 1:0:+4M disk.img',
  },
  { name: 'a GPT of sgdisk with 256 entries', tool: 'sgdisk', make: 'sgdisk -S 256 -n 200:0:+4M disk.img' },
  { name: 'a GPT of parted', tool: 'parted', make: 'parted -s disk.img mklabel gpt mkpart a ext4 1MiB 9MiB' },
  {
    name: 'an MBR with logical partitions',
    tool: 'sfdisk',
    make: String.raw`printf 'label: dos\nsize=4M, type=c, bootable\nsize=2M, type=82\ntype=5\nsize=4M, type=83\nsize=4M, type=7\nsize=1M, type=83\n' | sfdisk -q disk.img`,
  },
  { name: 'an MBR of parted', tool: 'parted', make: 'parted -s disk.img mklabel msdos mkpart primary fat32 1MiB 9MiB' },
  { name: 'an MBR without partitions', tool: 'sfdisk', make: 'echo label: dos | sfdisk -q disk.img' },
];

for (const { name, tool, make } of LAYOUTS)
  test(`${name}: every field is as sfdisk reads it`, async ({ skip }) => {
    const reason = lacks(tool) ?? lacks('sfdisk');
    if (reason !== null) skip(reason);
    using folder = new Folder();
    await folder.run(`truncate -s 32M disk.img; ${make}`);
    const said = execFileSync('sfdisk', ['-J', 'disk.img'], { cwd: folder.path, encoding: 'utf8' });
    const { label, id, sectorsize, partitions = [] } = (JSON.parse(said) as { partitiontable: Sfdisk }).partitiontable;
    const known = partitions.map(({ node, start, size, type, uuid, name: text, bootable }) => ({
      node,
      start,
      size,
      type,
      ...(uuid && { uuid }),
      ...(text && { name: text }),
      ...(bootable && { bootable }),
    }));
    const { table } = insideDisk(readFileSync(folder.at('disk.img')));
    expect(asSfdisk(table)).toEqual({ label, id, sectorsize, partitions: known });
    if (table?.kind === 'gpt')
      expect(table).toMatchObject({ header: 'right', entries: 'right', backup: 'right', backupAtEnd: true });
  });

test('finds the same part of a GPT damaged as sgdisk does', async ({ skip }) => {
  const reason = lacks('sgdisk');
  if (reason !== null) skip(reason);
  using folder = new Folder();
  for (const [offset, of] of [
    [512 + 60, 'header'],
    [1024 + 60, 'entries'],
  ] as const) {
    await folder.run('rm -f disk.img; truncate -s 32M disk.img; sgdisk -n 1:0:+4M disk.img');
    await folder.run(`printf x | dd of=disk.img bs=1 seek=${offset} conv=notrunc status=none`);
    const said = execFileSync('bash', ['-c', 'sgdisk -v disk.img 2>&1 || true'], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    expect(said).toMatch(
      of === 'header'
        ? /main header.*(CRC|corrupt)|invalid main GPT header/isu
        : /main partition table.*CRC|CRC.*main partition table/isu,
    );
    expect(insideDisk(readFileSync(folder.at('disk.img'))).table).toMatchObject({
      [of]: 'wrong',
      backup: 'right',
      from: 'backup',
    });
  }
});
