// Block devices are refused for every reason, on described machines of several kinds. Nothing is opened.
// test/app/job/refusals.test.ts has the real devices of this machine.
import { describe, expect, it } from 'vitest';
import { notesOnDestination, refusals } from '../../../app/engine/admission/refusals.ts';
import { GB, laptop, live, picture, server, type Machine } from '../devices/machines.ts';
import { device, source, codes } from './ends.ts';

describe('refusals: a block device as destination', () => {
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

describe('refusals: partitions of the disk that holds the system', () => {
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

describe('refusals: a verification', () => {
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

describe('refusals: all reasons at once', () => {
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
