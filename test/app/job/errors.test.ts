// The code and the words of an errno or a native error, and that each is reported exactly once.
import { describe, expect, it } from 'vitest';
import { codeOf, failure, failureOf } from '../../../app/base/errors.ts';
import { ErrorReports } from '../../../app/engine/job/pass/error-reports.ts';
import { jobError, type Named } from '../../../app/engine/native/errors.ts';
import { jobResult, unexplained, type DestinationEnd } from '../../../app/engine/job/job-result.ts';
import type { NativeCause, NativeError } from '../../../app/engine/native/addon.ts';
import { place, size } from '../../../app/base/figures.ts';
import type { ErrorCode } from '../../../app/contract/errors.ts';
import { MAX_FRAME_BYTES } from '../../../app/contract/host.ts';
import { BY_CODE } from '../../../app/contract/remedies.ts';
import { remedies } from '../../../app/words/en/facts/remedies.ts';

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

describe('the code of an errno', () => {
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
  ] as const)('%s of %s on a %s becomes %s', (errno, op, kind, code) => {
    expect(codeOf(errno, op, kind)).toBe(code);
  });

  it('keeps the errno of a system error, and names an unknown one in the message', () => {
    expect(failureOf(thrown('EMFILE'), 'open', '/x', 'file')).toMatchObject({
      code: 'IO_ERROR',
      errno: 'EMFILE',
      device: '/x',
      message: 'The system reported EMFILE.',
    });
  });

  it('throws an exception that is no system error again', () => {
    expect(() => failureOf(new TypeError('a bug'), 'open', '/x', 'file')).toThrow('a bug');
  });
});

it('gives every error code one sentence of advice', () => {
  for (const advice of Object.keys(BY_CODE).map((code) => remedies[code as ErrorCode]))
    expect(advice).toMatch(/^[A-Z][^.]*(\.[^ .][^.]*)*\.$/);
  expect(failure({ code: 'TOO_SMALL', op: 'check', reason: { kind: 'errno', errno: 'E' } })).toMatchObject({
    message: 'The system reported E.',
    advice: remedies.TOO_SMALL,
  });
});

describe('the message of a native error', () => {
  it.each<[Partial<NativeError>, string]>([
    [{ offset: 26_001_408 * 512 }, 'Write failed at 13.3 GB (sector 26,001,408): the drive reported a medium error.'],
    [
      { side: 'read', destination: -1, cause: 'gone', errno: null, offset: 512, length: 1024 },
      'Read failed at 512 bytes (sectors 1 to 2): the drive is gone.',
    ],
    [{ flush: true }, 'Flush failed: the drive reported a medium error.'],
    [
      { side: 'verify', cause: 'mismatch', errno: null, offset: 2 ** 20, length: 4096 },
      'Verification failed at 1.0 MB (sectors 2,048 to 2,055): the data read back differs from the data written.',
    ],
    [{ side: 'verify' }, 'Reading back failed at 0 bytes (sector 0): the drive reported a medium error.'],
    [
      { destination: 1, cause: 'no-space', errno: 'ENOSPC' },
      'Write failed at 0 bytes (sector 0): the file system is full (the incomplete image is kept as /img.part).',
    ],
    [{ cause: 'io', errno: 'EINVAL' }, 'Write failed at 0 bytes (sector 0): the system reported EINVAL.'],
  ])('puts into words the native error %j', (entry, message) => {
    expect(jobError(native(entry), job).message).toBe(message);
  });

  it('blames the file system for a file that does not answer, not a drive', () => {
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

  it('reports a file that ends too soon as a changed source, not as a drive', () => {
    const file = { ...job, source: '/disk.img', sourceIsFile: true };
    const entry = native({ side: 'read', destination: -1, cause: 'gone', errno: null, offset: 512, length: 1024 });
    expect(jobError(entry, file)).toMatchObject({
      code: 'SOURCE_CHANGED',
      device: '/disk.img',
      message:
        'Read failed at 512 bytes (sectors 1 to 2): the file now ends here: ' +
        'it was cut shorter while it was being read.',
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
  ])('turns the cause %s into %s', (cause, code) => {
    expect(jobError(native({ cause }), job).code).toBe(code);
  });

  it('gives an error its place, except a flush or an error of the source', () => {
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

  it('advises to replace a failed destination, and never the source', () => {
    expect(jobError(native({}), job).advice).toMatch(/^Replace this drive/);
    expect(jobError(native({ side: 'read', destination: -1 }), job).advice).not.toMatch(/Replace/);
  });
});

describe('numbers in messages', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [999_950, '1.0 MB'],
    [64_023_257_088, '64.0 GB'],
  ])('writes %i bytes as %s', (bytes, words) => {
    expect(size(bytes)).toBe(words);
  });

  it('names the sector of a place of less than a sector', () => {
    expect(place(999, 1)).toBe('999 bytes (sector 1)');
    expect(place(1024, 0)).toBe('1.0 kB (sector 2)');
  });
});

describe('reports of a growing list of errors', () => {
  const at = (offset: number, length: number, destination = 0): NativeError => native({ offset, length, destination });

  it('reports an error once it has stopped growing', () => {
    const reports = new ErrorReports();
    expect(reports.take([at(0, 512)], false)).toEqual([]);
    expect(reports.take([at(0, 1024)], false)).toEqual([]);
    expect(reports.take([at(0, 1024)], false)).toEqual([at(0, 1024)]);
    expect(reports.take([at(0, 1024)], false)).toEqual([]);
    expect(reports.take([at(0, 1024)], true)).toEqual([]);
  });

  it('reports an error at once when a later one shows that it stopped growing', () => {
    expect(new ErrorReports().take([at(0, 512), at(4096, 512), at(0, 512, 1)], false)).toEqual([at(0, 512)]);
  });

  it('reports all errors at the end', () => {
    expect(new ErrorReports().take([at(0, 512), at(4096, 512)], true)).toEqual([at(0, 512), at(4096, 512)]);
  });

  it('reports the rest of an error that grew after its report', () => {
    const reports = new ErrorReports();
    reports.take([at(0, 512)], false);
    reports.take([at(0, 512)], false);
    expect(reports.take([at(0, 2048)], true)).toEqual([at(512, 1536)]);
  });

  it('reports every failed byte once, however the list is sampled', () => {
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

describe('a difference on a disk taken for blank', () => {
  const differs = native({ side: 'verify', cause: 'mismatch', errno: null });

  it('names both causes for a disk that was taken for blank, and only one for an image', () => {
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

describe('a difference after a second write', () => {
  const differs = native({ side: 'verify', cause: 'mismatch', errno: null });

  it('says of a drive that it still differs, and does not blame the drive for an image', () => {
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

  it('keeps a medium error a medium error after a second write', () => {
    expect(jobError(native({ side: 'verify' }), job, { rewritten: true })).toMatchObject({
      code: 'MEDIUM_ERROR',
      reason: { cause: { kind: 'medium' } },
      remedy: { kind: 'MEDIUM_ERROR' },
    });
  });
});

describe('the result of a job', () => {
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

  it('says for each destination whether it was read back, and false only for a bad read-back', () => {
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

  it('gives a reason to destinations that something else stopped', () => {
    const source = jobError(native({ side: 'read', destination: -1 }), job);
    expect(unexplained(ends(['failed', 'failed']), [source], job)).toMatchObject([
      { code: 'SOURCE_FAILED', destination: 0 },
      { code: 'SOURCE_FAILED', destination: 1 },
    ]);
    const wrong = { ...source, code: 'BAD_IMAGE' as const };
    expect(unexplained(ends(['failed', 'done']), [wrong], job)).toMatchObject([
      { code: 'SOURCE_FAILED', destination: 0, reason: { kind: 'sourceWrong' }, remedy: { kind: 'BAD_IMAGE' } },
    ]);
    expect(unexplained(ends(['cancelled', 'done']), [], job)).toMatchObject([
      { code: 'CANCELLED', destination: 0, device: '/dev/sdb' },
    ]);
    expect(unexplained(ends(['failed', 'done']), [jobError(native({}), job)], job)).toEqual([]);
  });

  it('fits into a frame, however many errors there are', () => {
    const errors = Array.from({ length: 50_000 }, (_, sector) => jobError(native({ offset: sector * 1024 }), job));
    const result = jobResult({ ...ended, ends: ends(['failed', 'done']), errors });
    expect(result.destinations[0]!.errors.length).toBeGreaterThan(1000);
    expect(JSON.stringify(result).length).toBeLessThan(MAX_FRAME_BYTES);
  });
});
