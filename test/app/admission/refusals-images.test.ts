// Images are refused as destinations: in use, in the way, without room, or under an impossible name.
import { describe, expect, it } from 'vitest';
import { EXFAT_MAGIC, EXT_MAGIC, FAT_MAGIC, limitsOf, UNLIMITED } from '../../../app/engine/devices/file-limits.ts';
import { notesOnPackedImages } from '../../../app/engine/admission/packed-images.ts';
import { refusals } from '../../../app/engine/admission/refusals.ts';
import type { End, ImagePlace } from '../../../app/engine/devices/ends.ts';
import { endpoint } from '../../../app/engine/devices/inspect-paths.ts';
import { GB, picture } from '../devices/machines.ts';
import type { JobKind } from '../../../app/contract/request.ts';
import { source, place, image, codes } from './ends.ts';

describe('refusals: an image as destination', () => {
  const blocks = picture({
    devices: [
      { name: 'sda', number: '8:0', children: [{ name: 'sda1', number: '8:1', type: 'part' }] },
      { name: 'loop1', number: '7:1', type: 'loop' },
    ],
    mounts: [['8:1', '/']],
    swaps: ['/images/swapfile'],
    backings: { loop1: '/images/vm.img' },
    ids: { '/images/vm.img': 'file:8:1:7', '/images/swapfile': 'file:8:1:8' },
  });

  it('accepts an image that replaces an ordinary file', () => {
    expect(codes(blocks, source(GB), [image({ id: 'file:8:1:6', size: 5 })])).toEqual([]);
  });

  it('S17 refuses to update or repair a file with hard links, and may replace or compare it', () => {
    const linked = image({ id: 'file:8:1:6', size: GB, hasOtherNames: true });
    const reasons = (kind: JobKind, update: boolean): string[] =>
      refusals(
        { kind, update, unmount: false, bytes: null, data: null },
        { end: source(GB) },
        [{ end: kind === 'copy' ? linked : { ...linked, image: null } }],
        blocks,
      ).map(({ code, reason }) => `${code} ${reason.kind}`);
    expect(reasons('repair', false)).toEqual(['IN_USE hardLinks']);
    expect(reasons('copy', true)).toEqual(['IN_USE hardLinks']);
    expect(reasons('copy', false)).toEqual([]);
    expect(reasons('verify', false)).toEqual([]);
  });

  it('refuses an image that a loop device or swap uses, or whose NAME.part is in the way', () => {
    expect(codes(blocks, source(GB), [image({ id: 'file:8:1:7' })])).toEqual(['/images/copy.img IN_USE']);
    expect(codes(blocks, source(GB), [image({ id: 'file:8:1:8' })])).toEqual(['/images/copy.img IN_USE']);
    expect(codes(blocks, source(GB), [image({ image: place({ partId: 'file:8:1:7' }) })])).toEqual([
      '/images/copy.img IN_USE',
    ]);
    expect(codes(blocks, source(GB), [image({ image: place({ partInTheWay: true }) })])).toEqual([
      '/images/copy.img IN_USE',
    ]);
  });

  it('refuses images that do not fit into their file system, alone or together', () => {
    const room = (path: string, free: number, fileSystem = '8:1'): End =>
      image({ path, realPath: path, image: place({ part: `${path}.part`, free, fileSystem }) });
    expect(codes(blocks, source(GB), [room('/a', GB), room('/b', GB - 1, '8:2')])).toEqual(['/b NO_SPACE']);
    expect(codes(blocks, source(GB), [room('/a', 2 * GB - 1), room('/b', 2 * GB - 1)])).toEqual(['/b NO_SPACE']);
    expect(codes(blocks, source(GB), [room('/a', 2 * GB), room('/b', 2 * GB)])).toEqual([]);
    const [error] = refusals(
      { kind: 'copy', update: false, unmount: false, bytes: null, data: null },
      { end: source(GB) },
      [{ end: room('/a', GB - 1000) }],
      blocks,
    );
    expect(error!.message).toBe('Its file system needs 1,000 bytes more free space.');
  });

  it('F11 asks room for the data of a sparse source, and for all its bytes on a file system without holes', () => {
    const refused = (given: Partial<ImagePlace>): unknown =>
      refusals(
        { kind: 'copy', update: false, unmount: false, bytes: null, data: 1000 },
        { end: source(GB) },
        [{ end: image({ image: place({ free: 1000, ...given }) }) }],
        blocks,
      ).map(({ reason }) => reason);
    expect(refused({})).toEqual([]);
    expect(refused({ free: 999 })).toEqual([{ kind: 'noRoom', missing: 1 }]);
    expect(refused({ limits: limitsOf(EXFAT_MAGIC, 4096) })).toEqual([{ kind: 'noRoom', missing: GB - 1000 }]);
  });

  it.each(['na:me.img', 'a*.img', 'what?.img', 'a|b', 'a"b', 'a<b', 'a\\b', 'a\tb', 'dot.', 'blank '])(
    'F22 refuses the name %j on FAT and exFAT',
    (name) => {
      const named = (limits: ImagePlace['limits']): End =>
        image({ path: name, realPath: `/images/${name}`, image: place({ limits }) });
      expect(codes(blocks, source(GB), [named(limitsOf(FAT_MAGIC, 4096))])).toEqual([`${name} BAD_ARGUMENT`]);
      expect(codes(blocks, source(GB), [named(limitsOf(EXFAT_MAGIC, 4096))])).toEqual([`${name} BAD_ARGUMENT`]);
      expect(codes(blocks, source(GB), [named(UNLIMITED)])).toEqual([]);
    },
  );

  it('F22 advises another file system when an image is too long for FAT', () => {
    const [error] = refusals(
      { kind: 'copy', update: false, unmount: false, bytes: null, data: null },
      { end: source(5 * GB) },
      [{ end: image({ image: place({ limits: limitsOf(FAT_MAGIC, 4096) }) }) }],
      blocks,
    );
    expect(error!.advice).toBe(
      'Write it in pieces (--split fat), or choose a place on another file system: exFAT, NTFS and those of Linux allow larger files.',
    );
  });

  it('F22 takes an image in pieces that FAT allows, and refuses longer ones', () => {
    const limits = limitsOf(FAT_MAGIC, 4096);
    const pieces = (size: number): End =>
      image({
        image: place({ limits, split: { size, whole: '/images/copy.img', later: [], laterParts: [], strays: [] } }),
      });
    expect(codes(blocks, source(5 * GB), [pieces(2 ** 32 - 2 ** 20)])).toEqual([]);
    expect(codes(blocks, source(5 * GB), [pieces(2 ** 32)])).toEqual(['/images/copy.img NO_SPACE']);
  });

  it('refuses an image that is longer than a file of ext4 can be, although its data would fit', () => {
    const to = [{ end: image({ image: place({ limits: limitsOf(EXT_MAGIC, 4096) }) }) }];
    const intent = { kind: 'copy' as const, update: false, unmount: false, bytes: null, data: GB };
    const longest = 2 ** 44 - 4096;

    expect(refusals(intent, { end: source(longest) }, to, blocks)).toEqual([]);
    expect(refusals(intent, { end: source(longest + 1) }, to, blocks)).toMatchObject([
      {
        code: 'NO_SPACE',
        reason: { kind: 'fileLimit', fileSystem: 'ext4', longest },
        remedy: { kind: 'largeFileSystem' },
      },
    ]);
  });

  it('refuses an image that would be in more than a thousand pieces', () => {
    const split = { size: 2 ** 20, whole: '/images/copy.img', later: [], laterParts: [], strays: [] };
    expect(codes(blocks, source(5 * GB), [image({ image: place({ split }) })])).toEqual([
      '/images/copy.img BAD_ARGUMENT',
    ]);
  });

  it('says that a packed image can get longer than FAT allows, and how to write it in pieces', () => {
    const packing = { format: 'zstd', level: 3, threads: null } as const;
    const end = image({ image: place({ limits: limitsOf(FAT_MAGIC, 4096), packing }) });
    expect(notesOnPackedImages([end], 5 * GB)).toMatchObject([{ kind: 'packs' }, { kind: 'mayExceedFat' }]);
    expect(notesOnPackedImages([end], GB)).toMatchObject([{ kind: 'packs' }]);
  });

  it('says that pieces of 4 GiB are one byte too long for FAT', () => {
    const notesOf = (size: number): string[] => {
      const split = { size, whole: '/images/copy.img', later: [], laterParts: [], strays: [] };
      return notesOnPackedImages([image({ image: place({ split }) })], 5 * GB).map(({ kind }) => kind);
    };
    expect(notesOf(2 ** 32)).toEqual(['splits', 'piecesExceedFat']);
    expect(notesOf(2 ** 32 - 2 ** 20)).toEqual(['splits']);
    expect(notesOf(2 ** 33)).toEqual(['splits']);
  });

  it('does not call a packed image too small: its size is not that of the image in it', () => {
    const errors = (path: string): string[] =>
      refusals(
        { kind: 'verify', update: false, unmount: false, bytes: null, data: null },
        { end: source(GB) },
        [{ end: image({ path, realPath: path, id: 'file:1', size: 1000, image: null }) }],
        blocks,
      ).map(({ code }) => code);
    expect([errors('/images/copy.img'), errors('/images/copy.img.zst')]).toEqual([['TOO_SMALL'], []]);
  });

  it('refuses an image that is longer than FAT allows', () => {
    expect(codes(blocks, source(5 * GB), [image({ image: place({ limits: limitsOf(FAT_MAGIC, 4096) }) })])).toEqual([
      '/images/copy.img NO_SPACE',
    ]);
  });
});

describe('the review of an image that is replaced', () => {
  const later = [1, 2].map((index) => ({
    ...{ path: `/images/copy.img.00${index}`, id: `file:8:1:${index}`, size: GB, modified: 0, odd: false },
  }));
  const split = { size: GB, whole: '/images/copy.img', later, laterParts: [], strays: [] };
  const old = { id: 'file:8:1:9', size: 3 * GB };

  it.each([
    ['one file', image(old), { size: 3 * GB, lastPiece: null }],
    ['pieces', image({ ...old, image: place({ split }) }), { size: 5 * GB, lastPiece: 'copy.img.002' }],
  ])('has its own size: %s', (_, end, expected) =>
    expect(endpoint(end, 7 * GB, true)).toMatchObject({ size: 7 * GB, overwrites: true, old: expected }),
  );

  it('has none of a new image', () => expect(endpoint(image(), GB, true)).not.toHaveProperty('old'));
});
