// Which drives a station may start.
import { describe, expect, it } from 'vitest';
import type { Disk } from '../../../../app/contract/disks.ts';
import type { StationPlan } from '../../../../app/contract/station.ts';
import { objectionTo, refusalOf } from '../../../../app/main/station/verdict.ts';
import { disk, endpoint, ext4, GB, readOnlyDisk, systemDisk, usbPort } from '../../../renderer/support/fixtures.ts';
import { planFor } from './support.ts';

const bay = usbPort(1, 1, 1);
const blank = disk('/dev/sdb', { port: bay, serial: 'A1', diskSequence: 7 });
const plan = planFor([bay]);

const refused = (
  drive: Disk,
  more: Partial<StationPlan> = {},
  others: Disk[] = [],
  done: string[] = [],
): string | null =>
  refusalOf(drive, { ...plan, ...more }, { done: new Set(done), disks: [drive, ...others] })?.kind ?? null;

describe('a drive in an armed bay', () => {
  it('is started when it is blank, of an allowed size, and known by its serial number', () => {
    expect(refused(blank)).toBeNull();
  });

  it.each<[string, Disk, string]>([
    ['a system disk', { ...systemDisk, port: bay }, 'isSystem'],
    ['the source', { ...blank, path: '/dev/sds' }, 'stationSource'],
    ['a locked drive', { ...readOnlyDisk, port: bay }, 'writeProtected'],
    ['a drive without a socket', { ...blank, port: null }, 'stationNoBay'],
    ['a drive in another bay', { ...blank, port: usbPort(1, 2, 2) }, 'stationNoBay'],
    ['a drive without a serial number', { ...blank, serial: null }, 'stationNoSerial'],
    ['a drive with an empty serial number', { ...blank, serial: '  ' }, 'stationNoSerial'],
    ['a drive that is too small', { ...blank, size: 8 * GB - 1 }, 'stationSize'],
    ['a drive that is too large', { ...blank, size: 256 * GB + 1 }, 'stationSize'],
    ['a mounted drive', { ...blank, mountedAt: ['/media/x'] }, 'stationUsed'],
    ['a drive with a file system', { ...blank, fileSystem: 'exfat' }, 'stationUsed'],
    ['a drive with a partition table', { ...blank, partitionTable: 'gpt' }, 'stationUsed'],
    ['a drive with a signature', { ...blank, signatures: ['LVM2_member'] }, 'stationUsed'],
    ['a drive with a partition', { ...blank, partitions: systemDisk.partitions.slice(0, 1) }, 'stationUsed'],
  ])('is not started when it is %s', (_what, drive, reason) => {
    expect(refused(drive, { request: { ...plan.request, source: '/dev/sds' } })).toBe(reason);
  });

  it('is not started twice in a batch, nor when its serial number is that of another drive', () => {
    expect(refused(blank, {}, [], ['A1'])).toBe('stationDone');
    expect(refused(blank, {}, [{ ...blank, path: '/dev/sdc', port: null }])).toBe('stationTwice');
  });

  it('is not started when the bay has several drives', () => {
    expect(refused(blank, {}, [{ ...blank, path: '/dev/sdc', serial: 'A2' }])).toBe('stationSeveral');
  });

  it('is started for its model in any case, and not without the model', () => {
    expect(refused(blank, { model: 'ULTRA' })).toBeNull();
    expect(refused(blank, { model: 'Kingston' })).toBe('stationModel');
    expect(refused({ ...blank, model: null }, { model: 'Ultra' })).toBe('stationModel');
  });

  it('is started with data only when used drives are erased, and a system disk even then not', () => {
    expect(refused({ ...blank, fileSystem: 'exfat', mountedAt: ['/media/x'] }, { eraseUsed: true })).toBeNull();
    expect(refused({ ...systemDisk, port: bay }, { eraseUsed: true })).toBe('isSystem');
  });
});

describe('a destination of the checked plan', () => {
  const end = endpoint(blank);
  const objected = (more: Partial<typeof end>, eraseUsed = false, isBlank: boolean | null = true): string | null =>
    objectionTo({ ...end, ...more }, blank, { ...plan, eraseUsed }, isBlank)?.kind ?? null;

  it('is accepted when it is the drive that counted down', () => {
    expect(objected({})).toBeNull();
  });

  it.each([
    { realPath: '/dev/sdc' },
    { majorMinor: '8:99' },
    { diskSequence: 8 },
    { serial: 'A2' },
    { size: 1 },
    { port: usbPort(1, 2, 2) },
    { kind: 'file' as const },
  ])('is refused when it is another drive: %o', (more) => {
    expect(objected(more)).toBe('stationOther');
    expect(objected(more, true)).toBe('stationOther');
  });

  it('is refused with data that the list did not show', () => {
    expect(objected({ contents: [ext4('home')] })).toBe('stationUsed');
    expect(objected({ contents: [ext4('home')] }, true)).toBeNull();
  });

  it('is refused with data of no known kind, and when nobody could look', () => {
    expect(objected({}, false, false)).toBe('stationUsed');
    expect(objected({}, false, null)).toBe('stationUnread');
    expect(objected({}, true, null)).toBeNull();
  });

  it('is accepted when only the system could not look, and the medium is blank', () => {
    const unread = { contents: [{ kind: 'unread' as const, path: '/dev/sdb' }] };
    expect(objected(unread)).toBeNull();
    expect(objected(unread, false, false)).toBe('stationUsed');
    expect(objected(unread, false, null)).toBe('stationUnread');
  });
});
