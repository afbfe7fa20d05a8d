// Any range of a packed image can be decoded: from nearby where the format allows it, otherwise from the start.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { because, Bench, build, cannotBuild, PACKINGS, seekableZstd, type Packing } from './unpack-files.ts';
import { seededBytes } from '../../lab/lab.ts';

const bench = new Bench();
const { content } = bench;
/** The first bytes of a frame. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const name = { zstd: 'zstd of several frames', xz: 'xz in blocks' };
const packing = (its: string): Packing => PACKINGS.find((one) => one.name === its)!;

beforeAll(() => (cannotBuild ? undefined : build()), 600_000);
afterAll(() => bench[Symbol.dispose]());

/** Ranges at random offsets and at the ends. */
function ranges(): [from: number, length: number][] {
  const random = seededBytes(80, 7);
  const some = Array.from({ length: 10 }, (_, i): [number, number] => {
    const from = random.readUInt32LE(8 * i) % content.length;
    return [from, 1 + (random.readUInt32LE(8 * i + 4) % (i % 2 === 0 ? 5000 : content.length - from))];
  });
  return [
    [0, 1],
    [0, content.length],
    [content.length - 1, 1],
    [content.length - 10, 100],
    [content.length, 5],
    ...some,
  ];
}

const decodeRange = (bytes: Buffer, from: number, length: number): ReturnType<Bench['decode']> =>
  bench.decode(bytes, '--from', String(from), '--length', String(length));

describe.skipIf(cannotBuild)(`a part of a packed image${because}`, () => {
  it.each(PACKINGS)('decodes a range of a $name file to the same bytes as the whole file', (one) => {
    const bytes = bench.pack(one);

    for (const [from, length] of ranges()) {
      const { code, out, report } = decodeRange(bytes, from, length);

      expect({ code, from, length, said: report.said }).toEqual({ code: 0, from, length, said: undefined });
      expect(out.equals(content.subarray(from, from + length)), `${String(from)}, ${String(length)}`).toBe(true);
    }
  });

  it.each(PACKINGS)('reaches a range of a $name file as probe says', (one) => {
    const bytes = bench.pack(one);

    const probed = bench.probe(bytes);
    const { report } = decodeRange(bytes, content.length - 10, 5);

    expect(probed).toMatchObject({ seekable: one.seekable ?? false });
    // A file that is decoded from its start is read nearly completely.
    if (one.seekable) expect(report.read).toBeLessThan(bytes.length / 2);
    else expect(report.read).toBeGreaterThan(bytes.length / 2);
  });

  it('finds a range by the seek table of a zstd file whose frames do not give their length', () => {
    const bytes = seekableZstd(content, 300_000);

    const { code, out, report } = decodeRange(bytes, 1_000_000, 200_000);

    expect(bench.probe(bytes)).toMatchObject({ size: content.length, seekable: true, unit: 300_000 });
    expect(code).toBe(0);
    expect(report).toMatchObject({ event: 'done', checked: true });
    expect(out.equals(content.subarray(1_000_000, 1_200_000))).toBe(true);
  });

  it.each([-1, 1])('reports damage when the seek table is wrong by %i byte', (lie) => {
    const { code, report } = decodeRange(seekableZstd(content, 300_000, [lie]), 0, 400_000);

    expect(code).toBe(1);
    expect(report).toMatchObject({ event: 'error', fault: 'damaged' });
  });

  // Data behind the lie is shifted, which nothing in it shows.
  it.each([
    ['one frame', [1]],
    ['two frames whose errors cancel out', [1, 0, 0, -1]],
  ])('is damaged as a whole when that table is wrong about %s', (_, lies) => {
    const bytes = seekableZstd(content, 300_000, lies);

    const { code, report } = bench.decode(bytes);

    expect(code).toBe(1);
    expect(report).toMatchObject({ event: 'error', fault: 'damaged', offset: bytes.indexOf(ZSTD_MAGIC, 1) });
  });

  it('decodes a range although the blocks behind it are damaged', () => {
    for (const its of [name.xz, name.zstd]) {
      const bytes = bench.pack(packing(its));
      bytes.fill(0xff, bytes.length - 100_000, bytes.length - 99_000);

      expect(decodeRange(bytes, 0, 1000)).toMatchObject({ code: 0, report: { checked: true } });
      expect(bench.decode(bytes)).toMatchObject({ code: 1, report: { fault: 'damaged' } });
    }
  });

  it('refuses a range together with a digest of the whole file', () => {
    const { code, report } = bench.decode(bench.pack(packing(name.xz)), '--from', '1', '--digest', 'sha256');

    expect(code).toBe(2);
    expect(report).toMatchObject({ fault: 'usage' });
  });
});
