// The notes of a review on source and destination, besides refusals.
import { describe, expect, it } from 'vitest';
import { english } from '../../../app/base/english.ts';
import { notesOnBootAreas, notesOnClones, notesOnSource } from '../../../app/engine/admission/refusals.ts';
import type { End } from '../../../app/engine/devices/ends.ts';
import { endpoint } from '../../../app/engine/devices/inspect-paths.ts';
import { GB, laptop, live, picture, type Machine } from '../devices/machines.ts';
import { device, source, image } from './ends.ts';

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
    '/dev/sda and the copy on /dev/sdc have the same UUIDs. ' +
      'Disconnect one of them before the next mount or restart, because the system cannot tell them apart.' +
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
    '/dev/sda is mounted read-write at /media/me/PHOTOS OLD: ' +
      'writes to it during the job can make the copy inconsistent.',
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

describe('refusals: an eMMC with boot areas', () => {
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
      'The boot areas of /dev/mmcblk0 (boot0, boot1) are not copied, only its main area is. ' +
        'A board that boots from them does not boot from the copy alone.',
    );
    expect(said('destination')).toBe(
      'The boot areas of /dev/mmcblk0 (boot0, boot1) are not written, only its main area is. They keep what they hold.',
    );
  });
});
