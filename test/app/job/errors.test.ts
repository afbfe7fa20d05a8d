// What an errno or a native error means, in which words, and that each is told exactly once.
import { describe, expect, it } from 'vitest';
import { codeOf, failure, failureOf } from '../../../app/base/errors.ts';
import { ErrorReports } from '../../../app/engine/job/error-reports.ts';
import { jobError, type Named } from '../../../app/engine/native/errors.ts';
import { jobResult, unexplained, type DestinationEnd } from '../../../app/engine/job/job-result.ts';
import type { NativeCause, NativeError } from '../../../app/engine/native/addon.ts';
import { place, size } from '../../../app/base/figures.ts';
import type { ErrorCode } from '../../../app/contract/errors.ts';
import { MAX_FRAME_BYTES } from '../../../app/contract/host.ts';
import { BY_CODE } from '../../../app/contract/remedies.ts';
import { remedies } from '../../../app/words/en/remedies.ts';

const job: Named = {
  kind: 'copy',
  source: '/dev/sda',
  sourceIsFile: false,
  manifest: null,
  destinations: [
    { path: '/dev/sdb', part: null },
    { path: '/img', part: '/img.part' },
  ],
};
const native = (entry: Partial<NativeError>): NativeError => ({
  side: 'write',
  destination: 0,
  cause: 'medium',
  errno: 'EIO',
  flush: false,
  offset: 0,
  length: 512,
  ...entry,
});
const thrown = (code: string): Error => Object.assign(new Error(code), { code });

describe('an errno', () => {
  it.each([
    ['EIO', 'read', 'block', 'MEDIUM_ERROR'],
    ['ENODATA', 'read', 'block', 'MEDIUM_ERROR'],
    ['EILSEQ', 'write', 'block', 'MEDIUM_ERROR'],
    ['EREMOTEIO', 'write', 'block', 'IO_ERROR'],
    ['ENODEV', 'open', 'block', 'DEVICE_GONE'],
    ['ENXIO', 'open', 'block', 'DEVICE_GONE'],
    ['ENOMEDIUM', 'open', 'block', 'DEVICE_GONE'],
    ['ENOSPC', 'write', 'block', 'DEVICE_GONE'],
    ['ENOSPC', 'write', 'file', 'NO_SPACE'],
    ['EDQUOT', 'write', 'file', 'NO_SPACE'],
    ['EFBIG', 'write', 'file', 'NO_SPACE'],
    ['EROFS', 'open', 'file', 'READ_ONLY'],
    ['EPERM', 'write', 'block', 'READ_ONLY'],
    ['EPERM', 'open', 'block', 'NOT_PERMITTED'],
    ['EACCES', 'open', 'file', 'NOT_PERMITTED'],
    ['EBUSY', 'open', 'block', 'IN_USE'],
    ['ETIMEDOUT', 'read', 'block', 'TIMED_OUT'],
    ['ENOENT', 'open', 'file', 'NOT_FOUND'],
    ['ENOTBLK', 'open', 'file', 'NOT_BLOCK_OR_FILE'],
    ['EMFILE', 'open', 'file', 'IO_ERROR'],
    ['EINVAL', 'write', 'block', 'IO_ERROR'],
  ] as const)('%s of %s on a %s is %s', (errno, op, kind, code) => {
    expect(codeOf(errno, op, kind)).toBe(code);
  });

  it('that was thrown keeps its name, and an unknown one is named in the message', () => {
    expect(failureOf(thrown('EMFILE'), 'open', '/x', 'file')).toMatchObject({
      code: 'IO_ERROR',
      errno: 'EMFILE',
      device: '/x',
      message: 'The system reported EMFILE.',
    });
  });

  it('is all that is turned into a value: another exception stays one', () => {
    expect(() => failureOf(new TypeError('a bug'), 'open', '/x', 'file')).toThrow('a bug');
  });
});

it('every code has one sentence of advice', () => {
  for (const advice of Object.keys(BY_CODE).map((code) => remedies[code as ErrorCode]))
    expect(advice).toMatch(/^[A-Z][^.]*(\.[^ .][^.]*)*\.$/);
  expect(failure({ code: 'TOO_SMALL', op: 'check', reason: { kind: 'errno', errno: 'E' } })).toMatchObject({
    message: 'The system reported E.',
    advice: remedies.TOO_SMALL,
  });
});

describe('a native error in words', () => {
  it.each<[Partial<NativeError>, string]>([
    [{ offset: 26_001_408 * 512 }, 'Write failed at 12.4 GiB (sector 26,001,408): the drive reported a medium error.'],
    [
      { side: 'read', destination: -1, cause: 'gone', errno: null, offset: 512, length: 1024 },
      'Read failed at 512 bytes (sectors 1 to 2): the drive is gone.',
    ],
    [{ flush: true }, 'Flush failed: the drive reported a medium error.'],
    [
      { side: 'verify', cause: 'mismatch', errno: null, offset: 2 ** 20, length: 4096 },
      'Verification failed at 1.0 MiB (sectors 2,048 to 2,055): what was read back is not what was written.',
    ],
    [{ side: 'verify' }, 'Reading back failed at 0 bytes (sector 0): the drive reported a medium error.'],
    [
      { destination: 1, cause: 'no-space', errno: 'ENOSPC' },
      'Write failed at 0 bytes (sector 0): the file system is full (the incomplete image is kept as /img.part).',
    ],
    [{ cause: 'io', errno: 'EINVAL' }, 'Write failed at 0 bytes (sector 0): the system reported EINVAL.'],
  ])('%j', (entry, message) => {
    expect(jobError(native(entry), job).message).toBe(message);
  });

  it('that a file does not answer blames its file system, not a drive', () => {
    const file = { ...job, source: '/disk.img', sourceIsFile: true };
    const stalled = native({ side: 'read', destination: -1, cause: 'stalled', errno: null });
    expect(jobError(stalled, file)).toMatchObject({
      code: 'STALLED',
      reason: { cause: { kind: 'fileSystemSilent' } },
      remedy: { kind: 'checkFileSystem' },
    });
    expect(jobError({ ...stalled, side: 'write', destination: 1 }, job)).toMatchObject({
      code: 'STALLED',
      remedy: { kind: 'checkFileSystem' },
    });
    expect(jobError(stalled, job)).toMatchObject({
      code: 'STALLED',
      reason: { cause: { kind: 'silent' } },
      remedy: { kind: 'STALLED' },
    });
  });

  it('of a file that ends sooner than it did is that the source was changed, and of no drive', () => {
    const file = { ...job, source: '/disk.img', sourceIsFile: true };
    const entry = native({ side: 'read', destination: -1, cause: 'gone', errno: null, offset: 512, length: 1024 });
    expect(jobError(entry, file)).toMatchObject({
      code: 'SOURCE_CHANGED',
      device: '/disk.img',
      message:
        'Read failed at 512 bytes (sectors 1 to 2): the file ends here now: it was cut shorter while it was read.',
    });
    expect(jobError({ ...entry, errno: 'ENODEV' }, file).code).toBe('DEVICE_GONE');
  });

  it.each<[NativeCause, string]>([
    ['medium', 'MEDIUM_ERROR'],
    ['gone', 'DEVICE_GONE'],
    ['no-space', 'NO_SPACE'],
    ['read-only', 'READ_ONLY'],
    ['timed-out', 'TIMED_OUT'],
    ['mismatch', 'VERIFY_MISMATCH'],
    ['cancelled', 'CANCELLED'],
    ['stalled', 'STALLED'],
    ['io', 'IO_ERROR'],
  ])('%s is %s', (cause, code) => {
    expect(jobError(native({ cause }), job).code).toBe(code);
  });

  it('has a place except where none is meant', () => {
    expect(jobError(native({ offset: 512 }), job)).toMatchObject({
      offset: 512,
      length: 512,
      op: 'write',
      side: 'write',
      device: '/dev/sdb',
      destination: 0,
    });
    expect(jobError(native({ flush: true, offset: 512 }), job)).toMatchObject({
      offset: null,
      length: null,
      op: 'flush',
      side: 'write',
    });
    expect(jobError(native({ side: 'read', destination: -1 }), job)).toMatchObject({
      device: '/dev/sda',
      destination: null,
    });
  });

  it('advises about the drive that failed: a source is not to be replaced', () => {
    expect(jobError(native({}), job).advice).toMatch(/^Replace this drive/);
    expect(jobError(native({ side: 'read', destination: -1 }), job).advice).not.toMatch(/Replace/);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [999_950, '1.0 MB'],
    [64_023_257_088, '64.0 GB'],
  ])('%i bytes are %s', (bytes, words) => {
    expect(size(bytes)).toBe(words);
  });

  it('a place of less than a sector is that sector', () => {
    expect(place(1023, 1)).toBe('1,023 bytes (sector 1)');
    expect(place(1024, 0)).toBe('1.0 KiB (sector 2)');
  });
});

describe('errors of a growing list are told once', () => {
  const at = (offset: number, length: number, destination = 0): NativeError => native({ offset, length, destination });

  it('when they have stopped growing', () => {
    const reports = new ErrorReports();
    expect(reports.take([at(0, 512)], false)).toEqual([]);
    expect(reports.take([at(0, 1024)], false)).toEqual([]);
    expect(reports.take([at(0, 1024)], false)).toEqual([at(0, 1024)]);
    expect(reports.take([at(0, 1024)], false)).toEqual([]);
    expect(reports.take([at(0, 1024)], true)).toEqual([]);
  });

  it('at once when a later one shows that they have', () => {
    expect(new ErrorReports().take([at(0, 512), at(4096, 512), at(0, 512, 1)], false)).toEqual([at(0, 512)]);
  });

  it('at the end, all of them', () => {
    expect(new ErrorReports().take([at(0, 512), at(4096, 512)], true)).toEqual([at(0, 512), at(4096, 512)]);
  });

  it('and what grows after all is told as the rest of it', () => {
    const reports = new ErrorReports();
    reports.take([at(0, 512)], false);
    reports.take([at(0, 512)], false);
    expect(reports.take([at(0, 2048)], true)).toEqual([at(512, 1536)]);
  });

  it('so that any way of looking gives every failed byte once', () => {
    const list: NativeError[] = [];
    const reports = new ErrorReports();
    const told: NativeError[] = [];
    let random = 1;
    const next = (below: number): number => (random = (random * 48_271) % 2_147_483_647) % below;
    const ends = [0, 0, 0];
    for (let step = 0; step < 5000; step += 1) {
      const destination = next(3);
      const last = list.findLast((entry) => entry.destination === destination);
      const gap = next(3) === 0 ? 0 : 512;
      const offset = ends[destination]! + gap;
      if (last !== undefined && gap === 0) last.length += 512;
      else list.push(at(offset, 512, destination));
      ends[destination] = offset + 512;
      if (next(4) === 0) told.push(...reports.take(structuredClone(list.slice(reports.first)), false));
    }
    told.push(...reports.take(structuredClone(list.slice(reports.first)), true));
    for (const destination of [0, 1, 2]) {
      const bytes = (entries: NativeError[]): string[] =>
        entries
          .filter((entry) => entry.destination === destination)
          .flatMap(({ offset, length }) =>
            Array.from({ length: length / 512 }, (_, sector) => String(offset + sector * 512)),
          )
          .sort();
      expect(bytes(told)).toEqual(bytes(list));
    }
  });
});

describe('what differs where a disk was taken for blank', () => {
  const differs = native({ side: 'verify', cause: 'mismatch', errno: null });

  it('is told of a disk with both causes, of an image as ever', () => {
    expect(jobError(differs, job, { blank: true })).toMatchObject({
      code: 'VERIFY_MISMATCH',
      remedy: { kind: 'notBlank' },
    });
    expect(jobError({ ...differs, destination: 1 }, job, { blank: true })).toMatchObject({
      remedy: { kind: 'VERIFY_MISMATCH' },
    });
    expect(jobError(native({ side: 'verify' }), job, { blank: true })).toMatchObject({
      remedy: { kind: 'MEDIUM_ERROR' },
    });
  });
});

describe('what differs after it was written again', () => {
  const differs = native({ side: 'verify', cause: 'mismatch', errno: null });

  it('is told of a drive as that, and of an image without blaming the drive', () => {
    expect(jobError(differs, job, { rewritten: true })).toMatchObject({
      code: 'VERIFY_MISMATCH',
      reason: { cause: { kind: 'stillOther' } },
      remedy: { kind: 'losesData' },
    });
    expect(jobError({ ...differs, destination: 1 }, job, { rewritten: true })).toMatchObject({
      reason: { reason: { cause: { kind: 'stillOther' } } },
      remedy: { kind: 'VERIFY_MISMATCH' },
    });
  });

  it('is no medium error that stays', () => {
    expect(jobError(native({ side: 'verify' }), job, { rewritten: true })).toMatchObject({
      code: 'MEDIUM_ERROR',
      reason: { cause: { kind: 'medium' } },
      remedy: { kind: 'MEDIUM_ERROR' },
    });
  });
});

describe('a result', () => {
  const ends = (states: DestinationEnd['state'][]): DestinationEnd[] =>
    states.map((state) => ({
      state,
      uncompared: 0,
      written: 4096,
      kept: 0,
      seconds: 1,
      failed: state === 'failed',
      errorsFrom: 0,
    }));
  const ended = {
    plan: { kind: 'copy' as const, verify: true, bytes: 4096, destinations: [] },
    named: job,
    readErr: 0 as const,
    bytes: 4096,
    manifest: null,
    rescue: null,
    sourceWritten: false,
    notes: [],
    seconds: 1,
  };

  it('says of a destination whether it was read back, and that only a bad read-back makes it false', () => {
    const wrote = jobError(native({}), job);
    const read = jobError(native({ side: 'verify', destination: 1 }), job);
    expect(jobResult({ ...ended, ends: ends(['failed', 'done']), errors: [wrote] }).destinations).toMatchObject([
      { state: 'failed', verified: null, errors: [wrote] },
      { state: 'done', verified: true, errors: [] },
    ]);
    expect(jobResult({ ...ended, ends: ends(['done', 'failed']), errors: [read] }).destinations[1]).toMatchObject({
      verified: false,
    });
    expect(
      jobResult({ ...ended, plan: { ...ended.plan, verify: false }, ends: ends(['done', 'done']), errors: [] })
        .destinations[0],
    ).toMatchObject({ verified: null });
  });

  it('counts an image without its name as failed', () => {
    const result = jobResult({ ...ended, ends: ends(['done', 'failed']), errors: [] });
    expect(result).toMatchObject({ writeErr: 2, destinations: [{ state: 'done' }, { state: 'failed' }] });
  });

  it('gives a reason to those that were stopped by something else', () => {
    const source = jobError(native({ side: 'read', destination: -1 }), job);
    expect(unexplained(ends(['failed', 'failed']), [source], job)).toMatchObject([
      { code: 'SOURCE_FAILED', destination: 0 },
      { code: 'SOURCE_FAILED', destination: 1 },
    ]);
    expect(unexplained(ends(['cancelled', 'done']), [], job)).toMatchObject([
      { code: 'CANCELLED', destination: 0, device: '/dev/sdb' },
    ]);
    expect(unexplained(ends(['failed', 'done']), [jobError(native({}), job)], job)).toEqual([]);
  });

  it('fits in a frame, whatever the number of errors', () => {
    const errors = Array.from({ length: 50_000 }, (_, sector) => jobError(native({ offset: sector * 1024 }), job));
    const result = jobResult({ ...ended, ends: ends(['failed', 'done']), errors });
    expect(result.destinations[0]!.errors.length).toBeGreaterThan(1000);
    expect(JSON.stringify(result).length).toBeLessThan(MAX_FRAME_BYTES);
  });
});
