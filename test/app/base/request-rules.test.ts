// Requests are checked before any device is looked for.
import { describe, expect, it } from 'vitest';
import { argumentErrors, memoryOf } from '../../../app/base/request-rules.ts';
import { askedCopy } from '../../requests.ts';
import type { CopyRequest } from '../../../app/contract/request.ts';

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
    expect(argumentErrors({ ...request, checksum: 'list:SHA256SUMS' })).toMatchObject([{ device: 'SHA256SUMS' }]);
  });

  it('accepts 1 to 30 processes that pack an image', () => {
    const threads = (count: number): Partial<CopyRequest> => ({
      imageFormat: { ...request.imageFormat, threads: count },
    });
    expect([1, 30].map((count) => wrong(threads(count)))).toEqual([[], []]);
    expect([0, -1, 31].map((count) => wrong(threads(count)))).toEqual(Array(3).fill(['BAD_ARGUMENT']));
  });

  it('accepts pieces of whole mebibytes', () => {
    const split = (size: number): Partial<CopyRequest> => ({ imageFormat: { ...request.imageFormat, split: size } });
    expect([2 ** 20, 4095 * 2 ** 20].map((size) => wrong(split(size)))).toEqual([[], []]);
    expect([0, -(2 ** 20), 2 ** 20 + 4096].map((size) => wrong(split(size)))).toEqual(Array(3).fill(['BAD_ARGUMENT']));
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
      'Platter works with 64 KiB to 1 GiB of memory for data in flight, not with 1,024 bytes.',
    );
  });
});
