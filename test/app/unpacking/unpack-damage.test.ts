// A damaged packed image is never taken for the image: truncated anywhere, with one flipped bit anywhere, or with data
// behind it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cmake } from '../../../build/native.mjs';
import { seededBytes } from '../../lab/lab.ts';
import { because, Bench, cannotBuild, PACKINGS } from './unpack-files.ts';

/** Damages of each kind. There are more near the ends of a file. */
const CASES = 400;

/** The numbers of damaged files that were refused, gave the whole image, or less. `wrong`: offsets of other results. */
interface Results {
  refused: number;
  less: number;
  unchecked: number;
  same: number;
  sameAt: number[];
  wrong: number[];
}

const random = seededBytes(3000, 5);
const bench = new Bench(Buffer.concat([random, Buffer.alloc(7000), random, Buffer.alloc(7480, 'some text ')]));
const folder = mkdtempSync(join(tmpdir(), 'platter-damage-'));

beforeAll(() => (cannotBuild ? undefined : cmake('plain', ['platter-unpack', 'unpack-damage'])), 600_000);
afterAll(() => {
  bench[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** A piece as OpenWrt's fwtool appends it. `length`: the one that it says. */
function openWrt(type: number, data: Buffer, length = data.length + 16): Buffer {
  const trailer = Buffer.alloc(16);
  trailer.write('FWx0');
  trailer.writeUInt32BE(0x12345678, 4);
  trailer.writeUInt8(type, 8);
  trailer.writeUInt32BE(length, 12);
  return Buffer.concat([data, trailer]);
}

/** Decodes many damaged copies of `bytes` in one process (test/unpack/damage.cc). */
function damage(bytes: Buffer): { cut: Results; turned: Results } {
  const path = join(folder, 'packed');
  writeFileSync(path, bytes);
  const said = execFileSync(resolve('out/test/plain/unpack-damage'), [path, bench.image, String(CASES)]);
  return JSON.parse(said.toString()) as { cut: Results; turned: Results };
}

describe.skipIf(cannotBuild)(`a damaged packed image${because}`, () => {
  it.each(PACKINGS)('refuses a $name file that is cut off or has one wrong bit, at any place', (packing) => {
    const bytes = bench.pack(packing);
    expect(bench.decode(bytes)).toMatchObject({ code: 0, report: { checked: !packing.unchecked } });

    const { cut, turned } = damage(bytes);

    expect({ wrong: cut.wrong, unchecked: cut.unchecked, sameAt: cut.sameAt }).toEqual({
      wrong: [],
      unchecked: 0,
      sameAt: [],
    });
    // A file of members that ends between two of them is complete.
    if (!packing.members) expect(cut.less).toBe(0);
    expect(turned.wrong).toEqual([]);
    if (!packing.unchecked)
      expect({ less: turned.less, unchecked: turned.unchecked }).toEqual({ less: 0, unchecked: 0 });
    // A flipped bit can belong to a name or a time, or encode the same content in another way.
    expect(turned.refused + turned.unchecked).toBeGreaterThan(turned.same);
  });

  it.each(PACKINGS)('counts zeros after a $name file and refuses anything else there', (packing) => {
    const bytes = bench.pack(packing);
    for (const count of [1, 4, 511, 4096]) {
      const { code, out, report } = bench.decode(Buffer.concat([bytes, Buffer.alloc(count)]));

      // xz allows zeros as padding, in groups of four.
      expect({ code, zeros: report.zeros }).toEqual({ code: 0, zeros: count });
      expect(out.equals(bench.content)).toBe(true);
    }
    for (const more of [Buffer.of(1), Buffer.from('and more'), Buffer.concat([Buffer.alloc(512), Buffer.of(0xff)])]) {
      const { code, report } = bench.decode(Buffer.concat([bytes, more]));

      expect(code).toBe(1);
      expect(report).toMatchObject({ event: 'error', fault: 'trailing' });
    }
  });

  describe('metadata of OpenWrt behind a gzip file', () => {
    const packing = PACKINGS.find(({ name }) => name === 'gzip')!;
    const metadata = openWrt(1, Buffer.from('\0\0\0\0\0\0\0\0{"supported_devices":["a"]}'));
    const signature = openWrt(0, Buffer.from('untrusted comment: signed by key'));

    it.each([
      ['one piece', [metadata]],
      ['a piece and its signature', [metadata, signature]],
      ['a piece without data', [openWrt(1, Buffer.alloc(0))]],
    ])('counts as no part of the image: %s', (_, pieces) => {
      const { code, out, report } = bench.decode(Buffer.concat([bench.pack(packing), ...pieces]));

      expect({ code, fault: report.fault }).toEqual({ code: 0, fault: undefined });
      expect(out.equals(bench.content)).toBe(true);
    });

    it.each([
      ['without its first byte', [metadata.subarray(1)]],
      ['without its last byte', [metadata.subarray(0, -1)]],
      ['with a byte before it', [Buffer.of(1), metadata]],
      ['with a byte behind it', [metadata, Buffer.of(1)]],
      ['with zeros before it', [Buffer.alloc(16), metadata]],
      ['with a piece that is longer than all that follows the image', [openWrt(1, Buffer.alloc(0), 17)]],
      ['with a piece that is shorter than its own end', [openWrt(1, Buffer.alloc(0), 0)]],
    ])('is refused %s', (_, pieces) => {
      const { code, report } = bench.decode(Buffer.concat([bench.pack(packing), ...pieces]));

      expect(code).toBe(1);
      expect(report).toMatchObject({ event: 'error', fault: 'trailing' });
    });

    it('does not hide a damaged image', () => {
      const bytes = Buffer.concat([bench.pack(packing), metadata]);
      const at = bytes.length - metadata.length - 6;
      bytes[at]! ^= 1;

      expect(bench.decode(bytes)).toMatchObject({ code: 1, report: { fault: 'damaged' } });
    });
  });

  it.each([0x20, 0x40, 0x80])('refuses the reserved flag 0x%x in the header of a gzip member', (flag) => {
    const members = [gzipSync(bench.content), gzipSync('more')].map((member) => Buffer.from(member));
    expect(bench.decode(Buffer.concat(members)).code).toBe(0);

    for (const member of members) {
      member[3] = flag;
      expect(bench.decode(Buffer.concat(members))).toMatchObject({ code: 1, report: { fault: 'damaged' } });
      member[3] = 0;
    }
  });
});
