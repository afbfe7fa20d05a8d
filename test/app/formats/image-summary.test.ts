// The summary in the end of a packed image: read as it was written, and refused when it is damaged.
import { describe, expect, it } from 'vitest';
import type { ImageSummary } from '../../../app/contract/image-summary.ts';
import { decodeSummary, encodeSummary } from '../../../app/engine/formats/image-summary.ts';

const summary: ImageSummary = {
  createdAt: 1_795_478_399_000,
  program: 'platter 9.9.9',
  bytes: 64 * 1024 ** 2,
  anonymous: false,
  source: { path: '/dev/sdb', model: 'Disk "ü" 1', serial: null },
  table: 'gpt',
  parts: [
    {
      number: 1,
      offset: 1024 ** 2,
      length: 32 * 1024 ** 2,
      type: '0fc63daf-8483-4772-8e79-3d69d8477de4',
      name: 'root',
      fileSystems: [{ type: 'ext4', version: null, label: 'rootfs', uuid: '01234567-89ab-cdef-0123-456789abcdef' }],
      used: { bytes: 4096, map: 'ext4', whole: null },
    },
  ],
  used: 1024 ** 2,
};

describe('the summary of a packed image', () => {
  it('is read as it was written', () => {
    expect(decodeSummary(encodeSummary(summary)!)).toEqual(summary);
  });

  it('is nothing when any byte of it is another one, or it is cut', () => {
    const bytes = encodeSummary(summary)!;
    for (const at of [0, 19, 23, 24, 60, bytes.length - 1]) {
      const wrong = Buffer.from(bytes);
      wrong[at]! ^= 1;
      expect(decodeSummary(wrong)).toBeNull();
    }
    for (const length of [0, 10, 40, bytes.length - 1]) expect(decodeSummary(bytes.subarray(0, length))).toBeNull();
  });

  it('is nothing when it was made at a moment that no date can say', () => {
    const made = (createdAt: number): ImageSummary | null => decodeSummary(encodeSummary({ ...summary, createdAt })!);
    expect(made(8.64e15)).not.toBeNull();
    expect(made(8.64e15 + 1)).toBeNull();
  });

  it('is read with members that a newer version has added', () => {
    const newer = encodeSummary({ ...summary, added: [1, 2] } as ImageSummary)!;
    expect(decodeSummary(newer)).toEqual(summary);
  });

  it('is left out when it is longer than a mebibyte', () => {
    const parts = Array.from({ length: 20_000 }, (_, number) => ({ ...summary.parts[0]!, number }));
    expect(encodeSummary({ ...summary, parts })).toBeNull();
  });
});
