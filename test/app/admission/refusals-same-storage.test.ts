// Refusals find storage that two paths share: source and destination, two destinations, a mount.
import { describe, expect, it } from 'vitest';
import { GB, picture, type Machine } from '../devices/machines.ts';
import { device, source, place, image, codes } from './ends.ts';

describe('refusals: the source as destination', () => {
  const free: Machine = {
    devices: [
      {
        name: 'sda',
        number: '8:0',
        children: [
          { name: 'sda1', number: '8:1', type: 'part' },
          { name: 'sda2', number: '8:2', type: 'part' },
        ],
      },
      { name: 'sdb', number: '8:16', children: [{ name: 'sdb1', number: '8:17', type: 'part' }] },
      { name: 'nvme0n1', number: '259:0', children: [{ name: 'nvme0n1p1', number: '259:1', type: 'part' }] },
      { name: 'loop1', number: '7:1', type: 'loop', children: [{ name: 'loop1p1', number: '259:3', type: 'part' }] },
      { name: 'loop2', number: '7:2', type: 'loop', children: [{ name: 'loop2p1', number: '259:4', type: 'part' }] },
      { name: 'loop3', number: '7:3', type: 'loop' },
    ],
    mounts: [
      ['259:1', '/'],
      ['8:17', '/images'],
    ],
    backings: { loop1: '/images/disk.img', loop2: '/other/name/of/disk.img', loop3: '/dev/sda' },
    ids: { '/images/disk.img': 'file:8:17:1', '/other/name/of/disk.img': 'file:8:17:1' },
  };
  const blocks = picture(free);
  const file = source(GB, 'file:8:17:1');

  it.each([
    ['itself', '/dev/sda', '/dev/sda'],
    ['a partition of it', '/dev/sda', '/dev/sda1'],
    ['the disk that it is a partition of', '/dev/sda1', '/dev/sda'],
    ['a loop device over it', '/dev/sda', '/dev/loop3'],
    ['what it is a loop device over', '/dev/loop3', '/dev/sda'],
    ['another loop device over the same file', '/dev/loop1', '/dev/loop2'],
    ['a partition of another loop device over the same file', '/dev/loop1', '/dev/loop2p1'],
    ['the same partition through another loop device', '/dev/loop1p1', '/dev/loop2p1'],
    ['the disk that the file behind it lies on', '/dev/loop1', '/dev/sdb'],
  ])('refuses as destination of a source: %s', (_what, from, to) => {
    expect(codes(blocks, device(blocks, from), [device(blocks, to)])).toContain(`${to} IS_SOURCE`);
  });

  it('refuses a destination that shares storage with a source file: the file, its disk, a loop device over it', () => {
    expect(codes(blocks, file, [image({ id: 'file:8:17:1' })])).toContain('/images/copy.img IS_SOURCE');
    expect(codes(blocks, device(blocks, '/dev/loop1'), [image({ id: 'file:8:17:1' })])).toContain(
      '/images/copy.img IS_SOURCE',
    );
    expect(codes(blocks, file, [device(blocks, '/dev/sdb1')])).toContain('/dev/sdb1 IS_SOURCE');
    expect(codes(blocks, file, [device(blocks, '/dev/sdb')])).toContain('/dev/sdb IS_SOURCE');
    expect(codes(blocks, file, [device(blocks, '/dev/loop2')])).toContain('/dev/loop2 IS_SOURCE');
  });

  it('refuses a destination whose NAME.part is the source', () => {
    expect(codes(blocks, file, [image({ image: place({ partId: 'file:8:17:1' }) })])).toContain(
      '/images/copy.img IS_SOURCE',
    );
  });

  it('accepts another partition of the source disk, and an image beside the source', () => {
    expect(codes(blocks, device(blocks, '/dev/sda1'), [device(blocks, '/dev/sda2')])).not.toContain(
      '/dev/sda2 IS_SOURCE',
    );
    expect(codes(blocks, device(blocks, '/dev/sdb'), [image()])).toEqual([]);
    expect(codes(blocks, file, [image()])).toEqual([]);
  });

  it('refuses a loop device when another one over the same file is mounted', () => {
    const mounted = picture({ ...free, mounts: [...free.mounts, ['7:2', '/mnt']] });
    expect(codes(mounted, source(GB, 'file:0:0:9'), [device(mounted, '/dev/loop1')])).toContain('/dev/loop1 MOUNTED');
  });

  it('refuses a destination that shares storage with another destination', () => {
    const other = source(GB, 'file:0:0:9', '/elsewhere/x.img');
    const twice = (...paths: string[]): string[] =>
      codes(
        blocks,
        other,
        paths.map((path) => device(blocks, path)),
      ).filter((code) => code.endsWith('DUPLICATE'));
    expect(twice('/dev/nvme0n1', '/dev/sda', '/dev/sda1')).toEqual(['/dev/sda1 DUPLICATE']);
    expect(twice('/dev/sda1', '/dev/sda')).toEqual(['/dev/sda DUPLICATE']);
    expect(twice('/dev/loop1', '/dev/loop2')).toEqual(['/dev/loop2 DUPLICATE']);
    expect(twice('/dev/sda1', '/dev/sda2')).toEqual([]);
    expect(
      codes(blocks, other, [device(blocks, '/dev/sda'), device(blocks, '/dev/sda', '/dev/disk/by-id/ata-x')]),
    ).toContain('/dev/disk/by-id/ata-x DUPLICATE');
    expect(codes(blocks, other, [image(), image({ path: '/images/../images/copy.img' })])).toEqual([
      '/images/../images/copy.img DUPLICATE',
    ]);
    const begun = image({
      path: '/images/copy.img.part',
      realPath: '/images/copy.img.part',
      image: place({ part: '/images/copy.img.part.part' }),
    });
    expect(codes(blocks, other, [image(), begun])).toEqual(['/images/copy.img.part DUPLICATE']);
  });
});

describe('refusals: one disk under several names', () => {
  const lun = { size: GB, model: 'Array', serial: '6001405', tran: 'fc' };
  const blocks = picture({
    devices: [
      {
        name: 'sda',
        number: '8:0',
        ...lun,
        wwn: '0x6001405',
        children: [{ name: 'sda1', number: '8:1', type: 'part' }],
      },
      {
        name: 'sdb',
        number: '8:16',
        ...lun,
        wwn: '0x6001405',
        children: [{ name: 'sdb1', number: '8:17', type: 'part' }],
      },
      { name: 'sdc', number: '8:32', ...lun, wwn: '0x6001406' },
      { name: 'sdd', number: '8:48', size: GB, model: 'Ultra', serial: '0123456789', tran: 'usb', rm: true },
      { name: 'sde', number: '8:64', size: GB, model: 'Ultra', serial: '0123456789', tran: 'usb', rm: true },
      { name: 'sdf', number: '8:80', size: GB, model: 'Vdisk', serial: 'x1', tran: 'iscsi' },
      { name: 'sdg', number: '8:96', size: GB, model: 'Vdisk', serial: 'x1', tran: 'iscsi' },
      {
        name: 'sdh',
        number: '8:112',
        fs: 'mpath_member',
        children: [
          {
            name: 'dm-0',
            number: '254:0',
            type: 'mpath',
            alias: 'mpatha',
            children: [
              { name: 'dm-1', number: '254:1', type: 'part', alias: 'mpatha1' },
              { name: 'dm-2', number: '254:2', type: 'part', alias: 'mpatha-part2' },
            ],
          },
        ],
      },
      { name: 'sdi', number: '8:128', children: [{ name: 'bcache0', number: '252:0', type: 'disk' }] },
      { name: 'sdj', number: '8:144', children: [{ name: 'drbd0', number: '147:0', type: 'disk' }] },
      { name: 'sdk', number: '8:160', children: [{ name: 'dm-3', number: '254:3', type: 'stratis' }] },
    ],
    mounts: [
      ['0:22', '/proc', 'proc', 'proc'],
      ['8:17', '/data'],
    ],
  });
  const errors = (from: string, to: string): string[] =>
    codes(blocks, device(blocks, from), [device(blocks, to)]).filter((code) => code.includes('IS_SOURCE'));

  it.each([
    ['two paths to one disk, by their WWN', '/dev/sda', '/dev/sdb'],
    ['a partition of the other path', '/dev/sda', '/dev/sdb1'],
    ['the same partition of both paths', '/dev/sda1', '/dev/sdb1'],
    ['two paths that tell a serial number only', '/dev/sdf', '/dev/sdg'],
  ])('S23 refuses as one disk: %s', (_, from, to) => {
    expect(errors(from, to)).toEqual([`${to} IS_SOURCE`]);
  });

  it.each([
    ['disks with different WWNs', '/dev/sda', '/dev/sdc'],
    ['USB sticks whose maker gives all the same serial number', '/dev/sdd', '/dev/sde'],
    ['two partitions that the device-mapper makes of one disk', '/dev/dm-1', '/dev/dm-2'],
  ])('S23 accepts as two disks: %s', (_, from, to) => {
    expect(errors(from, to)).toEqual([]);
  });

  it('S23 refuses a disk that is mounted by its other path', () => {
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sda')])).toContain('/dev/sda MOUNTED');
  });

  it.each(['/dev/sdh', '/dev/dm-0', '/dev/sdi', '/dev/sdj', '/dev/sdk'])(
    'S23 refuses %s as held by the devices on top of it',
    (path) => {
      expect(codes(blocks, source(GB), [device(blocks, path)])).toContain(`${path} IN_USE`);
    },
  );
});

describe('refusals: loop devices over a deleted file', () => {
  const machine: Machine = {
    devices: ['loop1', 'loop2', 'loop3'].map((name, index) => ({ name, number: `7:${index + 1}`, type: 'loop' })),
    mounts: [
      ['8:1', '/'],
      ['7:3', '/mnt'],
    ],
    backings: { loop1: '/tmp/a.img (deleted)', loop2: '/tmp/b.img (deleted)', loop3: '/tmp/a.img (deleted)' },
  };
  const known = picture({ ...machine, backingIds: { loop1: 'file:8:1:7', loop2: 'file:8:1:7', loop3: 'file:8:1:9' } });

  it('S18 takes loop devices over deleted files for one device when the kernel gives one backing file', () => {
    expect(codes(known, device(known, '/dev/loop1'), [device(known, '/dev/loop2')])).toEqual(['/dev/loop2 IS_SOURCE']);
    expect(codes(known, source(GB), [device(known, '/dev/loop1')])).toEqual([]);
  });

  it('S18 refuses a loop device over a deleted file when its backing file is unknown', () => {
    const doubtful = picture(machine);
    expect(codes(doubtful, source(GB), [device(doubtful, '/dev/loop2')])).toEqual(['/dev/loop2 IN_USE']);
    expect(codes(doubtful, source(GB), [device(doubtful, '/dev/loop1')])).toEqual([
      '/dev/loop1 MOUNTED',
      '/dev/loop1 IN_USE',
    ]);
  });

  it("S18 knows a loop device by the kernel's backing file when its path leads to another file", () => {
    const foreign = picture({
      ...machine,
      backings: { loop1: '/a.img', loop2: '/b.img' },
      ids: { '/a.img': 'file:8:1:1' },
      backingIds: { loop1: 'file:8:1:7', loop2: 'file:8:1:7' },
    });
    expect(codes(foreign, device(foreign, '/dev/loop1'), [device(foreign, '/dev/loop2')])).toEqual([
      '/dev/loop2 IS_SOURCE',
    ]);
  });
});

describe('refusals: a loop device over a block device', () => {
  const machine: Machine = {
    devices: [
      { name: 'sda', number: '8:0' },
      { name: 'sdb', number: '8:16' },
      { name: 'loop1', number: '7:1', type: 'loop' },
    ],
    mounts: [
      ['8:0', '/'],
      ['7:1', '/mnt'],
    ],
  };

  it('S18 refuses the block device behind a mounted loop device, whatever its path leads to', () => {
    const blocks = picture({
      ...machine,
      backings: { loop1: '/node' },
      ids: { '/node': 'file:8:0:7' },
      backingIds: { loop1: 'block:8:16' },
    });
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdb')])).toContain('/dev/sdb MOUNTED');
    expect(codes(blocks, device(blocks, '/dev/loop1'), [device(blocks, '/dev/sdb')])).toContain('/dev/sdb IS_SOURCE');
  });

  it('S18 accepts a device when the kernel says that the loop device of that name lies over a file', () => {
    const blocks = picture({ ...machine, backings: { loop1: '/dev/sdb' }, backingIds: { loop1: 'file:0:5:7' } });
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdb')])).toEqual([]);
  });

  it('S18 refuses every device that an unknown loop device may lie over', () => {
    const blocks = picture({ ...machine, backings: { loop1: '/dev/vg/of another namespace' } });
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdb')])).toEqual(['/dev/sdb IN_USE']);
    const file = picture({ ...machine, backings: { loop1: '/dev/shm/image' } });
    expect(codes(file, source(GB), [device(file, '/dev/sdb')])).toEqual([]);
  });
});

describe('refusals: a partition of a disk that is mounted under another name', () => {
  const loops: Machine['devices'] = [
    { name: 'loop0', number: '7:0', type: 'loop' },
    { name: 'loop1', number: '7:1', type: 'loop', children: [{ name: 'loop1p1', number: '259:0', type: 'part' }] },
  ];

  it('S18 refuses a partition when another loop device over the same file is mounted', () => {
    const blocks = picture({
      devices: loops,
      mounts: [
        ['8:1', '/'],
        ['7:0', '/mnt'],
      ],
      backings: { loop0: '/d.img', loop1: '/d.img' },
    });
    expect(codes(blocks, source(GB), [device(blocks, '/dev/loop1p1')])).toEqual(['/dev/loop1p1 MOUNTED']);
  });

  it('S18 refuses a partition when its disk is mounted by another path', () => {
    const path = { tran: 'fc', serial: 'LUN7', model: 'Array', wwn: '0x6001' };
    const blocks = picture({
      devices: [
        { name: 'sda', number: '8:0', tran: 'sata', children: [{ name: 'sda1', number: '8:1', type: 'part' }] },
        { name: 'sdb', number: '8:16', ...path },
        { name: 'sdc', number: '8:32', ...path, children: [{ name: 'sdc1', number: '8:33', type: 'part' }] },
      ],
      mounts: [
        ['8:1', '/'],
        ['8:16', '/mnt'],
      ],
    });
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdc1')])).toEqual(['/dev/sdc1 MOUNTED']);
  });

  it('S18 accepts a partition beside a mounted one', () => {
    const parts = ['sdb1', 'sdb2'].map((name, index) => ({ name, number: `8:${17 + index}`, type: 'part' }));
    const blocks = picture({
      devices: [{ name: 'sdb', number: '8:16', tran: 'usb', rm: true, children: parts }],
      mounts: [
        ['7:9', '/'],
        ['8:17', '/mnt'],
      ],
    });
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdb2')])).toEqual([]);
  });
});
