// The decoder of packed images, with files made by other people's tools.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { because, Bench, build, cannotBuild, PACKINGS } from './unpack-files.ts';

const bench = new Bench();
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

beforeAll(() => (cannotBuild ? undefined : build()), 600_000);
afterAll(() => bench[Symbol.dispose]());

describe.skipIf(cannotBuild)(`a packed image${because}`, () => {
  describe.each(PACKINGS)('of $name', (packing) => {
    it('decodes to what was packed, and checks all of it if the file has a checksum', () => {
      const bytes = bench.pack(packing);

      const { code, out, report } = bench.decode(bytes, '--digest', 'sha256', '--image-digest', 'sha256');

      expect(code).toBe(0);
      expect(out.equals(bench.content)).toBe(true);
      expect(report).toEqual({
        event: 'done',
        read: bytes.length,
        written: bench.content.length,
        zeros: 0,
        checked: !packing.unchecked,
        digests: { sha256: sha256(bytes) },
        imageDigests: { sha256: sha256(bench.content) },
      });
    });

    it('is reported as truncated when its end is missing', () => {
      const bytes = bench.pack(packing);

      const { code, report } = bench.decode(bytes.subarray(0, bytes.length - 5));

      expect(code).toBe(1);
      expect(report).toMatchObject({ event: 'error', fault: 'truncated' });
    });

    it('decodes to the size that probe gives, if it gives one', () => {
      const { size = bench.content.length, threads } = bench.probe(bench.pack(packing));

      expect(size).toBe(bench.content.length);
      expect(threads).toBeGreaterThan(0);
    });
  });
});
