// Images that are written in pieces: what other tools join, what is left when a job ends early, and whose files they are.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plainImageFormat } from '../../../app/contract/request-facts.ts';
import { oldDisk, retriedWithRoom, skip } from './packed-files.ts';
import { interrupted, killedCopy, MiB, oneBench, refused, resultOf, resume } from './support.ts';

const bench = oneBench();

/** Pieces of a mebibyte. */
const imageFormat = { ...plainImageFormat, split: MiB };

/** The files that begin with the name of `image`, without its folder. */
const files = (image: string): string[] =>
  readdirSync(dirname(image))
    .filter((name) => name.startsWith(`${basename(image)}.`))
    .map((name) => name.slice(basename(image).length))
    .sort();

/** What `command` makes of the pieces of `image`, one after the other. */
const joined = (image: string, command: string): Buffer =>
  execFileSync('sh', ['-c', `cat "$0".* | ${command}`, image], { maxBuffer: 64 * MiB });

describe.skipIf(skip !== null)(`an image that is written in pieces${skip === null ? '' : ` (${skip})`}`, () => {
  it.each([
    ['img.zst', 'zstd -dc'],
    ['img.xz', 'xz -dc'],
    ['img', 'cat'],
  ])('is joined by cat, byte for byte, beside a disk: copy.%s by %s', async (ending, command) => {
    const source = await bench.image('disk.img', 5 * MiB + 1536);
    const image = await bench.path(`copy.${ending}`);
    const disk = await oldDisk(bench, 8 * MiB);

    const result = await bench.session().run({ source, destinations: [image, disk.device], imageFormat, asIs: true });

    expect(result.destinations).toMatchObject([
      { path: image, state: 'done', verified: true },
      { path: disk.device, state: 'done', verified: true },
    ]);
    expect(files(image)).toEqual(['.000', '.001', '.002', '.003', '.004', '.005']);
    for (const piece of files(image).slice(0, -1)) expect(statSync(image + piece).size).toBe(MiB);
    expect(joined(image, command).equals(readFileSync(source))).toBe(true);
    execFileSync('cmp', ['--bytes', String(5 * MiB + 1536), source, disk.backing]);
  });

  it.each(['img.zst', 'img'])('is a source by the name of its first piece: copy.%s', async (ending) => {
    const source = await bench.image('disk.img', 5 * MiB + 1536);
    const image = await bench.path(`copy.${ending}`);
    await bench.session().run({ source, destinations: [image], imageFormat, asIs: true });

    const result = await bench.session().run({ kind: 'verify', source: `${image}.000`, destinations: [source] });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
  });

  it('is read to its end when every sector of it is the same, as on erased flash', async () => {
    const source = await bench.path('erased.img');
    await writeFile(source, Buffer.alloc(3 * MiB, 0xff));
    const image = await bench.path('copy.img');
    await bench.session().run({ source, destinations: [image], imageFormat, asIs: true });

    const result = await bench.session().run({ kind: 'verify', source: `${image}.000`, destinations: [source] });

    expect(result).toMatchObject({ bytes: 3 * MiB, destinations: [{ state: 'done', verified: true }] });
  });

  it('is one piece when it is short', async () => {
    const source = await bench.image('disk.img', MiB / 2);
    const image = await bench.path('copy.img');

    await bench.session().run({ source, destinations: [image], imageFormat, asIs: true });

    expect(files(image)).toEqual(['.000']);
    expect(readFileSync(`${image}.000`).equals(readFileSync(source))).toBe(true);
  });

  it('leaves no piece of the longer image that it replaces', async () => {
    const image = await bench.path('copy.img.zst');
    const long = await bench.image('long.img', 5 * MiB);
    const short = await bench.image('short.img', 2 * MiB);
    await bench.session().run({ source: long, destinations: [image], imageFormat, asIs: true });

    const result = await bench.session().run({ source: short, destinations: [image], imageFormat, asIs: true });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    expect(files(image)).toEqual(['.000', '.001', '.002']);
    expect(joined(image, 'zstd -dc').equals(readFileSync(short))).toBe(true);
  });

  it.each(['.001', '.001.part', '.003', '.002.part', '.1000'])(
    'is refused when a file NAME%s is there that it does not replace',
    async (ending) => {
      const source = await bench.image('disk.img', 2 * MiB);
      const image = await bench.path('copy.img');
      await writeFile(image + ending, 'of somebody else');

      const errors = await refused(bench.session().run({ source, destinations: [image], imageFormat, asIs: true }));

      expect(errors).toMatchObject([{ code: 'IN_USE', reason: { kind: 'pieceInTheWay', piece: image + ending } }]);
      expect(files(image)).toEqual([ending]);
    },
  );

  it.each(['.000', '.001', '.002', '.005'])('is not replaced by another image in its piece NAME%s', async (ending) => {
    const source = await bench.image('disk.img', 3 * MiB);
    const image = await bench.path('copy.img');
    await bench.session().run({ source, destinations: [image], imageFormat, asIs: true });
    const other = await bench.image('other.img', MiB / 2);

    const errors = await refused(bench.session().run({ source: other, destinations: [image + ending], asIs: true }));

    expect(errors).toMatchObject([
      {
        code: 'IN_USE',
        reason: { kind: 'amongPieces', whole: basename(image) },
        remedy: { kind: 'removePieces', whole: image },
      },
    ]);
    expect(files(image)).toEqual(['.000', '.001', '.002']);
  });

  it.each(['verify', 'repair'] as const)(
    'is not taken for its first piece as the destination of a %s',
    async (kind) => {
      const source = await bench.image('disk.img', 3 * MiB);
      const image = await bench.path('copy.img');
      await bench.session().run({ source, destinations: [image], imageFormat, asIs: true });

      const errors = await refused(bench.session().run({ kind, source, destinations: [`${image}.000`] }));

      expect(errors).toMatchObject([
        {
          code: 'BAD_ARGUMENT',
          reason: { kind: 'onePiece', whole: image },
          remedy: { kind: 'compareWhole', command: `platter verify ${image}.000 DEVICE` },
        },
      ]);
    },
  );

  it('is refused when a piece lies behind the last one of the image that it replaces', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const image = await bench.path('copy.img');
    await bench.session().run({ source, destinations: [image], imageFormat, asIs: true });
    await writeFile(`${image}.003`, 'of somebody else');

    const errors = await refused(bench.session().run({ source, destinations: [image], imageFormat, asIs: true }));

    expect(errors).toMatchObject([{ code: 'IN_USE', reason: { kind: 'pieceInTheWay', piece: `${image}.003` } }]);
    expect(files(image)).toEqual(['.000', '.001', '.003']);
  });

  it.each(['.001.part', '.002.part'])(
    'is not complete when another file has the name of its piece NAME%s',
    async (ending) => {
      const source = await bench.image('disk.img', 12 * MiB);
      const image = await bench.path('copy.img');
      const disk = await oldDisk(bench, 12 * MiB);
      await disk.rule('stall w 8M 1M');
      const session = bench.session();
      const ask = { source, destinations: [image, disk.device], imageFormat, memory: 8 * MiB, asIs: true };
      await session.begin(ask);
      await disk.waitFor(({ stalled }) => stalled > 0);
      renameSync(image + ending, `${image}.mine`);
      await writeFile(image + ending, Buffer.alloc(MiB, 7));
      await disk.rule('clear');

      const result = await resultOf(session);

      expect(result.destinations[0]).toMatchObject({
        state: 'failed',
        errors: [{ code: 'CHANGED', reason: { kind: 'notNamed', reason: { kind: 'imageLost', how: 'replaced' } } }],
      });
      expect(existsSync(`${image}.000`)).toBe(false);
      expect(readFileSync(image + ending).every((byte) => byte === 7)).toBe(true);
    },
  );

  it('is completed by a retry after its file system was full in its third piece', async () => {
    const source = await bench.image('disk.img', 12 * MiB);

    const { image, result } = await retriedWithRoom(bench, '2500k', 'copy.img.zst', { source, imageFormat });

    expect(result.destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'done', verified: true },
    ]);
    expect(joined(image, 'zstd -dc').equals(readFileSync(source))).toBe(true);
  });

  it('keeps the names of incomplete pieces when its job is cancelled, and the next copy replaces them', async () => {
    const source = await bench.image('disk.img', 12 * MiB);
    const image = await bench.path('copy.img.zst');
    const disk = await oldDisk(bench, 12 * MiB);
    await disk.rule('stall w 6M 1M');
    const ask = { source, destinations: [image, disk.device], imageFormat, memory: 8 * MiB, asIs: true };
    await killedCopy(bench, disk, ask);
    expect(files(image)).toContain('.001.part');
    expect(existsSync(`${image}.000`)).toBe(false);

    const result = await bench.session().run({ source, destinations: [image], imageFormat, asIs: true });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    expect(files(image).every((name) => /^\.\d{3}$/u.test(name))).toBe(true);
    expect(joined(image, 'zstd -dc').equals(readFileSync(source))).toBe(true);
  });

  it('is not offered to be continued, and the reason says why', async () => {
    const source = await bench.image('disk.img', 12 * MiB);
    const image = await bench.path('copy.img.zst');
    const disk = await bench.disk({ size: 12 * MiB, file: source });
    await disk.rule('stall r 8M 1M');
    const ask = { source: disk.device, destinations: [image], imageFormat, memory: 8 * MiB, asIs: true };
    const { job } = await killedCopy(bench, disk, ask);

    const next = bench.session();

    expect(await interrupted(next)).toEqual([]);
    expect(await refused(resume(next, job))).toMatchObject([
      { code: 'NOTHING_TO_DO', device: image, reason: { kind: 'splitWhole', job: 'resume' } },
    ]);
  });

  it('keeps its incomplete pieces when its job is forgotten, and says which they are', async () => {
    const source = await bench.image('disk.img', 12 * MiB);
    const image = await bench.path('copy.img.zst');
    const disk = await oldDisk(bench, 12 * MiB);
    await disk.rule('stall w 6M 1M');
    const ask = { source, destinations: [image, disk.device], imageFormat, memory: 8 * MiB, asIs: true };
    const { job } = await killedCopy(bench, disk, ask);
    const before = files(image);

    const forgotten = await bench.session().engine.call('forget', { job });

    expect(forgotten).toEqual({
      download: null,
      left: [{ path: `${image}.000.part`, image, pieces: before.length }],
    });
    expect(before.length).toBeGreaterThan(1);
    expect(files(image)).toEqual(before);
  });

  it.each([
    ['an update', { update: true }],
    ['a rescue', { rescue: { retries: 0, map: null } }],
  ] as const)('is refused for %s, and nothing is written', async (_, options) => {
    const source = await bench.image('disk.img', 2 * MiB);
    const image = await bench.path('copy.img');

    const errors = await refused(bench.session().run({ source, destinations: [image], imageFormat, ...options }));

    expect(errors).toContainEqual(
      expect.objectContaining({ reason: expect.objectContaining({ kind: 'splitWhole' }) as object }),
    );
    expect(files(image)).toEqual([]);
  });
});
