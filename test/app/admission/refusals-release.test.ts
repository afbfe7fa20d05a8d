// The advice for a drive in use, and the parts of the job that unmounting it would take away.
import { describe, expect, it } from 'vitest';
import { refusals } from '../../../app/engine/admission/refusals.ts';
import type { End } from '../../../app/engine/devices/ends.ts';
import { GB, images, laptop, picture, type Machine } from '../devices/machines.ts';
import { device, source, image, codes } from './ends.ts';

describe('refusals: advice on a drive in use', () => {
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

describe("refusals: a file of the job on a disk mounted inside a destination's mount point", () => {
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
    '/dev/sda MOUNTED Unmounting /dev/sda1 from /mnt would make /mnt/sub/x.img unreachable: ' +
    'it is on /dev/sdb1, which is mounted in it, at /mnt/sub. ' +
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
      '/dev/sda MOUNTED /dev/sda1 cannot be unmounted from /mnt: /dev/sdc1 is mounted in it, ' +
      'at /mnt/other. Unmount /mnt/other first, then try again.';
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
        /^\/dev\/sda MOUNTED .* on \/dev\/sdd1, .*, at \/mnt\/sub\/deep\. Mount \/dev\/sdd1 outside \/mnt and/u,
      ),
      expect.stringMatching(
        /^\/dev\/sdb MOUNTED .* on \/dev\/sdd1, .*, at \/mnt\/sub\/deep\. Mount \/dev\/sdd1 outside \/mnt\/sub and/u,
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
      '/dev/sda MOUNTED It is mounted at /mnt. ' +
        'Unmount everything on it, or let Platter do it (--unmount on the command line), then try again.',
    ]);
  });
});
