// Images with a bmap: mapped ranges are written, compared and checked. The rest is left alone, and reported.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { canLab, packableBytes, type LabDisk } from '../../../lab/lab.ts';
import { BLOCK, bmapOf } from '../../parsers/bmap-files.ts';
import { lacks } from '../../parsers/source-files.ts';
import { expectJobLines, expectRefusal } from '../shapes.ts';
import { Bench, errorsOf, MiB, platter, resultOf, start, type Run } from '../support.ts';

const missing = decoderLacks();
const lacking = canLab() ?? (missing.length > 0 ? `without ${missing.join(', ')}: install the -dev packages` : null);
const skip = lacking === null ? '' : ` (${lacking})`;

/** Not a multiple of a block or a chunk. */
const SIZE = 9 * MiB + 700;
const PER_MIB = MiB / BLOCK;
/** In chunks 0, 3 and 4, and not in the last one. */
const BLOCKS = [
  [0, 2],
  [3 * PER_MIB + 7, 4 * PER_MIB + 1],
] as const;
const MAPPED = (3 + PER_MIB - 5) * BLOCK;
/** The chunks with mapped bytes. */
const CHUNKS = [0, 3, 4];
const OLD = 0xa5;
/** The byte offset of a block. */
const at = (block: number): number => block * BLOCK;

const PACKERS = {
  none: 'cat',
  xz: 'xz -1 -T1 -c',
  gz: 'gzip -1 -c',
  bz2: 'bzip2 -1 -c',
  zst: 'zstd -q -1 -c',
} as const;
type Packer = keyof typeof PACKERS;
const HERE = (Object.keys(PACKERS) as Packer[]).filter((name) => lacks(PACKERS[name].split(' ')[0]!) === null);

describe.skipIf(skip !== '')(`a bmap${skip}`, () => {
  const bench = new Bench();
  afterEach(() => bench.clear());

  /** The bytes of an image. Unmapped ranges contain data too, which must not be written. */
  function imageBytes(): Buffer {
    const bytes = packableBytes(SIZE, 7);
    bytes.fill(0, 446, 510);
    bytes.writeUInt16LE(0xaa55, 510);
    Buffer.from([0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0]).copy(bytes, 446);
    return bytes;
  }

  /** Writes an image and its bmap into the folder. `bytes`: the actual content of the image. */
  async function made(packer: Packer = 'none', bytes = imageBytes()): Promise<string> {
    const folder = await bench.directory();
    writeFileSync(join(folder, 'disk.img'), bytes);
    writeFileSync(join(folder, 'disk.img.bmap'), bmapOf(imageBytes(), BLOCKS));
    if (packer === 'none') return 'disk.img';
    execFileSync('sh', ['-c', `${PACKERS[packer]} disk.img > disk.img.${packer} && rm disk.img`], { cwd: folder });
    return `disk.img.${packer}`;
  }

  /** A disk full of old content. */
  async function oldDisk(size = 10 * MiB, rules: string[] = []): Promise<LabDisk> {
    const disk = await bench.disk({ size, ...(rules.length > 0 ? { rules } : { plain: true }) });
    writeFileSync(disk.backing, Buffer.alloc(size, OLD));
    return disk;
  }

  const run = async (...args: string[]): Promise<Run> => platter(args, { cwd: await bench.directory() });
  const copy = (source: string, ...args: string[]): Promise<Run> => run('copy', source, '--yes', '--json', ...args);

  /** The expected content of the disk. `rest`: the bytes of a chunk that the map does not list. */
  function expected(size: number, rest: number): Buffer {
    const bytes = Buffer.alloc(size, OLD);
    bytes.fill(rest, 0, SIZE);
    for (const chunk of CHUNKS) bytes.fill(0, chunk * MiB, (chunk + 1) * MiB);
    for (const [first, last] of BLOCKS) imageBytes().copy(bytes, at(first), at(first), at(last + 1));
    return bytes;
  }

  test.each(HERE)('says what is written and verified (%s)', async (packer) => {
    const source = await made(packer);
    const disk = await oldDisk();
    const ran = await copy(source, disk.device);
    expect(ran.code, ran.stdout).toBe(0);
    expectJobLines(ran);
    expect(resultOf(ran)).toMatchObject({ outcome: 'complete', mapped: MAPPED });
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'mappedVerified', written: CHUNKS.length * MiB }]);
    expect(readFileSync(disk.backing).equals(expected(10 * MiB, OLD))).toBe(true);
  });

  test.each(HERE)('fills the rest with zeros with --zero-unmapped (%s)', async (packer) => {
    const source = await made(packer);
    const disk = await oldDisk();
    const ran = await copy(source, disk.device, '--zero-unmapped');
    expect(ran.code, ran.stdout).toBe(0);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
    const has = readFileSync(disk.backing);
    expect(has.subarray(0, SIZE).equals(expected(10 * MiB, 0).subarray(0, SIZE))).toBe(true);
  });

  test.each(HERE)('fails every drive when one mapped bit is wrong (%s)', async (packer) => {
    const bytes = imageBytes();
    bytes[at(3 * PER_MIB + 100)]! ^= 4;
    const source = await made(packer, bytes);
    const disks = [await oldDisk(), await oldDisk()];
    const ran = await copy(source, ...disks.map(({ device }) => device));
    expect(ran.code, ran.stdout).toBe(3);
    expect(JSON.stringify(errorsOf(ran))).toMatch(/disk\.img\.bmap describes: the checksum of the range at /);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'failed' }, { verdict: 'failed' }]);
    for (const { backing } of disks)
      expect(readFileSync(backing).subarray(0, MiB).equals(Buffer.alloc(MiB))).toBe(true);
  });

  test('ignores a wrong bit outside the map', async () => {
    const bytes = imageBytes();
    bytes[at(3 * PER_MIB + 3)]! ^= 4; // in a mapped chunk
    bytes[8 * MiB]! ^= 4;
    const disk = await oldDisk();
    const ran = await copy(await made('gz', bytes), disk.device);
    expect(ran.code, ran.stdout).toBe(0);
    expect(readFileSync(disk.backing).equals(expected(10 * MiB, OLD))).toBe(true);
  });

  test.skipIf(lacks('bmaptool') !== null)('maps what bmaptool writes', async () => {
    await made();
    const folder = await bench.directory();
    execFileSync('bmaptool', ['-q', 'copy', '--bmap', 'disk.img.bmap', 'disk.img', 'theirs'], { cwd: folder });
    const ran = await copy('disk.img', 'ours', '--yes');
    expect(ran.code, ran.stdout).toBe(0);
    const [ours, theirs] = ['ours', 'theirs'].map((name) => readFileSync(join(folder, name)));
    expect([ours!.length, theirs!.length]).toEqual([SIZE, SIZE]);
    for (const [first, last] of BLOCKS)
      expect(ours!.subarray(at(first), at(last + 1)).equals(theirs!.subarray(at(first), at(last + 1)))).toBe(true);
  });

  test('refuses an image of another size, unless it is ignored', async () => {
    const source = await made();
    truncateSync(join(await bench.directory(), source), SIZE - 1);
    const disk = await oldDisk();
    const [error] = expectRefusal(await copy(source, disk.device));
    expect(error).toMatchObject({ code: 'BAD_FILE' });
    expect(error!.message).toMatch(/^It is of an image of /);
    expect(error!.advice).toContain('--ignore-bmap');
    expect(readFileSync(disk.backing).equals(Buffer.alloc(10 * MiB, OLD))).toBe(true);
    const ran = await copy(source, disk.device, '--ignore-bmap');
    expect(ran.code, ran.stdout).toBe(0);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
  });

  test.each([
    [SIZE - MiB, 'shorter'],
    [SIZE + MiB, 'longer'],
  ])('fails every drive when the image turns out to have %d bytes (%s)', async (size) => {
    const bytes = Buffer.alloc(size);
    imageBytes().copy(bytes);
    const source = await made('gz', bytes);
    const disk = await oldDisk();
    const ran = await copy(source, disk.device);
    expect(ran.code, ran.stdout).toBe(3);
    expect(JSON.stringify(errorsOf(ran))).toContain('It is of an image of ');
    expect(readFileSync(disk.backing).subarray(0, MiB).equals(Buffer.alloc(MiB))).toBe(true);
  });

  test.each([
    ['is cut short', (map: string) => map.slice(0, -20), 'is not what a bmap has there'],
    ['has another range', (map: string) => map.replace(' 0-2 ', ' 0-1 '), 'Its own checksum is wrong'],
    ['is of version 3', (map: string) => map.replace('"2.0"', '"3.0"'), 'It is a bmap of version 3.0.'],
  ])('refuses one that %s', async (_, change, message) => {
    const source = await made('xz');
    const path = join(await bench.directory(), 'disk.img.bmap');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    const disk = await oldDisk();
    const [error] = expectRefusal(await copy(source, disk.device));
    expect(error).toMatchObject({ code: 'BAD_FILE' });
    expect(error!.message).toContain(message);
    expect(error!.advice).toContain('--ignore-bmap');
    expect((await run('check', source, '--json')).code).toBe(2);
  });

  test('verify and repair follow the map and name its path', async () => {
    const source = await made('xz');
    const folder = await bench.directory();
    execFileSync('mv', ['disk.img.bmap', 'other.bmap'], { cwd: folder });
    const disk = await oldDisk();
    expect((await copy(source, disk.device, '--bmap', 'other.bmap')).code).toBe(0);
    const verify = (): Promise<Run> => run('verify', source, disk.device, '--bmap', 'other.bmap', '--json');
    const ran = await verify();
    expect(ran.code, ran.stdout).toBe(0);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'mappedVerified' }]);
    // Without the bmap, the unmapped bytes differ from the image.
    expect((await run('verify', source, disk.device)).code).toBe(3);
    const bytes = readFileSync(disk.backing);
    bytes[at(1)]! ^= 1;
    writeFileSync(disk.backing, bytes);
    expect((await verify()).code).toBe(3);
    expect((await run('repair', source, disk.device, '--bmap', 'other.bmap', '--yes')).code).toBe(0);
    expect(readFileSync(disk.backing).equals(expected(10 * MiB, OLD))).toBe(true);
  });

  test('an update compares and writes only what is mapped', async () => {
    const source = await made();
    const disk = await oldDisk();
    const ran = await copy(source, disk.device, '--update');
    expect(ran.code, ran.stdout).toBe(0);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'mappedVerified', written: CHUNKS.length * MiB }]);
    expect(readFileSync(disk.backing).equals(expected(10 * MiB, OLD))).toBe(true);
  });

  test('leaves holes in a manifest, and verifies no more than is mapped', async () => {
    const source = await made();
    const disk = await oldDisk();
    expect((await copy(source, disk.device, '--manifest', 'm')).code).toBe(0);
    const ran = await run('verify', '--manifest', 'm', disk.device, '--json');
    expect(resultOf(ran).destinations).toMatchObject([
      { verdict: 'partlyVerified', uncompared: SIZE - CHUNKS.length * MiB },
    ]);
  });

  test('lets one of two drives fail by itself', async () => {
    const source = await made('xz');
    const [good, bad] = [await oldDisk(), await oldDisk(10 * MiB, ['eio w 3M 4K'])];
    const ran = await copy(source, good.device, bad.device);
    expect(ran.code, ran.stdout).toBe(1);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'mappedVerified' }, { state: 'failed' }]);
    expect(readFileSync(good.backing).equals(expected(10 * MiB, OLD))).toBe(true);
    expect(readFileSync(bad.backing).subarray(0, MiB).equals(Buffer.alloc(MiB))).toBe(true);
  });

  test('resumes after the engine was killed only with the same map', async () => {
    const source = await made('xz');
    const folder = await bench.directory();
    const disk = await oldDisk();
    const job = start(['copy', source, disk.device, '--yes', '--json', '--throttle', '600K'], { cwd: folder });
    await job.until((stdout) => /"written":[1-9]\d*,"verified":0.*"state":"copying"/.test(stdout));
    const pids = readFileSync(`/proc/${job.child.pid!}/task/${job.child.pid!}/children`, 'utf8');
    for (const pid of pids.trim().split(' ')) process.kill(Number(pid), 'SIGKILL');
    await job.ended;
    expect(readFileSync(disk.backing).subarray(0, MiB).equals(Buffer.alloc(MiB))).toBe(true);
    const map = readFileSync(join(folder, 'disk.img.bmap'), 'utf8');
    writeFileSync(join(folder, 'disk.img.bmap'), bmapOf(imageBytes(), [[0, 2]]));
    expect(expectRefusal(await run('resume', '--yes', '--json'))).toMatchObject([{ code: 'CHANGED' }]);
    writeFileSync(join(folder, 'disk.img.bmap'), map);
    const ran = await run('resume', '--yes', '--json');
    expect(ran.code, ran.stdout).toBe(0);
    expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'mappedVerified' }]);
    expect(readFileSync(disk.backing).equals(expected(10 * MiB, OLD))).toBe(true);
  });

  test('makes an image of full length with holes', async () => {
    const ran = await copy(await made('xz'), 'copy.img');
    expect(ran.code, ran.stdout).toBe(0);
    const bytes = readFileSync(join(await bench.directory(), 'copy.img'));
    expect(bytes.length).toBe(SIZE);
    expect(bytes.equals(expected(SIZE, 0))).toBe(true);
  });

  test('check checks the map, and info names it', async () => {
    const source = await made('gz');
    const ran = await run('check', source, '--json');
    expect(ran.code, ran.stdout).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ bmap: { version: '2.0', mapped: MAPPED, checksums: true } });
    expect((await run('info', source)).stdout).toMatch(
      /Bmap +disk\.img\.bmap, version 2\.0, maps .* of .* with checksums/,
    );
    const bytes = imageBytes();
    bytes[at(1)]! ^= 1;
    await made('gz', bytes);
    expect((await run('check', source)).code).toBe(3);
    expect((await run('check', source, '--ignore-bmap')).code).toBe(0);
  });

  test('a rescue ignores the map and says so', async () => {
    const source = await made();
    const disk = await oldDisk();
    const ran = await copy(source, disk.device, '--rescue');
    expect(ran.code, ran.stdout).toBe(0);
    expect(JSON.stringify(ran.lines[0])).toContain('disk.img.bmap lies beside the source and is not used by this job');
    expect(existsSync(join(await bench.directory(), 'disk.img.bmap'))).toBe(true);
    expect(readFileSync(disk.backing).subarray(0, SIZE).equals(imageBytes())).toBe(true);
  });
});
