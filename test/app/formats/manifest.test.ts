// Manifest files: judged by xxhsum and sha256sum, refused when damaged anywhere, and written whole or not at all.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  bitmapBytes,
  chunkRanges,
  countChunks,
  hasChunk,
  markChunks,
  MAX_CHUNKS,
} from '../../../app/engine/formats/chunks.ts';
import { Refusal } from '../../../app/base/errors.ts';
import {
  decodeManifest,
  encodeManifest,
  hashOf,
  manifestDigest,
  ManifestError,
  readManifest,
  writeManifest,
  type Manifest,
} from '../../../app/engine/formats/manifest.ts';
import { canLab, labdisk, seededBytes } from '../../lab/lab.ts';

const MiB = 1024 ** 2;
const TB = 1e12;
const folder = mkdtempSync(join(tmpdir(), 'platter-manifest-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const shell = (command: string): string =>
  execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' }).trim();

/** A manifest of `bytes` in chunks of 64 KiB, each with a hash of its own but for `holes`. */
function manifestOf(bytes: number, holes: number[] = [], chunkSize = 65536): Manifest {
  const chunks = Math.ceil(bytes / chunkSize);
  const known = new Uint8Array(bitmapBytes(chunks));
  markChunks(known, 0, chunks, true);
  const hashes = new Uint8Array(seededBytes(chunks * 16, 7));
  for (const hole of holes) {
    markChunks(known, hole, 1, false);
    hashes.fill(0, hole * 16, hole * 16 + 16);
  }
  const source = { path: '/dev/sdb', model: 'Disk "ü" 1', serial: null, size: bytes + 5 };
  return { chunkSize, bytes, source, createdAt: 1_795_478_399_000, program: 'platter 9.9.9', known, hashes };
}

describe('a manifest file', () => {
  it.each([
    ['nothing', manifestOf(0)],
    ['one byte', manifestOf(1)],
    ['8 chunks', manifestOf(8 * 65536)],
    ['9 chunks and a bit, with holes', manifestOf(9 * 65536 + 1, [0, 8, 9])],
    ['nothing but holes', manifestOf(3 * 65536, [0, 1, 2])],
  ])('reads the manifest that was written: %s', (_what, manifest) => {
    const got = decodeManifest(encodeManifest(manifest));
    expect({ ...got, known: [...got.known], hashes: [...got.hashes] }).toEqual({
      ...manifest,
      known: [...manifest.known],
      hashes: [...manifest.hashes],
    });
  });

  it('names in a manifest the program that made it', () => {
    const { program: _, ...without } = manifestOf(1);
    const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };
    expect(decodeManifest(encodeManifest(without)).program).toBe(`${name} ${version}`);
  });

  it('holds the hashes that xxhsum prints, at the offsets of the table', async () => {
    const image = seededBytes(3 * 65536 + 1000, 3);
    await writeFile(at('image'), image);
    const sums = [0, 1, 2, 3].map((chunk) =>
      shell(`dd if=image bs=65536 skip=${chunk} count=1 status=none | xxhsum -H128 -`).slice(0, 32),
    );
    const manifest = { ...manifestOf(image.length), hashes: Uint8Array.from(Buffer.from(sums.join(''), 'hex')) };
    await writeManifest(at('sums'), manifest);
    expect(shell('tail -c 96 sums | head -c 64 | od -An -v -tx1 -w16').replaceAll(' ', '').split('\n')).toEqual(sums);
    const got = await readManifest(at('sums'));
    expect([0, 1, 2, 3].map((chunk) => hashOf(got, chunk))).toEqual(sums);
    expect(hashOf(got, 4)).toBeNull();
  });

  it('ends a manifest with the SHA-256 of the rest', async () => {
    const manifest = manifestOf(100 * 65536, [17]);
    await writeManifest(at('digest'), manifest);
    const digest = shell('head -c -32 digest | sha256sum').slice(0, 64);
    expect(shell('tail -c 32 digest | od -An -v -tx1 -w32').replaceAll(' ', '')).toBe(digest);
    expect(manifestDigest(manifest)).toBe(digest);
    expect(manifestDigest(await readManifest(at('digest')))).toBe(digest);
  });

  it('takes 16 bytes per MiB: at most 20 MiB for a TB', () => {
    const { length } = encodeManifest(manifestOf(TB, [], MiB));
    console.log(`a manifest of 1 TB has ${(length / MiB).toFixed(2)} MiB`);
    expect(length).toBeLessThan(20 * MiB);
  });
});

describe('a damaged manifest', () => {
  const whole = Buffer.from(encodeManifest(manifestOf(10 * 65536, [3])));
  const json = whole.subarray(24, 24 + whole.readUInt32BE(20)).toString();

  /** The file with another header, and a matching checksum. */
  const withHeader = (text: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    return summed(
      Buffer.concat([whole.subarray(0, 20), length, Buffer.from(text), whole.subarray(24 + Buffer.byteLength(json))]),
    );
  };
  const summed = (bytes: Buffer): Buffer => {
    const rest = bytes.subarray(0, -32);
    return Buffer.concat([
      rest,
      Buffer.from(execFileSync('sha256sum', { input: rest, encoding: 'utf8' }).slice(0, 64), 'hex'),
    ]);
  };

  it('rebuilds an intact manifest with the helpers of these tests', () => {
    expect(summed(whole)).toEqual(whole);
    expect(withHeader(json)).toEqual(whole);
  });

  it('refuses a manifest that is cut anywhere', () => {
    for (let length = 0; length < whole.length; length += 1)
      expect(() => decodeManifest(whole.subarray(0, length)), `${length}`).toThrow(ManifestError);
  });

  it('refuses a manifest with any bit changed', () => {
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3]! ^= 1 << (bit % 8);
      expect(() => decodeManifest(bytes), `bit ${bit}`).toThrow(ManifestError);
    }
  });

  it.each([
    ['with something behind it', /has \d+ bytes, but its header/, Buffer.concat([whole, Buffer.of(0)])],
    ['of another kind', /begin/, Buffer.alloc(1000)],
    ['with a chunk size that is none', /chunkSize/, withHeader(json.replace('65536', '65537'))],
    ['with a disk of 8 EiB and no hashes', /too many chunks/, withHeader(json.replace('655360', '9007199254740991'))],
    [
      'with more than there may be',
      /too many chunks/,
      withHeader(json.replace('655360', String(65536 * MAX_CHUNKS + 1))),
    ],
    ['with blanks in the header', /spelled/, withHeader(json.replace(':', ': '))],
    ['with a member too many', /Unrecognized/i, withHeader(json.replace('{', '{"a":1,'))],
    [
      'of a moment that no date can say',
      /createdAt/,
      withHeader(json.replace(/"createdAt":\d+/, '"createdAt":8640000000000001')),
    ],
    ['with a member too few', /createdAt/, withHeader(json.replace(/"createdAt":\d+,/, ''))],
    ['with a header that is no JSON', /JSON/, withHeader('{')],
    [
      'with a bit beyond the last chunk',
      /beyond/,
      summed(Buffer.from(whole).fill(0xff, whole.length - 32 - 160 - 1, whole.length - 32 - 160)),
    ],
    [
      'with a hash of a chunk that has none',
      /chunk 3/,
      summed(Buffer.from(whole).fill(1, whole.length - 32 - 160 + 3 * 16, whole.length - 32 - 160 + 3 * 16 + 1)),
    ],
  ])('refuses a manifest %s', (_what, message, bytes) => {
    expect(() => decodeManifest(bytes)).toThrow(ManifestError);
    expect(() => decodeManifest(bytes)).toThrow(message);
  });

  it.each([
    ['hashes that are too few', { hashes: new Uint8Array(159) }],
    ['a bitmap that is too long', { known: new Uint8Array(3) }],
    ['a fraction of a byte', { bytes: 0.5 }],
    ['a path that is a book', { source: { path: 'x'.repeat(65536), model: null, serial: null, size: 1 } }],
  ])('refuses to write %s', (_what, change) => {
    expect(() => encodeManifest({ ...manifestOf(10 * 65536), ...change })).toThrow(ManifestError);
  });
});

describe('writing a manifest', () => {
  const manifest = manifestOf(10 * 65536);

  it('replaces a manifest whole, keeps its mode, and leaves nothing beside it', async () => {
    const home = at('home');
    await mkdir(home);
    await writeFile(join(home, 'a'), 'something else');
    await chmod(join(home, 'a'), 0o640);
    await writeManifest(join(home, 'a'), manifest);
    await writeManifest(join(home, 'b'), manifest);
    expect(await readdir(home)).toEqual(['a', 'b']);
    expect(Buffer.from(encodeManifest(manifest)).equals(await readFile(join(home, 'a')))).toBe(true);
    expect((await stat(join(home, 'a'))).mode & 0o777).toBe(0o640);
  });

  it('flushes the file before the rename, and the folder after it', async () => {
    const script = `import { writeManifest } from './app/engine/formats/manifest.ts';
      await writeManifest(${JSON.stringify(at('traced'))}, {
        chunkSize: 65536, bytes: 0, source: { path: '', model: null, serial: null, size: 0 }, createdAt: 0,
        known: new Uint8Array(0), hashes: new Uint8Array(0) });`;
    execFileSync('strace', [
      '-f',
      '-e',
      'trace=fsync,rename,renameat,renameat2',
      '-o',
      at('trace'),
      process.execPath,
      '--input-type=module-typescript',
      '-e',
      script,
    ]);
    const calls = (await readFile(at('trace'), 'utf8')).match(/\b(fsync|rename)/g);
    expect(calls).toEqual(['fsync', 'rename', 'fsync']);
  });

  it.each([
    'a folder',
    'a link to a file',
    'a link to a device',
    'a device',
    'a name under /dev',
    'a folder that is not there',
  ])('refuses to write a manifest to %s, and changes nothing', async (what) => {
    const paths: Record<string, string> = {
      'a folder': folder,
      'a link to a file': at('link'),
      'a link to a device': at('null'),
      'a device': '/dev/null',
      'a name under /dev': '/dev/platter-test-that-is-not-there',
      'a folder that is not there': at('not/there'),
    };
    if (what === 'a link to a file') {
      await writeFile(at('target'), 'kept');
      await symlink(at('target'), at('link'));
    }
    if (what === 'a link to a device') await symlink('/dev/null', at('null'));
    const before = await readdir(folder);
    await expect(writeManifest(paths[what]!, manifest)).rejects.toThrow(Refusal);
    expect(await readdir(folder)).toEqual(before);
    if (what === 'a link to a file') expect(await readFile(at('target'), 'utf8')).toBe('kept');
  });

  it.skipIf(canLab() !== null)('refuses to write a manifest to a disk, and writes nothing there', async () => {
    const disk = await labdisk({ size: MiB });
    try {
      await expect(writeManifest(disk.device, manifest)).rejects.toThrow(Refusal);
      await symlink(disk.device, at('disk'));
      await expect(writeManifest(at('disk'), manifest)).rejects.toThrow(/It is a link/);
      await expect(readManifest(disk.device)).rejects.toThrow(/It is a disk/);
      expect((await disk.counters()).bytesWritten).toBe(0);
    } finally {
      await disk.close();
    }
  });

  it('names the file that is no manifest', async () => {
    await writeFile(at('text'), 'no manifest at all, and longer than the shortest there can be, which is 56 bytes');
    await expect(readManifest(at('text'))).rejects.toMatchObject({
      name: 'ManifestError',
      errors: [{ device: at('text'), code: 'BAD_FILE' }],
    });
    await expect(readManifest(at('nothing'))).rejects.toMatchObject({
      errors: [{ code: 'NOT_FOUND', errno: 'ENOENT' }],
    });
    await expect(readManifest('/dev/zero')).rejects.toThrow(Refusal);
  });
});

describe('bitmaps of chunks', () => {
  it('marks, counts and lists the same chunks as a set of numbers', () => {
    const chunks = 77;
    const bitmap = new Uint8Array(bitmapBytes(chunks));
    const set = new Set<number>();
    const dice = seededBytes(3000, 11);
    for (let roll = 0; roll < 1000; roll += 1) {
      const first = dice[roll * 3]! % chunks;
      const count = dice[roll * 3 + 1]! % (chunks - first + 1);
      const present = dice[roll * 3 + 2]! % 2 === 0;
      markChunks(bitmap, first, count, present);
      for (let chunk = first; chunk < first + count; chunk += 1)
        if (present) set.add(chunk);
        else set.delete(chunk);
      const all = Array.from({ length: chunks }, (_, chunk) => chunk);
      expect(all.filter((chunk) => hasChunk(bitmap, chunk))).toEqual(all.filter((chunk) => set.has(chunk)));
      expect(countChunks(bitmap)).toBe(set.size);
      const listed = (inside: boolean): number[] =>
        [...chunkRanges(bitmap, chunks, inside)].flatMap(({ first: from, count: many }) =>
          all.slice(from, from + many),
        );
      expect(listed(true)).toEqual(all.filter((chunk) => set.has(chunk)));
      expect(listed(false)).toEqual(all.filter((chunk) => !set.has(chunk)));
    }
    expect(() => markChunks(bitmap, 79, 2, true)).toThrow(RangeError);
  });
});
