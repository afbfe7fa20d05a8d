// The list of disks, their content, and why some are locked: on described machines and on this one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Disk } from '../../../app/contract/disks.ts';
import { Refusal } from '../../../app/client/client.ts';
import { refusalsOf } from '../../../app/engine/devices/disk-refusals.ts';
import { disksOf } from '../../../app/engine/devices/disks.ts';
import { idOf, numberOf } from '../../../app/engine/devices/file-ids.ts';
import { readBlocks } from '../../../app/engine/devices/lsblk.ts';
import { assertOwnLoop, canLab, labdisk, removePartition } from '../../lab/lab.ts';
import { describedMachines } from './described.ts';
import { laptop, live, picture, server, type Machine } from './machines.ts';

const listed = (machine: Machine, all = false): Record<string, Disk> =>
  Object.fromEntries(disksOf(picture(machine), all).map((disk) => [disk.path.slice('/dev/'.length), disk]));

describe('disks of a laptop with encrypted LVM', () => {
  const disks = listed(laptop);

  it('lists the disks that can be chosen, without memory devices and empty slots', () => {
    expect(Object.keys(disks)).toEqual(['nvme0n1', 'sda', 'sdb', 'sr0']);
  });

  it('finds the running system through LVM and encryption', () => {
    expect(disks.nvme0n1).toMatchObject({
      system: true,
      mountedAt: ['/boot/efi', '/', '[SWAP]'],
      locked: { code: 'IS_SYSTEM' },
      model: 'Samsung SSD 980',
      transport: 'nvme',
      majorMinor: '259:0',
    });
    expect(disks.nvme0n1!.partitions).toMatchObject([
      { path: '/dev/nvme0n1p1', mountedAt: ['/boot/efi'], fileSystem: 'vfat' },
      { path: '/dev/nvme0n1p2', mountedAt: ['/', '[SWAP]'] },
      { path: '/dev/nvme0n1p3', mountedAt: [] },
    ]);
  });

  it('lists a mounted removable disk with its mount points, and does not lock it', () => {
    expect(disks.sda).toMatchObject({
      system: false,
      removable: true,
      mountedAt: ['/media/me/PHOTOS OLD'],
      partitions: [{ label: 'PHOTOS' }],
      locked: null,
    });
  });

  it('knows which disks have platters, as far as the kernel knows', () => {
    expect(disks.sdb).toMatchObject({ rotational: true });
    expect(disks.nvme0n1).toMatchObject({ rotational: false });
  });

  it('offers a free disk, and locks the optical drive', () => {
    expect(disks.sdb).toMatchObject({ locked: null, system: false });
    expect(disks.sr0).toMatchObject({ locked: { code: 'READ_ONLY' } });
  });
});

describe('disks of a server', () => {
  const disks = listed(server);

  it('shows on both disks of a btrfs what is mounted from one of them', () => {
    expect(disks.sda).toMatchObject({ system: true, mountedAt: ['/', '/home'] });
    expect(disks.sdb).toMatchObject({ system: true, mountedAt: ['/', '/home'], locked: { code: 'IS_SYSTEM' } });
  });

  it('locks the members of a RAID that is not mounted', () => {
    expect(disks.sdc!.locked).toEqual({ code: 'IN_USE', reason: { kind: 'heldBy', holders: ['/dev/md0 (raid1)'] } });
    expect(disks.sde!.locked).toBeNull();
  });
});

describe("machines that the broker's tests know too", () => {
  it.each(describedMachines())(
    'F14 F15 finds on $name the same system disks and the same free ones as the broker',
    ({ blocks, system, free }) => {
      const locked = Object.fromEntries(
        blocks.all.map((block) => [
          block.name,
          refusalsOf(block, true)
            .map(({ code }) => code)
            .includes('IS_SYSTEM'),
        ]),
      );
      expect(Object.fromEntries([...system, ...free].map((name) => [name, locked[name]]))).toEqual(
        Object.fromEntries([...system.map((name) => [name, true]), ...free.map((name) => [name, false])]),
      );
    },
  );

  it('F15 does not list the firmware areas of an eMMC', () => {
    const { blocks } = describedMachines().find(({ name }) => name === 'emmc-beside.machine')!;
    expect(disksOf(blocks, true).map(({ path }) => path)).toEqual(['/dev/mmcblk0', '/dev/mmcblk0gp0', '/dev/mmcblk1']);
  });
});

describe("the system's disk in doubt", () => {
  it('V8 says that a disk may hold the system when that is uncertain, and that it does when it is known', () => {
    const reasons = (machine: Machine): unknown => listed(machine).nvme0n1!.locked?.reason;
    expect(reasons(laptop)).toEqual({ kind: 'isSystem' });
    expect(reasons({ ...laptop, mounts: [['0:50', '/', 'zfs', 'rpool/root']], swaps: [] })).toEqual({
      kind: 'maybeSystem',
    });
  });

  it('locks the stick of a live system through the overlay, the loop device and the file', () => {
    expect(listed(live)).toMatchObject({ sda: { system: true }, nvme0n1: { system: false, locked: null } });
  });

  it('locks every fixed disk, and no stick, when the root cannot be followed to a device', () => {
    const container: Machine = {
      ...laptop,
      mounts: [['0:50', '/', 'overlay', 'overlay', 'rw', 'rw,lowerdir=/not/seen']],
      swaps: [],
    };
    expect(listed(container)).toMatchObject({
      nvme0n1: { system: true, locked: { code: 'IS_SYSTEM' } },
      sdb: { system: false, locked: null },
    });
  });
});

it('leaves out a disk that goes away while lsblk looks at it, and lists the others', () => {
  const machine: Machine = {
    devices: [
      { name: 'sda', number: '8:0' },
      { name: 'sdb', number: '8:16', gone: true },
    ],
    mounts: [['8:0', '/', 'ext4']],
  };
  expect(Object.keys(listed(machine))).toEqual(['sda']);
});

describe('loop devices in the list', () => {
  const machine: Machine = {
    devices: [
      { name: 'sda', number: '8:0', children: [{ name: 'sda1', number: '8:1', type: 'part' }] },
      { name: 'loop1', number: '7:1', type: 'loop' },
      { name: 'loop2', number: '7:2', type: 'loop' },
      { name: 'loop3', number: '7:3', type: 'loop' },
    ],
    mounts: [
      ['8:1', '/', 'ext4'],
      ['7:3', '/mnt', 'ext4'],
    ],
    backings: { loop1: '/home/me/a.img', loop3: '/dev/sda' },
  };

  it('lists loop devices on request only, and only those with a backing file', () => {
    expect(Object.keys(listed(machine))).toEqual(['sda']);
    expect(listed(machine, true)).toMatchObject({
      loop1: { kind: 'loop', backingFile: '/home/me/a.img', transport: 'loop', locked: null, system: false },
    });
    expect(Object.keys(listed(machine, true))).toEqual(['loop1', 'loop3', 'sda']);
  });

  it('shows on a disk what is mounted through a loop device over it', () => {
    expect(listed(machine, true).sda!.mountedAt).toEqual(['/', '/mnt']);
  });
});

describe('the disks of this machine', () => {
  it("locks the disk that holds this machine's root", async ({ skip }) => {
    const blocks = await readBlocks();
    if (blocks.systemUnknown) skip('the device under / cannot be seen from here');
    expect(
      disksOf(blocks, false)
        .filter(({ system }) => system)
        .map(({ locked }) => locked?.code),
    ).toContain('IS_SYSTEM');
  });

  it.skipIf(canLab() !== null)('lists a loop device as the kernel knows it', async () => {
    await using disk = await labdisk({ size: 8 * 1024 * 1024, sector: 4096, plain: true, readOnly: true });
    const found = disksOf(await readBlocks(), true).find(({ path }) => path === disk.device);
    expect(found).toMatchObject({
      size: 8 * 1024 * 1024,
      logicalSector: 4096,
      kind: 'loop',
      backingFile: disk.backing,
      readOnly: true,
      system: false,
      mountedAt: [],
      locked: { code: 'READ_ONLY' },
    });
    expect(disksOf(await readBlocks(), false).map(({ path }) => path)).not.toContain(disk.device);
  });

  it.skipIf(canLab() !== null)('lists what is on a partition, and its mount point on the disk too', async () => {
    await using disk = await labdisk({ size: 8 * 1024 * 1024, plain: true });
    const partition = `${disk.device}p1`;
    assertOwnLoop(disk.device);
    execFileSync('addpart', [disk.device, '1', '2048', '8192']);
    const target = mkdtempSync(join(tmpdir(), 'platter-mount-'));
    try {
      execFileSync('mkfs.ext4', ['-q', partition], { stdio: 'ignore' });
      execFileSync('mount', [partition, target]);
      const found = disksOf(await readBlocks(), true).find(({ path }) => path === disk.device);
      expect(found).toMatchObject({
        mountedAt: [target],
        locked: null,
        partitions: [{ path: partition, size: 4 * 1024 * 1024, fileSystem: 'ext4', mountedAt: [target] }],
      });
    } finally {
      execFileSync('umount', [target]);
      await removePartition(disk.device, 1);
      rmSync(target, { recursive: true });
    }
  });

  it('reports a missing lsblk as ENGINE_UNAVAILABLE', async () => {
    const refusal = await readBlocks('/nowhere').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).errors).toMatchObject([
      { code: 'ENGINE_UNAVAILABLE', message: expect.stringContaining('lsblk') as string },
    ]);
  });

  it.each([
    ['echo "lsblk: cannot allocate memory" >&2; exit 1', 'lsblk: cannot allocate memory', 'tryAgain'],
    ['kill -KILL $$', 'it was killed by SIGKILL', 'tryAgain'],
    ['echo "lsblk: unknown column: PTTYPE" >&2; exit 1', 'lsblk: unknown column: PTTYPE', 'installLsblk'],
  ])('says why lsblk failed: %s', async (script, said, remedy) => {
    const programs = mkdtempSync(join(tmpdir(), 'platter-programs-'));
    try {
      writeFileSync(join(programs, 'lsblk'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const refusal = await readBlocks(programs).catch((error: unknown) => error);
      expect((refusal as Refusal).errors).toMatchObject([
        { code: 'ENGINE_UNAVAILABLE', reason: { kind: 'lsblkFailed', said }, remedy: { kind: remedy } },
      ]);
    } finally {
      rmSync(programs, { recursive: true });
    }
  });

  it.skipIf(canLab() !== null)('lists the disks when the file behind a loop device does not answer', async () => {
    await using silent = await labdisk({ size: 8 * 1024 * 1024, plain: true });
    await using other = await labdisk({ size: 8 * 1024 * 1024, plain: true });
    const programs = mkdtempSync(join(tmpdir(), 'platter-programs-'));
    try {
      // Without the addon the kernel is not asked, as for an ordinary user.
      writeFileSync(
        join(programs, 'stat'),
        `#!/bin/sh\ncase "$*" in *${silent.backing}*) exec sleep 3600;; esac\nexec /usr/bin/stat "$@"\n`,
        { mode: 0o755 },
      );
      const blocks = await readBlocks(`${programs}:${process.env.PATH!}`);
      const backingIdOf = (device: string): string | null => blocks.all.find(({ path }) => path === device)!.backingId;
      expect([backingIdOf(silent.device), backingIdOf(other.device)]).toEqual([null, idOf(other.backing)]);
    } finally {
      rmSync(programs, { recursive: true });
    }
  });

  it.skipIf(canLab() !== null)('reads only from the loop devices that are asked for when there are many', async () => {
    await using disks = new AsyncDisposableStack();
    const devices: string[] = [];
    for (let index = 0; index < 10; index += 1)
      devices.push(disks.use(await labdisk({ size: 1024 * 1024, plain: true })).device);
    const programs = mkdtempSync(join(tmpdir(), 'platter-programs-'));
    try {
      const seen = join(programs, 'seen');
      for (const name of ['blkid', 'wipefs'])
        writeFileSync(join(programs, name), `#!/bin/sh\necho "$@" >> ${seen}\nexec /usr/sbin/${name} "$@"\n`, {
          mode: 0o755,
        });
      const blocks = await readBlocks(`${programs}:${process.env.PATH!}`, undefined, [devices[3]!]);
      expect(blocks.all.map(({ path }) => path)).toEqual(expect.arrayContaining(devices));
      const probed = readFileSync(seen, 'utf8').split(/\s+/);
      expect(devices.filter((device) => probed.includes(device))).toEqual([devices[3]]);
    } finally {
      rmSync(programs, { recursive: true });
    }
  });

  it('decodes device numbers as the kernel does', () => {
    expect([numberOf(0x801n), numberOf(0x10300n), numberOf(0xffff_ff01n)]).toEqual(['8:1', '259:0', '4095:1048321']);
  });
});
