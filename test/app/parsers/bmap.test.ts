// Block maps of bmaptool are read exactly. A map that contradicts itself is refused with the reason.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bmapNames, readBmap, type BmapAnswer } from '../../../app/parsers/bmap.ts';
import { bmapOf, sealed } from './bmap-files.ts';

/** 10 blocks and 100 bytes. */
const IMAGE = Buffer.from(Array.from({ length: 41_060 }, (_, index) => (index * 7) & 0xff));
const BLOCKS = [
  [0, 1],
  [4, 4],
  [9, 10],
] as const;

const read = (map: string): BmapAnswer => readBmap(Buffer.from(map));
const why = (map: string): unknown => {
  const answer = read(map);
  return answer.ok ? answer.bmap : answer.why;
};

describe('a block map', () => {
  it.each(['1.3', '1.4', '2.0'] as const)('is read in version %s, with a short last block', (version) => {
    const answer = read(bmapOf(IMAGE, BLOCKS, { version }));
    expect(answer).toMatchObject({
      ok: true,
      bmap: {
        version,
        imageSize: 41_060,
        mapped: 4 * 4096 + 100,
        hash: version === '1.3' ? 'sha1' : 'sha256',
        ranges: [
          { offset: 0, length: 8192, checksum: expect.stringMatching(/^[0-9a-f]+$/) as string },
          { offset: 16_384, length: 4096 },
          { offset: 36_864, length: 4196 },
        ],
      },
    });
  });

  it('needs no checksums in version 1.2 or 2.0', () => {
    for (const map of [bmapOf(IMAGE, BLOCKS, { version: '1.2' }), bmapOf(IMAGE, BLOCKS, { checksums: false })])
      expect(why(map)).toMatchObject({ hash: null, ranges: [{ checksum: null }, {}, {}] });
  });

  it('accepts elements of a later minor version', () => {
    const map = bmapOf(IMAGE, BLOCKS).replace('"2.0"', '"2.7"').replace('<BlockMap>', '<New> a </New>\n<BlockMap>');
    expect(why(sealed(map))).toMatchObject({ version: '2.7', mapped: 4 * 4096 + 100 });
  });

  it.each(['3.0', '1.1', '0.9', '1.5', '2', 'x'])('is refused by name in version %s', (version) => {
    expect(why(sealed(bmapOf(IMAGE, BLOCKS).replace('"2.0"', `"${version}"`)))).toEqual({
      kind: 'bmapVersion',
      version,
    });
  });

  it('is refused with one wrong bit at any place', () => {
    const map = Buffer.from(bmapOf(IMAGE, BLOCKS));
    for (let at = 0; at < map.length; at += 1) {
      const damaged = Buffer.from(map);
      damaged[at]! ^= 1;
      const answer = readBmap(damaged);
      expect(answer.ok, `byte ${at}`).toBe(false);
    }
  });

  it('is refused when it is cut off at any place', () => {
    const map = bmapOf(IMAGE, BLOCKS);
    for (let length = 0; length < map.length - 1; length += 1)
      expect(read(sealed(map.slice(0, length))).ok, `${length} bytes`).toBe(false);
    expect(read(map).ok).toBe(true);
  });

  const change = (from: string | RegExp, to: string): unknown => why(sealed(bmapOf(IMAGE, BLOCKS).replace(from, to)));

  it.each([
    ['a count of blocks', /(BlocksCount>) 11/, '$1 12'],
    ['a count of mapped blocks', /(MappedBlocksCount>) 5/, '$1 6'],
    ['a range behind the image', / 9-10 /, ' 9-11 '],
    ['ranges that overlap', / 4 /, ' 1-4 '],
    ['ranges out of order', / 0-1 /, ' 5-6 '],
    ['a range backwards', / 9-10 /, ' 10-9 '],
    ['a block of 0 bytes', /(BlockSize>) 4096/, '$1 0'],
  ])('is refused for %s', (_, from, to) => {
    expect(change(from, to)).toMatchObject({ kind: 'bmapContradicts', line: expect.any(Number) as number });
  });

  it.each([
    ['an entity', '> 4 <', '> &#52; <'],
    ['a DOCTYPE', '<bmap ', '<!DOCTYPE bmap>\n<bmap '],
    ['a section of CDATA', '> 4 <', '><![CDATA[4]]><'],
    ['an element twice', '<BlockMap>', '<ImageSize> 1 </ImageSize><BlockMap>'],
    ['an attribute twice', '<Range chksum', '<Range chksum="a" chksum'],
    ['a number with a sign', '> 4 <', '> +4 <'],
    ['a number that is too long', '> 4 <', '> 99999999999999999 <'],
    ['a checksum of another length', /chksum="../, 'chksum="'],
    ['something behind its end', '</bmap>', '</bmap>x'],
    ['an element in a range', '> 4 <', '> 4 <a></a><'],
    ['no size', /<ImageSize>.*\n/, ''],
    ['another root', /bmap/g, 'cmap'],
  ])('is refused for %s', (_, from, to) => {
    expect(change(from, to)).toMatchObject({ kind: 'bmapOdd', line: expect.any(Number) as number });
  });

  it('is refused when it maps nothing or uses an unsupported hash', () => {
    expect(why(bmapOf(IMAGE, []))).toEqual({ kind: 'bmapEmpty' });
    expect(change('> sha256 <', '> sha3 <')).toEqual({ kind: 'bmapHash', hash: 'sha3' });
  });

  it('is found under the name of the file or of the image in it', () => {
    expect(bmapNames('a.img.xz', 'a.img')).toEqual(['a.img.xz.bmap', 'a.img.bmap']);
    expect(bmapNames('a.img', null)).toEqual(['a.img.bmap']);
  });

  it('reads the block map that bmaptool writes', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'platter-bmap-'));
    try {
      writeFileSync(join(folder, 'image'), IMAGE);
      try {
        execFileSync('bmaptool', ['-q', 'create', '-o', 'map', 'image'], { cwd: folder, stdio: 'ignore' });
      } catch {
        context.skip('bmaptool is not installed');
      }
      const made = readBmap(readFileSync(join(folder, 'map')));
      const ours = read(bmapOf(IMAGE, [[0, 10]]));
      expect(made).toEqual(ours);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
