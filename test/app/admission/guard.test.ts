// The guard refuses for every reason, on described machines of several kinds. Nothing is opened or written here.
// The real devices of this machine are in test/app/job/refusals.test.ts.
import { describe, expect, it } from 'vitest';
import type { Blocks } from '../../../app/engine/devices/blocks.ts';
import { argumentErrors, memoryOf } from '../../../app/base/request-rules.ts';
import { english } from '../../../app/base/english.ts';
import { EXFAT_MAGIC, FAT_MAGIC, limitsOf, UNLIMITED } from '../../../app/engine/devices/file-limits.ts';
import {
  notesOnBootAreas,
  notesOnClones,
  notesOnDestination,
  notesOnSource,
  refusals,
} from '../../../app/engine/admission/guard.ts';
import { endpoint, type End, type ImagePlace } from '../../../app/engine/devices/inspect.ts';
import { GB, images, laptop, live, picture, server, type Machine } from '../devices/machines.ts';
import { askedCopy } from '../../requests.ts';
import type { CopyRequest, JobKind } from '../../../app/contract/request.ts';

/** The block device at `path` as source or destination. */
function device(blocks: Blocks, path: string, givenAs = path): End {
  const block = blocks.all.find((one) => one.path === path)!;
  return {
    path: givenAs,
    realPath: path,
    id: `block:${block.majorMinor}`,
    kind: 'block',
    size: block.size,
    allocated: block.size,
    modified: null,
    changed: null,
    born: null,
    lasting: true,
    block,
    hasOtherNames: false,
    image: null,
  };
}

const source = (size: number, id = 'file:8:1:1', realPath = '/images/disk.img'): End => ({
  path: realPath,
  realPath,
  id,
  kind: 'file',
  size,
  allocated: size,
  modified: 0,
  changed: 0n,
  born: null,
  lasting: true,
  block: null,
  hasOtherNames: false,
  image: null,
});

const place = (given: Partial<ImagePlace> = {}): ImagePlace => ({
  part: '/images/copy.img.part',
  partId: null,
  partBorn: null,
  partInTheWay: false,
  fileSystem: '8:1',
  free: 100 * GB,
  limits: UNLIMITED,
  ...given,
});

const image = (given: Partial<End> = {}): End => ({
  path: '/images/copy.img',
  realPath: '/images/copy.img',
  id: null,
  kind: 'file',
  size: 0,
  allocated: 0,
  modified: null,
  changed: null,
  born: null,
  lasting: true,
  block: null,
  hasOtherNames: false,
  image: place(),
  ...given,
});

function codes(blocks: Blocks, from: End, to: End[], kind: JobKind = 'copy'): string[] {
  return refusals(
    { kind, update: false, unmount: false, bytes: null, data: null },
    { end: from },
    to.map((end) => ({ end })),
    blocks,
  ).map(({ code, device }) => `${device ?? ''} ${code}`);
}

describe('guard: a block device as destination', () => {
  const blocks = picture(laptop);

  it('accepts a free device that holds at least as much as the source', () => {
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdb')])).toEqual([]);
    expect(codes(blocks, source(64 * GB), [device(blocks, '/dev/sdb')])).toEqual([]);
  });

  it.each([
    ['/dev/nvme0n1', ['IS_SYSTEM', 'MOUNTED', 'IN_USE']],
    ['/dev/nvme0n1p2', ['IS_SYSTEM', 'MOUNTED', 'IN_USE']],
    ['/dev/dm-1', ['IS_SYSTEM', 'MOUNTED']],
    ['/dev/dm-2', ['MOUNTED']],
    ['/dev/sda', ['MOUNTED']],
    ['/dev/sda1', ['MOUNTED']],
    ['/dev/sr0', ['READ_ONLY']],
    ['/dev/sdc', ['DEVICE_GONE']],
    ['/dev/nvme0n1p3', []],
  ])('reports for %s the codes %j', (path, reasons) => {
    expect(codes(blocks, source(GB), [device(blocks, path)])).toEqual(reasons.map((code) => `${path} ${code}`));
  });

  it('says by how many bytes a destination is too small', () => {
    const [error] = refusals(
      { kind: 'copy', update: false, unmount: false, bytes: null, data: null },
      { end: source(64 * GB + 1) },
      [{ end: device(blocks, '/dev/sdb') }],
      blocks,
    );
    expect(error).toMatchObject({
      code: 'TOO_SMALL',
      message: 'It holds 64,000,000,000 bytes, 1 byte less than the source needs.',
    });
  });

  it('refuses a write-protected destination', () => {
    const locked = picture({ devices: [{ name: 'sdb', number: '8:16', ro: true }], mounts: [] });
    expect(codes(locked, source(GB), [device(locked, '/dev/sdb')])).toContain('/dev/sdb READ_ONLY');
  });

  it('refuses a member of a RAID', () => {
    const blocks = picture(server);
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdc')])).toEqual(['/dev/sdc IN_USE']);
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdb')])).toEqual(['/dev/sdb IS_SYSTEM', '/dev/sdb MOUNTED']);
  });

  it('refuses the disk that a live system runs from', () => {
    const blocks = picture(live);
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sda')])).toEqual(['/dev/sda IS_SYSTEM', '/dev/sda MOUNTED']);
  });
});

describe('guard: the source as destination', () => {
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

describe('guard: one disk under several names', () => {
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

describe('guard: loop devices over a deleted file', () => {
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

describe('guard: a loop device over a block device', () => {
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

describe('guard: a partition of a disk that is mounted under another name', () => {
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

describe("guard: a file of the job on a disk mounted inside a destination's mount point", () => {
  const disk = (letter: string, number: number): Machine['devices'][number] => ({
    name: `sd${letter}`,
    number: `8:${number}`,
    tran: 'usb',
    rm: true,
    children: [{ name: `sd${letter}1`, number: `8:${number + 1}`, type: 'part', fs: 'ext4' }],
  });
  const blocks = picture({
    devices: [disk('a', 0), disk('b', 16), disk('c', 32), disk('d', 48)],
    mounts: [
      ['0:22', '/', 'nfs4', 'server:/'],
      ['8:1', '/mnt'],
      ['8:17', '/mnt/sub'],
      ['8:33', '/mnt/other'],
      ['8:49', '/mnt/sub/deep'],
    ],
  });
  const told = (from: End, to: End[], unmount: boolean): string[] =>
    refusals(
      { kind: 'copy', update: false, unmount, bytes: null, data: null },
      { end: from },
      to.map((end) => ({ end })),
      blocks,
    ).map(({ code, device, message, advice }) => `${device ?? ''} ${code} ${message} ${advice}`);
  const below = source(GB, 'file:8:17:1', '/mnt/sub/x.img');
  const taken =
    '/dev/sda MOUNTED Unmounting /dev/sda1 from /mnt would make /mnt/sub/x.img unreachable: it is on /dev/sdb1, which is mounted in it, at /mnt/sub. ' +
    'Mount /dev/sdb1 outside /mnt and name the file there, or put it on a file system that stays mounted.';

  it('refuses a destination when unmounting it would take away a source file, and says where to mount that', () => {
    expect(told(below, [device(blocks, '/dev/sda')], false)).toEqual([taken]);
    expect(codes(blocks, below, [device(blocks, '/dev/sda'), device(blocks, '/dev/sdb')])).toEqual([
      '/dev/sda MOUNTED',
      '/dev/sdb MOUNTED',
      '/dev/sdb IS_SOURCE',
    ]);
  });

  it('names with --unmount both the lost file and what else is mounted inside the mount point', () => {
    const other =
      '/dev/sda MOUNTED /dev/sda1 cannot be unmounted from /mnt: /dev/sdc1 is mounted in it, at /mnt/other. Unmount /mnt/other first, then try again.';
    expect(told(below, [device(blocks, '/dev/sda')], true)).toEqual([other, taken]);
  });

  it('refuses a destination when unmounting it would take away a map or a manifest', () => {
    const refused = (files: string[]): string[] =>
      refusals(
        { kind: 'copy', update: false, unmount: true, bytes: null, data: null, files },
        { end: source(GB, 'file:0:22:1', '/x.img') },
        [{ end: device(blocks, '/dev/sda') }],
        blocks,
      ).map(({ reason }) => `${reason.kind} ${reason.kind === 'takesAway' ? reason.file : ''}`.trim());
    expect(refused(['/home/rescue.map'])).toEqual(['mountedOver', 'mountedOver']);
    expect(refused(['/mnt/sub/rescue.map'])).toEqual(['mountedOver', 'takesAway /mnt/sub/rescue.map']);
  });

  it('finds a file that unmounting would take away through nested mounts, behind a loop device, as an image', () => {
    const deep = source(GB, 'file:8:49:1', '/mnt/sub/deep/x.img');
    expect(
      told(deep, [device(blocks, '/dev/sda'), device(blocks, '/dev/sdb')], true).filter((line) =>
        line.includes('deep'),
      ),
    ).toEqual([
      expect.stringMatching(
        /^\/dev\/sda MOUNTED .* on \/dev\/sdd1, which is mounted in it, at \/mnt\/sub\/deep\. Mount \/dev\/sdd1 outside \/mnt and/u,
      ),
      expect.stringMatching(
        /^\/dev\/sdb MOUNTED .* on \/dev\/sdd1, which is mounted in it, at \/mnt\/sub\/deep\. Mount \/dev\/sdd1 outside \/mnt\/sub and/u,
      ),
    ]);
    const copy = image({ path: '/mnt/sub/y.img', realPath: '/mnt/sub/y.img' });
    expect(told(source(GB, 'file:0:22:1', '/x.img'), [device(blocks, '/dev/sda'), copy], false)).toEqual([
      taken.replaceAll('x.img', 'y.img'),
    ]);
    const loops = picture({
      devices: [disk('a', 0), disk('b', 16), { name: 'loop1', number: '7:1', type: 'loop' }],
      mounts: [
        ['0:22', '/', 'nfs4', 'server:/'],
        ['8:1', '/mnt'],
        ['8:17', '/mnt/sub'],
      ],
      backings: { loop1: '/mnt/sub/x.img' },
      ids: { '/mnt/sub/x.img': 'file:8:17:1' },
    });
    expect(
      refusals(
        { kind: 'copy', update: false, unmount: true, bytes: null, data: null },
        { end: device(loops, '/dev/loop1') },
        [{ end: device(loops, '/dev/sda') }],
        loops,
      ).map(({ message }) => message),
    ).toEqual([expect.stringContaining('would make /mnt/sub/x.img unreachable')]);
  });

  it.each<[string, Machine['mounts'][number]]>([
    ['a file system without a device', ['0:60', '/mnt/sub', 'tmpfs', 'tmpfs']],
    ['a server', ['0:61', '/mnt/sub', 'nfs4', 'server:/images']],
    ['a bind mount of the disk of the system', ['8:17', '/mnt/sub']],
  ])('advises to move a file that unmounting would take away from: %s', (_, mount) => {
    const machine = picture({
      devices: [disk('a', 0), disk('b', 16)],
      mounts: [['8:17', '/'], ['8:1', '/mnt'], mount],
    });
    const id = `file:${mount[0]}:1`;
    expect(
      refusals(
        { kind: 'copy', update: false, unmount: true, bytes: null, data: null },
        { end: source(GB, id, '/mnt/sub/x.img') },
        [{ end: device(machine, '/dev/sda') }],
        machine,
      ).map(({ reason, advice }) => `${reason.kind}: ${advice}`),
    ).toEqual(['takesAway: Put the file on a file system that stays mounted, then try again.']);
  });

  it('gives the usual advice on a mounted destination when the files of the job lie elsewhere', () => {
    expect(told(source(GB, 'file:0:22:1', '/x.img'), [device(blocks, '/dev/sda')], false)).toEqual([
      '/dev/sda MOUNTED It is mounted at /mnt. Unmount everything on it, or let Platter do it (--unmount on the command line), then try again.',
    ]);
  });
});

describe('guard: partitions of the disk that holds the system', () => {
  const disk = (...children: Machine['devices']): Machine['devices'] => [
    { name: 'sda', number: '8:0', tran: 'sata', children },
  ];
  const parts = disk(
    { name: 'sda1', number: '8:1', type: 'part', parttype: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b' },
    { name: 'sda2', number: '8:2', type: 'part' },
    { name: 'sda3', number: '8:3', type: 'part' },
  );

  it("S15 refuses every partition of a fixed disk when the system's disk is unknown", () => {
    const blocks = picture({ devices: parts, mounts: [['0:40', '/', 'zfs', 'rpool/root']] });
    for (const path of ['/dev/sda', '/dev/sda1', '/dev/sda2'])
      expect(codes(blocks, source(GB), [device(blocks, path)])).toEqual([`${path} IS_SYSTEM`]);
  });

  it('S15 refuses the partition that the machine starts from', () => {
    const blocks = picture({ devices: parts, mounts: [['8:2', '/']] });
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sda1')])).toEqual(['/dev/sda1 IS_SYSTEM']);
  });

  it("S15 accepts other partitions of the system's disk, and the review names them", () => {
    const blocks = picture({
      devices: [
        ...parts,
        { name: 'sdb', number: '8:16', children: [{ name: 'sdb1', number: '8:17', type: 'part', parttype: '0xef' }] },
      ],
      mounts: [['8:2', '/']],
    });
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sda3'), device(blocks, '/dev/sdb1')])).toEqual([]);
    expect(notesOnDestination(device(blocks, '/dev/sda3'))).toEqual([{ kind: 'besideSystem', path: '/dev/sda3' }]);
    expect(notesOnDestination(device(blocks, '/dev/sdb1'))).toEqual([]);
  });
});

describe('guard: an eMMC with boot areas', () => {
  const emmc = (name: string, number: number): Machine['devices'] => [
    { name, number: `179:${number}`, children: [{ name: `${name}p1`, number: `179:${number + 1}`, type: 'part' }] },
    { name: `${name}boot0`, number: `179:${number + 8}` },
    { name: `${name}boot1`, number: `179:${number + 16}` },
    { name: `${name}rpmb`, number: `179:${number + 24}` },
  ];
  const blocks = picture({
    devices: [...emmc('mmcblk0', 0), ...emmc('mmcblk1', 64), { name: 'mmcblk2', number: '179:128' }],
    mounts: [['0:22', '/', 'nfs4', 'server:/']],
  });

  it('notes for the review that an eMMC is copied and written without its boot areas', () => {
    const note = (path: string, end: 'source' | 'destination'): unknown =>
      notesOnBootAreas(device(blocks, path), end, blocks);
    expect(note('/dev/mmcblk0', 'source')).toEqual([
      { kind: 'bootAreas', path: '/dev/mmcblk0', areas: ['boot0', 'boot1'], end: 'source' },
    ]);
    expect(note('/dev/mmcblk1', 'destination')).toEqual([
      { kind: 'bootAreas', path: '/dev/mmcblk1', areas: ['boot0', 'boot1'], end: 'destination' },
    ]);
    expect(['/dev/mmcblk0p1', '/dev/mmcblk0boot0', '/dev/mmcblk2'].flatMap((path) => note(path, 'source'))).toEqual([]);
    expect(notesOnBootAreas(source(GB), 'source', blocks)).toEqual([]);
  });

  it('says what the missing boot areas mean for the copy and for the destination', () => {
    const said = (end: 'source' | 'destination'): string =>
      english.note({ kind: 'bootAreas', path: '/dev/mmcblk0', areas: ['boot0', 'boot1'], end });
    expect(said('source')).toBe(
      'The boot areas of /dev/mmcblk0 (boot0, boot1) are not copied, only its main area is. A board that boots from them does not boot from the copy alone.',
    );
    expect(said('destination')).toBe(
      'The boot areas of /dev/mmcblk0 (boot0, boot1) are not written, only its main area is. They keep what they hold.',
    );
  });
});

describe('guard: an image as destination', () => {
  const blocks = picture({
    devices: [
      { name: 'sda', number: '8:0', children: [{ name: 'sda1', number: '8:1', type: 'part' }] },
      { name: 'loop1', number: '7:1', type: 'loop' },
    ],
    mounts: [['8:1', '/']],
    swaps: ['/images/swapfile'],
    backings: { loop1: '/images/vm.img' },
    ids: { '/images/vm.img': 'file:8:1:7', '/images/swapfile': 'file:8:1:8' },
  });

  it('accepts an image that replaces an ordinary file', () => {
    expect(codes(blocks, source(GB), [image({ id: 'file:8:1:6', size: 5 })])).toEqual([]);
  });

  it('S17 refuses to update or repair a file with hard links, and may replace or compare it', () => {
    const linked = image({ id: 'file:8:1:6', size: GB, hasOtherNames: true });
    const reasons = (kind: JobKind, update: boolean): string[] =>
      refusals(
        { kind, update, unmount: false, bytes: null, data: null },
        { end: source(GB) },
        [{ end: kind === 'copy' ? linked : { ...linked, image: null } }],
        blocks,
      ).map(({ code, reason }) => `${code} ${reason.kind}`);
    expect(reasons('repair', false)).toEqual(['IN_USE hardLinks']);
    expect(reasons('copy', true)).toEqual(['IN_USE hardLinks']);
    expect(reasons('copy', false)).toEqual([]);
    expect(reasons('verify', false)).toEqual([]);
  });

  it('refuses an image that a loop device or swap uses, or whose NAME.part is in the way', () => {
    expect(codes(blocks, source(GB), [image({ id: 'file:8:1:7' })])).toEqual(['/images/copy.img IN_USE']);
    expect(codes(blocks, source(GB), [image({ id: 'file:8:1:8' })])).toEqual(['/images/copy.img IN_USE']);
    expect(codes(blocks, source(GB), [image({ image: place({ partId: 'file:8:1:7' }) })])).toEqual([
      '/images/copy.img IN_USE',
    ]);
    expect(codes(blocks, source(GB), [image({ image: place({ partInTheWay: true }) })])).toEqual([
      '/images/copy.img IN_USE',
    ]);
  });

  it('refuses images that do not fit into their file system, alone or together', () => {
    const room = (path: string, free: number, fileSystem = '8:1'): End =>
      image({ path, realPath: path, image: place({ part: `${path}.part`, free, fileSystem }) });
    expect(codes(blocks, source(GB), [room('/a', GB), room('/b', GB - 1, '8:2')])).toEqual(['/b NO_SPACE']);
    expect(codes(blocks, source(GB), [room('/a', 2 * GB - 1), room('/b', 2 * GB - 1)])).toEqual(['/b NO_SPACE']);
    expect(codes(blocks, source(GB), [room('/a', 2 * GB), room('/b', 2 * GB)])).toEqual([]);
    const [error] = refusals(
      { kind: 'copy', update: false, unmount: false, bytes: null, data: null },
      { end: source(GB) },
      [{ end: room('/a', GB - 1000) }],
      blocks,
    );
    expect(error!.message).toBe('Its file system needs 1,000 bytes more free space.');
  });

  it('F11 asks room for the data of a sparse source, and for all its bytes on a file system without holes', () => {
    const refused = (given: Partial<ImagePlace>): unknown =>
      refusals(
        { kind: 'copy', update: false, unmount: false, bytes: null, data: 1000 },
        { end: source(GB) },
        [{ end: image({ image: place({ free: 1000, ...given }) }) }],
        blocks,
      ).map(({ reason }) => reason);
    expect(refused({})).toEqual([]);
    expect(refused({ free: 999 })).toEqual([{ kind: 'noRoom', missing: 1 }]);
    expect(refused({ limits: limitsOf(EXFAT_MAGIC) })).toEqual([{ kind: 'noRoom', missing: GB - 1000 }]);
  });

  it.each(['na:me.img', 'a*.img', 'what?.img', 'a|b', 'a"b', 'a<b', 'a\\b', 'a\tb', 'dot.', 'blank '])(
    'F22 refuses the name %j on FAT and exFAT',
    (name) => {
      const named = (limits: ImagePlace['limits']): End =>
        image({ path: name, realPath: `/images/${name}`, image: place({ limits }) });
      expect(codes(blocks, source(GB), [named(limitsOf(FAT_MAGIC))])).toEqual([`${name} BAD_ARGUMENT`]);
      expect(codes(blocks, source(GB), [named(limitsOf(EXFAT_MAGIC))])).toEqual([`${name} BAD_ARGUMENT`]);
      expect(codes(blocks, source(GB), [named(UNLIMITED)])).toEqual([]);
    },
  );

  it('F22 advises another file system when an image is too long for FAT', () => {
    const [error] = refusals(
      { kind: 'copy', update: false, unmount: false, bytes: null, data: null },
      { end: source(5 * GB) },
      [{ end: image({ image: place({ limits: limitsOf(FAT_MAGIC) }) }) }],
      blocks,
    );
    expect(error!.advice).toBe(
      'Choose a place on another file system: exFAT, NTFS and the file systems of Linux allow larger files.',
    );
  });

  it('refuses an image that is longer than FAT allows', () => {
    expect(codes(blocks, source(5 * GB), [image({ image: place({ limits: limitsOf(FAT_MAGIC) }) })])).toEqual([
      '/images/copy.img NO_SPACE',
    ]);
  });
});

describe('guard: a verification', () => {
  const blocks = picture(laptop);

  it('accepts a mounted, system or write-protected destination for a verification', () => {
    expect(
      codes(
        blocks,
        source(GB),
        ['/dev/nvme0n1', '/dev/sda', '/dev/sr0'].map((path) => device(blocks, path)),
        'verify',
      ),
    ).toEqual([]);
  });

  it('refuses a verification against itself, of one destination twice, and of a smaller one', () => {
    expect(codes(blocks, device(blocks, '/dev/sdb'), [device(blocks, '/dev/sdb')], 'verify')).toEqual([
      '/dev/sdb IS_SOURCE',
    ]);
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdb'), device(blocks, '/dev/sdb')], 'verify')).toEqual([
      '/dev/sdb DUPLICATE',
    ]);
    expect(codes(blocks, source(65 * GB), [device(blocks, '/dev/sdb')], 'verify')).toEqual(['/dev/sdb TOO_SMALL']);
    expect(codes(blocks, source(GB), [device(blocks, '/dev/sdc')], 'verify')).toEqual(['/dev/sdc TOO_SMALL']);
  });
});

describe('guard: advice on a drive in use', () => {
  const advice = (machine: Machine, path: string, unmount = false): string[] => {
    const blocks = picture(machine);
    return refusals(
      { kind: 'copy', update: false, unmount, bytes: null, data: null },
      { end: source(GB) },
      [{ end: device(blocks, path) }],
      blocks,
    ).map(({ reason, advice }) => `${reason.kind}: ${advice}`);
  };
  const root: Machine['mounts'][number] = ['254:9', '/'];
  const held = (...children: Machine['devices']): Machine => ({
    devices: [
      { name: 'dm-9', number: '254:9' },
      { name: 'sda', number: '8:0', children: [{ name: 'sda1', number: '8:1', type: 'part', children }] },
    ],
    mounts: [images, root],
  });

  it.each([false, true])('F20 advises to switch off swap, with --unmount or without (%s)', (unmount) => {
    const machine: Machine = { ...held(), swaps: ['/dev/sda1'] };
    expect(advice(machine, '/dev/sda', unmount)).toEqual([
      'usedAsSwap: Turn the swap off (sudo swapoff /dev/sda1), then try again.',
    ]);
    const both: Machine = { ...machine, mounts: [images, root, ['8:0', '/mnt']] };
    expect(advice(both, '/dev/sda')).toEqual([
      expect.stringMatching(/^mountedAt: .*--unmount/),
      'usedAsSwap: Turn the swap off (sudo swapoff /dev/sda1), then try again.',
    ]);
  });

  it("V4 advises another destination for the system's disk, its mounts and its holders", () => {
    const never = 'Choose another destination: this one is never written.';
    expect(advice(laptop, '/dev/nvme0n1')).toEqual([
      `isSystem: ${never}`,
      `mountedAndSwap: ${never}`,
      `heldBy: ${never}`,
    ]);
    expect(advice({ ...laptop, mounts: [['0:50', '/', 'zfs', 'rpool/root']] }, '/dev/nvme0n1')).toEqual([
      `maybeSystem: ${never}`,
      `usedAsSwap: ${never}`,
      `heldBy: ${never}`,
    ]);
  });

  it('F20 gives the commands that release encryption, LVM, RAID and loop devices, the topmost first', () => {
    const release = (command: string): string[] => [`heldBy: Release it as root (${command}), then try again.`];
    const crypt = { name: 'dm-0', number: '254:0', type: 'crypt', path: '/dev/mapper/secret' };
    const volumes = [
      { name: 'dm-1', number: '254:1', type: 'lvm', path: '/dev/mapper/my--vg-one' },
      { name: 'dm-2', number: '254:2', type: 'lvm', path: '/dev/mapper/my--vg-two' },
    ];
    expect(advice(held(crypt), '/dev/sda')).toEqual(release('cryptsetup close secret'));
    const stack: Machine = held({ ...crypt, children: volumes });
    expect(
      advice(
        { ...stack, mounts: [...stack.mounts, ['254:1', '/mnt/my\\040data'], ['254:2', '/mnt/b']] },
        '/dev/sda',
        true,
      ),
    ).toEqual(
      release("umount '/mnt/my data' && umount /mnt/b && vgchange --activate n my-vg && cryptsetup close secret"),
    );
    expect(advice(held({ name: 'md0', number: '9:0', type: 'raid1' }), '/dev/sda1')).toEqual(
      release('mdadm --stop /dev/md0'),
    );
    expect(advice(held({ name: 'drbd0', number: '147:0', type: 'disk' }), '/dev/sda1')).toEqual([
      'heldBy: Close the program that is using it, then try again.',
    ]);
  });
});

describe('guard: all reasons at once', () => {
  const blocks = picture(laptop);

  it('reports the reasons of the source and of every destination together', () => {
    const missing = { end: null, error: { code: 'NOT_FOUND', device: '/no' } } as never;
    const found = refusals(
      { kind: 'copy', update: false, unmount: false, bytes: null, data: null },
      { end: source(0) },
      [missing, { end: device(blocks, '/dev/sda') }, { end: device(blocks, '/dev/sdb') }],
      blocks,
    );
    expect(found.map(({ code, device }) => [device, code])).toEqual([
      ['/images/disk.img', 'SOURCE_EMPTY'],
      ['/no', 'NOT_FOUND'],
      ['/dev/sda', 'MOUNTED'],
    ]);
  });

  it('reports the reasons of destinations when the source is missing', () => {
    const missing = { end: null, error: { code: 'NOT_FOUND', device: '/no' } } as never;
    expect(
      refusals(
        { kind: 'copy', update: false, unmount: false, bytes: null, data: null },
        missing,
        [{ end: device(blocks, '/dev/sda') }],
        blocks,
      ).map(({ code }) => code),
    ).toEqual(['NOT_FOUND', 'MOUNTED']);
  });
});

describe('rules of a request', () => {
  const request = askedCopy({ source: '/a', destinations: ['/b'] });
  const wrong = (change: Partial<CopyRequest>): string[] =>
    argumentErrors({ ...request, ...change }).map(({ code }) => code);

  it('accepts 32 destinations and no more', () => {
    const many = (count: number): Partial<CopyRequest> => ({
      destinations: Array.from({ length: count }, (_, index) => ({ path: `/d${index}`, throttle: null })),
    });
    expect([wrong(many(1)), wrong(many(32)), wrong(many(33))]).toEqual([[], [], ['TOO_MANY']]);
  });

  it('refuses relative paths', () => {
    expect(argumentErrors({ ...request, source: 'a', destinations: [{ path: './b', throttle: null }] })).toMatchObject([
      { device: 'a' },
      { device: './b' },
    ]);
  });

  it('rounds memory down to whole pages, and names the bounds when it refuses', () => {
    expect([null, 65_536, 70_000, 2 ** 30].map((memory) => memoryOf({ memory }))).toEqual([
      32 * 2 ** 20,
      65_536,
      69_632,
      2 ** 30,
    ]);
    for (const memory of [1024, 65_535, 2 ** 30 + 4096, -1, 0, NaN, Infinity])
      expect(wrong({ memory })).toEqual(['BAD_ARGUMENT']);
    expect(argumentErrors({ ...request, memory: 1024 })[0]!.message).toBe(
      'Memory must be from 64 KiB to 1 GiB, not 1,024 bytes.',
    );
  });
});

it('F36 warns in the review that a clone has the UUIDs of its source', () => {
  const blocks = picture({
    devices: [
      { name: 'sda', number: '8:0', fs: 'btrfs' },
      { name: 'sdb', number: '8:16', children: [{ name: 'sdb1', number: '8:17', type: 'part', fs: 'LVM2_member' }] },
      { name: 'sdc', number: '8:32' },
    ],
    mounts: [],
  });
  const notes = (from: End, ...to: End[]): string[] => notesOnClones(from, to).map(english.note);
  expect(notes(device(blocks, '/dev/sda'), device(blocks, '/dev/sdc'), image())).toEqual([
    '/dev/sda and the copy on /dev/sdc have the same UUIDs. Disconnect one of them before the next mount or restart, because the system cannot tell them apart.' +
      ' A mounted btrfs can write to the wrong one: `btrfstune -u` gives the unmounted copy a UUID of its own.',
  ]);
  expect(notes(device(blocks, '/dev/sdb'), device(blocks, '/dev/sdc'))).toEqual([
    expect.stringContaining('vgimportclone'),
  ]);
  expect([
    notes(device(blocks, '/dev/sda'), image()),
    notes(source(GB), device(blocks, '/dev/sdc')),
    notes(device(blocks, '/dev/sdc'), device(blocks, '/dev/sda')),
  ]).toEqual([[], [], []]);
});

it('notes that a source is in use, and copies it', () => {
  const blocks = picture(laptop);
  expect(notesOnSource(device(blocks, '/dev/sda'), blocks).map(english.note)).toEqual([
    '/dev/sda is mounted read-write at /media/me/PHOTOS OLD: writes to it during the job can make the copy inconsistent.',
  ]);
  expect(notesOnSource(device(blocks, '/dev/dm-2'), blocks).map(english.note)).toEqual([
    '/dev/dm-2 is used as swap: writes to it during the job can make the copy inconsistent.',
  ]);
  expect(notesOnSource(device(blocks, '/dev/sdb'), blocks)).toEqual([]);
  const livePicture = picture(live);
  expect(notesOnSource(device(livePicture, '/dev/sda'), livePicture)).toEqual([]);
});

it('names for the review what would be lost, and nothing else', () => {
  const blocks = picture(laptop);
  expect(endpoint(device(blocks, '/dev/sda'), GB, true)).toMatchObject({
    kind: 'block',
    size: 64 * GB,
    model: 'Ultra',
    serial: '4C53',
    majorMinor: '8:0',
    overwrites: true,
    contents: [{ kind: 'labelled', fileSystem: 'exfat', label: 'PHOTOS', path: '/dev/sda1', size: 64 * GB }],
  });
  expect(endpoint(device(blocks, '/dev/nvme0n1'), GB, false)).toMatchObject({
    overwrites: false,
    contents: expect.arrayContaining([{ kind: 'partition', path: '/dev/nvme0n1p3', size: 64 * GB }]) as object[],
  });
  expect(endpoint(image(), GB, true)).toMatchObject({
    kind: 'file',
    size: GB,
    overwrites: false,
    contents: [],
    majorMinor: null,
  });
  expect(endpoint(image({ id: 'file:8:1:6', size: 5 }), GB, true)).toMatchObject({ size: GB, overwrites: true });
});
