// The content of a drive before it is overwritten, and what a shorter image leaves of it, judged by blkid and wipefs.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { diskTable } from '../../../app/cli/output/disk-table.ts';
import type { Disk } from '../../../app/contract/disks.ts';
import { namesOf, parseWipefs, signaturesOn } from '../../../app/engine/devices/probe.ts';
import { assertOwnLoop, canLab, type LabDisk } from '../../lab/lab.ts';
import { Bench, MiB, platter, PLATTER } from '../cli/support.ts';
import { Folder, lacks, overwrite } from '../parsers/source-files.ts';

const execute = promisify(execFile);
const bench = new Bench();
afterEach(() => bench.clear());
const noLab = canLab() ?? ['sfdisk', 'wipefs', 'mkfs.btrfs'].map(lacks).find((reason) => reason !== null) ?? null;
if (noLab !== null) console.warn(`skipped: ${noLab}`);

/** A disk of `size` bytes with what `script` has put into the file `d`. */
async function diskWith(size: number, script: string): Promise<LabDisk> {
  using folder = new Folder();
  await writeFile(folder.at('d'), '');
  await truncate(folder.at('d'), size);
  await folder.run(script);
  const file = join(await bench.directory(), `disk-${Math.random()}.img`);
  await copyFile(folder.at('d'), file);
  return await bench.disk({ size, file, plain: true });
}

/** An image file with the partition table that sfdisk makes from `script`. */
async function image(size: number, script: string): Promise<string> {
  const path = join(await bench.directory(), `source-${Math.random()}.img`);
  await writeFile(path, '');
  await truncate(path, size);
  await execute('bash', ['-euc', `printf '${script}' | sfdisk -q "$1"`, 'bash', path]);
  return path;
}

/** A disk in the output of `platter list`, as JSON and in the table. */
async function listed({ device }: LabDisk): Promise<{ disk: Disk; line: string }> {
  const { stdout } = await platter(['list', '--all', '--json']);
  const disk = (JSON.parse(stdout) as Disk[]).find(({ path }) => path === device)!;
  return { disk, line: diskTable([{ ...disk, locked: null }], Infinity, (_, text) => text)[1]! };
}

/** The review of a copy to a disk: what is on it, and the notes. */
async function review(source: string, { device }: LabDisk): Promise<{ contents: unknown; notes: string[] }> {
  assertOwnLoop(device);
  const run = await platter(['copy', source, device, '--yes', '--json']);
  expect(run.code, run.stdout + run.stderr).toBe(0);
  const plan = run.lines[0] as unknown as { notes: string[]; destinations: { contents: unknown }[] };
  return { contents: plan.destinations[0]!.contents, notes: plan.notes };
}

const mbr = (): Promise<string> => image(20 * MiB, 'label: dos\\nsize=8M\\n');

describe.skipIf(noLab !== null)('the content of a disk', () => {
  test('F5 names both of two file systems on one disk, in the list and in the review', async () => {
    const disk = await diskWith(
      128 * MiB,
      'cp d b && mkfs.btrfs -q b && mkfs.ext4 -qF d && ' +
        'dd if=b of=d bs=4K skip=16 seek=16 count=1 conv=notrunc status=none',
    );
    const { disk: shown, line } = await listed(disk);
    expect(shown).toMatchObject({ fileSystem: null, signatures: ['ext4', 'btrfs'] });
    expect(line).toContain('holds several: ext4, btrfs');
    expect((await review(await mbr(), disk)).contents).toEqual([`several signatures (ext4, btrfs) on ${disk.device}`]);
  });

  test('F5 says that a RAID member with a partition table holds several things', async () => {
    const disk = await diskWith(64 * MiB, "printf 'label: dos\\nsize=8M\\n' | sfdisk -q d");
    await raidAtEnd(disk, 64 * MiB);
    expect((await listed(disk)).disk.signatures!.toSorted()).toEqual(['dos', 'linux_raid_member']);
  });

  test('F19 names a partition table without partitions', async () => {
    const disk = await diskWith(64 * MiB, "printf 'label: gpt\\n' | sfdisk -q d");
    const { disk: shown, line } = await listed(disk);
    expect(shown).toMatchObject({ partitionTable: 'gpt', partitions: [], signatures: ['gpt'] });
    expect(line).toContain('GPT partition table, no partitions known to the system');
    expect((await review(await mbr(), disk)).contents).toEqual([`a partition table (gpt) on ${disk.device}`]);
  });

  test('F5 names the partition table of a hybrid ISO image beside its file system', async () => {
    const make =
      'mkdir t; echo a > t/a; genisoimage -quiet -V TESTISO -o i t; dd if=i of=d conv=notrunc status=none; ' +
      "printf 'label: dos\\n64,256,17\\n' | sfdisk -q --force --wipe never d; rm -r t i";
    const disk = await diskWith(64 * MiB, make);
    const { line } = await listed(disk);
    expect(line).toContain('iso9660 "TESTISO"; MBR partition table, no partitions known to the system');
    expect((await review(await mbr(), disk)).contents).toEqual([
      expect.stringContaining('iso9660'),
      `a partition table (dos) on ${disk.device}`,
    ]);
  });

  test('F19 says of a blank disk that nothing was found', async () => {
    const disk = await diskWith(64 * MiB, 'true');
    const { disk: shown, line } = await listed(disk);
    expect(shown.signatures).toEqual([]);
    expect(line).toContain('nothing recognised');
  });

  test.skipIf(lacks('setpriv') !== null)(
    'F19 says that the content is unknown when the user may not read the disk',
    async () => {
      const disk = await diskWith(64 * MiB, 'true');
      const state = await mkdtemp(join(tmpdir(), 'platter-state-'));
      bench.finally(() => rm(state, { recursive: true, force: true }));
      await execute('chmod', ['777', state]);
      await execute('chmod', ['600', disk.device]);
      const { stdout } = await execute(
        'setpriv',
        ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, PLATTER, 'list', '--all', '--json'],
        { env: { ...process.env, PLATTER_STATE: state } },
      );
      expect((JSON.parse(stdout) as Disk[]).find(({ path }) => path === disk.device)).toMatchObject({
        signatures: null,
      });
      const table = diskTable(
        [{ ...(await listed(disk)).disk, locked: null, signatures: null }],
        Infinity,
        (_, text) => text,
      );
      expect(table[1]).toContain('not known: it could not be looked at');
    },
  );

  test('F5 parses the output of wipefs', () => {
    expect(
      parseWipefs('{"signatures": [{"device":"sdb","offset":"0x438","type":"ext4","uuid":null,"label":null}]}'),
    ).toEqual([{ name: 'ext4', offset: 0x438 }]);
    expect(parseWipefs('')).toEqual([]);
    expect(parseWipefs('no JSON')).toBeNull();
    expect(namesOf(['gpt', 'gpt', 'PMBR'].map((name) => ({ name, offset: 0 })))).toEqual(['gpt']);
    expect(namesOf([{ name: 'PMBR', offset: 510 }])).toEqual(['PMBR']);
  });
});

/** Writes the superblock of a RAID of version 1.0 to the end of a disk (linux/raid/md_p.h); blkid takes it for one. */
async function raidAtEnd({ backing, device }: LabDisk, size: number): Promise<void> {
  const sector = Math.floor((size / 512 - 16) / 8) * 8;
  const block = Buffer.alloc(4096);
  block.writeUInt32LE(0xa92b4efc, 0);
  block.writeUInt32LE(1, 4);
  block.fill(0x5c, 16, 32);
  block.write('old:0', 32, 'latin1');
  block.writeUInt32LE(1, 72);
  block.writeBigUInt64LE(BigInt(sector - 16), 80);
  block.writeUInt32LE(2, 92);
  block.writeBigUInt64LE(BigInt(sector - 16), 136);
  block.writeBigUInt64LE(BigInt(sector), 144);
  const bytes = block.subarray(0, 256);
  let sum = 0n;
  for (let at = 0; at < bytes.length; at += 4) sum += BigInt(bytes.readUInt32LE(at));
  block.writeUInt32LE(Number((sum & 0xffffffffn) + (sum >> 32n)) >>> 0, 216);
  await overwrite(backing, sector * 512, block);
  await execute('blockdev', ['--flushbufs', device]);
  expect(
    (await signaturesOn(device))?.map(({ name }) => name),
    'libblkid takes it for a RAID',
  ).toContain('linux_raid_member');
}

describe.skipIf(noLab !== null)('what a shorter image leaves on a disk', () => {
  test('F7 names the backup of an old GPT before the copy, which leaves it there', async () => {
    const disk = await diskWith(64 * MiB, "printf 'label: gpt\\nsize=50M\\n' | sfdisk -q d");
    const { notes } = await review(await mbr(), disk);
    expect(notes).toEqual([
      `${disk.device} keeps old signatures beyond the end of the source: gpt. ` +
        'A system may mistake it for what it was. ' +
        `\`wipefs --all ${disk.device}\` before the copy erases them.`,
    ]);
    expect((await signaturesOn(disk.device))!.map(({ name }) => name)).toContain('gpt');
  });

  test('F7 names nothing after the advised command was run', async () => {
    const disk = await diskWith(64 * MiB, "printf 'label: gpt\\nsize=50M\\n' | sfdisk -q d");
    assertOwnLoop(disk.device);
    await execute('wipefs', ['--all', '--quiet', disk.device]);
    expect((await review(await mbr(), disk)).notes).toEqual([]);
    expect(namesOf((await signaturesOn(disk.device))!)).toEqual(['dos']);
  });

  test('F7 names the superblock of an old RAID at the end', async () => {
    const disk = await diskWith(64 * MiB, 'true');
    await raidAtEnd(disk, 64 * MiB);
    expect((await review(await mbr(), disk)).notes).toEqual([
      expect.stringContaining('beyond the end of the source: linux_raid_member.'),
    ]);
  });

  test('F7 names the labels of an old ZFS at the end', async () => {
    const size = 64 * MiB;
    const disk = await diskWith(size, 'true');
    for (const label of [size - 512 * 1024, size - 256 * 1024]) {
      for (let index = 0; index < 128; index += 1)
        await overwrite(disk.backing, label + 128 * 1024 + index * 1024, Buffer.from('0cb1ba0000000000', 'hex'));
    }
    await execute('blockdev', ['--flushbufs', disk.device]);
    expect((await review(await mbr(), disk)).notes).toEqual([
      expect.stringContaining('beyond the end of the source: zfs_member.'),
    ]);
  });

  test('F7 names the copy of a btrfs superblock at 64 MiB, and which program looks at it', async () => {
    const disk = await diskWith(128 * MiB, 'mkfs.btrfs -q d');
    expect((await review(await mbr(), disk)).notes).toEqual([
      expect.stringMatching(/copy of an old btrfs superblock .* at 67\.1 MB/),
    ]);
  });

  test('F7 names nothing for an image as long as the disk', async () => {
    const disk = await diskWith(20 * MiB, "printf 'label: gpt\\nsize=8M\\n' | sfdisk -q d");
    expect((await review(await mbr(), disk)).notes).toEqual([]);
  });

  test('F8 says that the backup table of a GPT image will not be at the end, and which command moves it', async () => {
    const disk = await diskWith(128 * MiB, 'true');
    const source = await image(64 * MiB, 'label: gpt\\nsize=8M\\n');
    expect((await review(source, disk)).notes).toEqual([
      expect.stringContaining(`\`sgdisk -e ${disk.device}\` moves it there`),
    ]);
    const fits = await diskWith(64 * MiB, 'true');
    expect((await review(source, fits)).notes).toEqual([]);
  });
});
