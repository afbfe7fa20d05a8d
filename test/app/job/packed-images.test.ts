// Images that are written packed: read by other people's tools, beside disks, and when something goes wrong.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packableBytes } from '../../lab/lab.ts';
import { decodeManifest } from '../../../app/engine/formats/manifest.ts';
import type { ImageSummary } from '../../../app/contract/image-summary.ts';
import { plainImageFormat } from '../../../app/contract/request-facts.ts';
import { summaryIn } from '../../../app/engine/unpacking/image-end.ts';
import { bmapOf } from '../parsers/bmap-files.ts';
import { inOldImage, oldImage } from './old-image.ts';
import { oldDisk, retriedWithRoom, skip } from './packed-files.ts';
import { interrupted, killedCopy, MiB, oneBench, refused, resultOf, resume, spoil, type Session } from './support.ts';

const bench = oneBench();

/** An image of `size` bytes with a boot sector, text and zeros in it. */
async function image(size: number): Promise<string> {
  const path = await bench.path('disk.img');
  const bytes = packableBytes(size, 3);
  bytes.fill(0, Math.floor(size / 3), Math.floor(size / 2));
  bytes.writeUInt16LE(0xaa55, 510);
  await writeFile(path, bytes);
  return path;
}

/** Makes an image of 24 MiB with a GPT: an ext4 at 1 MiB, and a partition without a file system. */
const PARTITIONED = `
  truncate -s 24M "$0"
  printf 'label: gpt\\nstart=2048, size=8M, type=L, name=root\\nstart=18432, size=4M, type=L, name=raw\\n' | sfdisk -q "$0"
  mke2fs -q -t ext4 -L rootfs -E offset=1048576 "$0" 8M`;

/** What `command` unpacks from `file`. */
const unpackedBy = (command: string, file: string): Buffer =>
  execFileSync('sh', ['-c', `${command} < "$0"`, file], { maxBuffer: 64 * MiB });

/** What the end of `file` says of its copy. */
function summaryOf(file: string): Promise<ImageSummary | null> {
  const bytes = readFileSync(file);
  return summaryIn((at, length) => Promise.resolve(bytes.subarray(at, at + length)), bytes.length);
}

/** Ids of the programs that `session`'s host has started to pack. */
const packers = (session: Session): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = / \((?:.*)\) \S (\d+)/su.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
        return Number(parent) === session.host.pid && basename(readlinkSync(`/proc/${pid}/exe`)) === 'platter-unpack';
      } catch {
        return false; // it has ended
      }
    });

describe.skipIf(skip !== null)(`an image that is written packed${skip === null ? '' : ` (${skip})`}`, () => {
  it.each([
    ['zst', 'zstd -dc'],
    ['xz', 'xz -dc'],
    ['gz', 'gzip -dc'],
  ])('is read back by other tools, byte for byte: .%s by %s', async (ending, command) => {
    const source = await image(9 * MiB + 1536);
    const packed = await bench.path(`copy.img.${ending}`);
    const disk = await oldDisk(bench, 12 * MiB);

    const result = await bench.session().run({ source, destinations: [packed, disk.device] });

    expect(result.destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'done', verified: true },
    ]);
    expect(unpackedBy(command, packed).equals(readFileSync(source))).toBe(true);
    expect(statSync(packed).size).toBeLessThan(statSync(source).size / 2);
    execFileSync('cmp', ['--bytes', String(9 * MiB + 1536), source, disk.backing]);
  });

  it('is a source for the next copy, which can begin in its middle', async () => {
    const source = await image(12 * MiB);
    const packed = await bench.path('copy.img.zst');
    await bench.session().run({ source, destinations: [packed] });
    const disk = await oldDisk(bench, 12 * MiB);

    const result = await bench.session().run({ source: packed, destinations: [disk.device] });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    execFileSync('cmp', [source, disk.backing]);
    execFileSync('zstd', ['-q', '--test', packed]);
  });

  it('has the manifest of the copy in a frame that zstd skips', async () => {
    const source = await image(5 * MiB);
    const packed = await bench.path('copy.img.zst');

    const result = await bench.session().run({ source, destinations: [packed] });

    const file = readFileSync(packed);
    const at = file.indexOf(Buffer.from([0x50, 0x2a, 0x4d, 0x18]));
    const length = file.readUInt32LE(at + 4);
    const manifest = decodeManifest(file.subarray(at + 8, at + 8 + length));
    expect(manifest).toMatchObject({ bytes: 5 * MiB, chunkSize: MiB, source: { path: source } });
    expect(result.manifest).not.toBeNull();
    expect(manifest.hashes).toHaveLength(5 * 16);
  });

  it('says in a second such frame what partitions it has and how much of them is in use', async () => {
    const source = await bench.path('disk.img');
    execFileSync('sh', ['-e', '-c', PARTITIONED, source]);
    const packed = await bench.path('copy.img.zst');

    await bench.session().run({ source, destinations: [packed], used: true });

    const copied = await summaryOf(packed);
    expect(copied).toMatchObject({ bytes: 24 * MiB, table: 'gpt', anonymous: false, source: { path: source } });
    expect(copied!.parts).toMatchObject([
      { number: 1, offset: MiB, length: 8 * MiB, name: 'root', fileSystems: [{ type: 'ext4', label: 'rootfs' }] },
      { number: 2, offset: 9 * MiB, length: 4 * MiB, type: '0fc63daf-8483-4772-8e79-3d69d8477de4', fileSystems: [] },
    ]);
    expect(copied!.parts.map(({ used }) => used)).toMatchObject([
      { map: 'ext4', whole: null },
      { bytes: 4 * MiB, map: null, whole: { kind: 'usedUnknown', said: expect.any(String) as string } },
    ]);
    expect(copied!.parts[0]!.used!.bytes).toBeLessThan(8 * MiB);
    expect(copied!.used).toBeLessThan(24 * MiB);
    execFileSync('zstd', ['-q', '--test', packed]);
  });

  it('does not tell which source an anonymous copy is of, nor does its manifest', async () => {
    const source = await image(2 * MiB);
    const [packed, manifest] = [await bench.path('copy.img.zst'), await bench.path('copy.manifest')];

    await bench.session().run({ source, destinations: [packed], saveManifest: manifest, anonymous: true });

    const copied = await summaryOf(packed);
    expect(copied).toMatchObject({ anonymous: true, source: { path: null, model: null, serial: null } });
    expect(decodeManifest(readFileSync(manifest)).source).toMatchObject({ model: null, serial: null });
    for (const file of [packed, manifest]) {
      const bytes = readFileSync(file);
      expect([source, basename(source)].filter((name) => bytes.includes(name))).toEqual([]);
    }
  });

  it('is read and compared when an earlier version has written it', async () => {
    const packed = await bench.path('old.img.zst');
    await writeFile(packed, oldImage());
    const copy = await bench.path('copy.img');

    const result = await bench.session().run({ source: packed, destinations: [copy] });
    const compared = await bench.session().run({ kind: 'verify', source: packed, destinations: [copy] });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    expect(compared.destinations).toMatchObject([{ state: 'done', verified: true }]);
    expect(readFileSync(copy).equals(inOldImage())).toBe(true);
    expect(await summaryOf(packed)).toMatchObject({
      program: 'platter 0.1.0',
      source: { path: '/mnt/old.img' },
      table: null,
      parts: [],
      used: null,
    });
  });

  it('has chunks as long as the memory of the job allows', async () => {
    const source = await image(2 * MiB + 512);
    const packed = await bench.path('copy.img.zst');

    const result = await bench.session().run({ source, destinations: [packed], memory: MiB });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    expect(unpackedBy('zstd -dc', packed).equals(readFileSync(source))).toBe(true);
  });

  it('fails when a program that packs it is killed, and the disk beside it is done', async () => {
    const source = await image(12 * MiB);
    const packed = await bench.path('copy.img.zst');
    const disk = await oldDisk(bench, 12 * MiB);
    await disk.rule('stall w 4M 1M');
    const session = bench.session();
    await session.begin({ source, destinations: [packed, disk.device], memory: 8 * MiB });
    await disk.waitFor(({ stalled }) => stalled > 0);

    for (const pid of packers(session)) process.kill(pid, 'SIGKILL');
    await disk.rule('go');
    const end = await session.until(({ event }) => event === 'result');

    expect(end).toMatchObject({ result: { destinations: [{ verified: null }, { state: 'done', verified: true }] } });
    expect(existsSync(packed)).toBe(false);
    execFileSync('cmp', [source, disk.backing]);
  });

  it('is completed by a retry after its file system was full', async () => {
    const source = await bench.image('disk.img', 12 * MiB);

    const { image: packed, result } = await retriedWithRoom(bench, '5M', 'copy.img.zst', { source });

    expect(result.destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'done', verified: true },
    ]);
    expect(unpackedBy('zstd -dc', packed).equals(readFileSync(source))).toBe(true);
  });

  it.each(['copy.img.zst', 'copy.img.xz'])(
    'is replaced by the next copy when %s was not even begun on a full file system',
    async (name) => {
      const source = await image(12 * MiB);
      const folder = await bench.smallFolder('256K');
      const destination = `${folder}/${name}`;
      const failed = await bench.session().run({ source, destinations: [destination] });
      expect(failed.destinations).toMatchObject([{ state: 'failed', durable: 0 }]);
      expect(existsSync(`${destination}.part`)).toBe(true);
      execFileSync('mount', ['-o', 'remount,size=40M', folder]);

      const result = await bench.session().run({ source, destinations: [destination] });

      expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
      expect(existsSync(`${destination}.part`)).toBe(false);
    },
  );

  it('is continued behind the frames that it has, beside a disk', async () => {
    const source = await image(24 * MiB);
    const packed = await bench.path('copy.img.zst');
    const disk = await oldDisk(bench, 24 * MiB);
    await disk.rule('stall w 18M 1M');
    await killedCopy(bench, disk, { source, destinations: [packed, disk.device], memory: 8 * MiB }, 4);
    expect(existsSync(packed)).toBe(false);

    const next = bench.session();
    const [job] = await interrupted(next);
    const result = await resume(next, job!.id);

    expect(result.destinations).toMatchObject([
      { path: packed, state: 'done', verified: true },
      { path: disk.device, state: 'done', verified: true },
    ]);
    expect(result.destinations[0]!.written).toBeLessThan(24 * MiB);
    expect(unpackedBy('zstd -dc', packed).equals(readFileSync(source))).toBe(true);
    execFileSync('cmp', [source, disk.backing]);
  });

  it('is written again from the first frame that is damaged when it is continued', async () => {
    const source = await image(24 * MiB);
    const packed = await bench.path('copy.img.zst');
    const disk = await bench.disk({ size: 24 * MiB, file: source });
    await disk.rule('stall r 18M 1M');
    const ask = { source: disk.device, destinations: [packed], memory: 8 * MiB };
    const { job } = await killedCopy(bench, disk, ask, 4);
    const frame = readFileSync(`${packed}.part`).indexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 4);
    await spoil(`${packed}.part`, frame);

    const result = await resume(bench.session(), job);

    expect(result.destinations).toMatchObject([{ path: packed, state: 'done', verified: true }]);
    expect(unpackedBy('zstd -dc', packed).equals(readFileSync(source))).toBe(true);
  });

  it('is left out in xz when its job is continued, and keeps the name of an incomplete image', async () => {
    const source = await image(12 * MiB);
    const packed = await bench.path('copy.img.xz');
    const disk = await oldDisk(bench, 12 * MiB);
    await disk.rule('stall w 8M 1M');
    await killedCopy(bench, disk, { source, destinations: [packed, disk.device], memory: 8 * MiB });

    const next = bench.session();
    const [job] = await interrupted(next);
    const result = await resume(next, job!.id);

    expect(existsSync(packed)).toBe(false);
    expect(existsSync(`${packed}.part`)).toBe(true);
    expect(result.destinations).toMatchObject([{ path: disk.device, state: 'done', verified: true }]);
    execFileSync('cmp', [source, disk.backing]);
  });

  it('is not offered in xz to be continued when nothing else of its job is left', async () => {
    const source = await image(12 * MiB);
    const packed = await bench.path('copy.img.xz');
    const disk = await bench.disk({ size: 12 * MiB, file: source });
    await disk.rule('stall r 8M 1M');
    const { job } = await killedCopy(bench, disk, { source: disk.device, destinations: [packed], memory: 8 * MiB });

    const next = bench.session();

    expect(await interrupted(next)).toEqual([]);
    expect(await refused(resume(next, job))).toMatchObject([
      { code: 'NOTHING_TO_DO', device: packed, reason: { kind: 'packedImage', job: 'resume' } },
    ]);
  });

  it.each([
    ['an update', { update: true }, 'packedImage'],
    ['a rescue', { rescue: { retries: 0, map: null } }, 'packedImage'],
    ['a level that zstd does not have', { imageFormat: { ...plainImageFormat, level: 23 } }, 'levelBounds'],
  ] as const)('is refused for %s, and nothing is written', async (_, options, kind) => {
    const source = await image(2 * MiB);
    const packed = await bench.path('copy.img.zst');

    const errors = await refused(bench.session().run({ source, destinations: [packed], ...options }));

    expect(errors).toMatchObject([{ code: 'BAD_ARGUMENT', reason: { kind } }]);
    expect(existsSync(packed) || existsSync(`${packed}.part`)).toBe(false);
  });

  it('has zeros where a block map leaves bytes out', async () => {
    const source = await image(12 * MiB);
    const packed = await bench.path('copy.img.zst');
    const bmap = await bench.path('disk.bmap');
    await writeFile(
      bmap,
      bmapOf(readFileSync(source), [
        [256, 511],
        [2304, 2815],
      ]),
    );

    const result = await bench.session().run({ source, destinations: [packed], bmap: { path: bmap, sha256: null } });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    const expected = Buffer.alloc(12 * MiB);
    for (const [from, to] of [
      [1, 2],
      [9, 11],
    ] as const)
      readFileSync(source).copy(expected, from * MiB, from * MiB, to * MiB);
    expect(unpackedBy('zstd -dc', packed).equals(expected)).toBe(true);
  });

  it('is packed under any name when the request says its format', async () => {
    const source = await image(2 * MiB);
    const packed = await bench.path('copy.img');

    await bench.session().run({
      source,
      destinations: [packed],
      imageFormat: { ...plainImageFormat, format: 'zstd' },
    });

    expect(unpackedBy('zstd -dc', packed).equals(readFileSync(source))).toBe(true);
  });

  it('is packed by as many processes as the request says', async () => {
    const source = await image(12 * MiB);
    const packed = await bench.path('copy.img.zst');
    const disk = await oldDisk(bench, 12 * MiB);
    await disk.rule('stall w 4M 1M');
    const session = bench.session();
    const imageFormat = { ...plainImageFormat, threads: 3 };
    await session.begin({ source, destinations: [packed, disk.device], imageFormat, memory: 8 * MiB });
    await disk.waitFor(({ stalled }) => stalled > 0);

    const running = packers(session);
    await disk.rule('go');

    expect(running).toHaveLength(3);
    expect((await resultOf(session)).destinations[0]).toMatchObject({ state: 'done', verified: true });
    expect(unpackedBy('zstd -dc', packed).equals(readFileSync(source))).toBe(true);
  });

  it('leaves no program behind when the job has ended', async () => {
    const source = await image(2 * MiB);
    const session = bench.session();

    await session.run({ source, destinations: [await bench.path('copy.img.zst')] });

    await expect.poll(() => packers(session)).toEqual([]);
  });
});
