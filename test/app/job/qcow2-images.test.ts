// Images that are written as qcow2, judged by QEMU's tools and read again by our decoder.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { plainImageFormat } from '../../../app/contract/request-facts.ts';
import { packableBytes, seededBytes } from '../../lab/lab.ts';
import { bmapOf } from '../parsers/bmap-files.ts';
import { lacks } from '../parsers/source-files.ts';
import { oldDisk, retriedWithRoom, skip as noJobs } from './packed-files.ts';
import { head, interrupted, killedCopy, MiB, oneBench, refused, resume } from './support.ts';

const skip = noJobs ?? lacks('qemu-img');
const KiB = 1024;
const bench = oneBench();

/** A disk of `size` bytes with a boot sector, text, zeros, and bytes that cannot be packed in it. */
async function image(size: number): Promise<string> {
  const path = await bench.path('disk.img');
  const bytes = packableBytes(size, 3);
  bytes.fill(0, Math.floor(size / 4), Math.floor(size / 3));
  seededBytes(Math.floor(size / 4), 5).copy(bytes, Math.floor(size / 3));
  bytes.fill(0xff, Math.floor(size / 3) * 2, Math.floor(size / 4) * 3);
  bytes.writeUInt16LE(0xaa55, 510);
  await writeFile(path, bytes);
  return path;
}

const qemu = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });

interface Info {
  'virtual-size': number;
  'cluster-size': number;
  'format-specific': { data: { 'compression-type': string; corrupt: boolean } };
}

const infoOf = (path: string): Info => JSON.parse(qemu('info', '-f', 'qcow2', '--output=json', path)) as Info;

interface Check {
  'check-errors': number;
  leaks?: number;
  corruptions?: number;
  'allocated-clusters'?: number;
  'compressed-clusters'?: number;
}

/** Throws unless QEMU finds neither errors nor leaks in `path`, and the same bytes as in `raw`. */
function judge(path: string, raw: string): Check {
  const check = JSON.parse(qemu('check', '-f', 'qcow2', '--output=json', path)) as Check;
  expect([check['check-errors'], check.leaks ?? 0, check.corruptions ?? 0]).toEqual([0, 0, 0]);
  qemu('compare', '-f', 'raw', '-F', 'qcow2', raw, path);
  return check;
}

describe.skipIf(skip !== null)(`an image that is written as qcow2${skip === null ? '' : ` (${skip})`}`, () => {
  it('is a clean image with the bytes of the source to QEMU, beside a disk of the same job', async () => {
    const size = 12 * MiB + 1536;
    const source = await image(size);
    const target = await bench.path('vm.qcow2');
    const disk = await oldDisk(bench, 16 * MiB);

    const result = await bench.session().run({ source, destinations: [target, disk.device] });

    expect(result.destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'done', verified: true },
    ]);
    const check = judge(target, source);
    expect(check['compressed-clusters']).toBeGreaterThan(10);
    expect(check['allocated-clusters']! - check['compressed-clusters']!).toBeGreaterThan(10);
    expect(infoOf(target)).toMatchObject({
      'virtual-size': size,
      'cluster-size': 256 * KiB,
      'format-specific': { data: { 'compression-type': 'zstd', corrupt: false } },
    });
    expect(statSync(target).size).toBeLessThan(size * 0.7);
    execFileSync('cmp', ['--bytes', String(size), source, disk.backing]);
  });

  it('is a source for the next copy', async () => {
    const source = await image(12 * MiB);
    const target = await bench.path('vm.qcow2');
    await bench.session().run({ source, destinations: [target] });
    const disk = await oldDisk(bench, 12 * MiB);

    const result = await bench.session().run({ source: target, destinations: [disk.device] });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    execFileSync('cmp', [source, disk.backing]);
  });

  it('has clusters as long as the memory of the job allows, and as many tables as it needs', async () => {
    // A table of the second level covers 512 MiB here.
    const source = await bench.path('disk.img');
    const file = await open(source, 'w');
    const places = [0, 511 * MiB, 513 * MiB, 1100 * MiB - 512];
    for (const place of places) await file.write(packableBytes(512, place / 512), 0, 512, place);
    await file.close();
    const target = await bench.path('vm.qcow2');

    const result = await bench.session().run({ source, destinations: [target], memory: 64 * KiB });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    expect(judge(target, source)).toMatchObject({ 'allocated-clusters': 4, 'compressed-clusters': 4 });
    expect(infoOf(target)['cluster-size']).toBe(64 * KiB);
    expect(statSync(target).size).toBeLessThan(MiB);
  });

  it('has no cluster for zeros, for a disk of nothing else either', async () => {
    const source = await bench.path('disk.img');
    await writeFile(source, Buffer.alloc(3 * MiB));
    const target = await bench.path('vm.img');

    const imageFormat = { ...plainImageFormat, format: 'qcow2', level: 1 } as const;
    const result = await bench
      .session()
      .run({ source, destinations: [target], imageFormat, sparse: false, asIs: true });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    expect(judge(target, source)).not.toHaveProperty('allocated-clusters');
  });

  it('has no cluster where a block map leaves bytes out', async () => {
    const source = await image(12 * MiB);
    const target = await bench.path('vm.qcow2');
    const bmap = await bench.path('disk.bmap');
    await writeFile(bmap, bmapOf(readFileSync(source), [[256, 511]]));

    const result = await bench.session().run({ source, destinations: [target], bmap: { path: bmap, sha256: null } });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    const expected = await bench.path('expected.img');
    const bytes = Buffer.alloc(12 * MiB);
    readFileSync(source).copy(bytes, MiB, MiB, 2 * MiB);
    await writeFile(expected, bytes);
    expect(judge(target, expected)).toMatchObject({ 'allocated-clusters': 4 });
  });

  it('is completed by a retry after its file system was full', async () => {
    const source = await bench.image('disk.img', 12 * MiB);

    const { image: target, result } = await retriedWithRoom(bench, '5M', 'vm.qcow2', { source });

    expect(result.destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'done', verified: true },
    ]);
    judge(target, source);
  });

  it('is no qcow2 while it is incomplete, and is left out when its job is continued', async () => {
    const source = await image(12 * MiB);
    const target = await bench.path('vm.qcow2');
    const disk = await oldDisk(bench, 12 * MiB);
    await disk.rule('stall w 8M 1M');
    await killedCopy(bench, disk, { source, destinations: [target, disk.device], memory: 8 * MiB });

    const next = bench.session();
    const [job] = await interrupted(next);
    const result = await resume(next, job!.id);

    expect(existsSync(target)).toBe(false);
    expect(head(`${target}.part`, 4)).toEqual(Buffer.alloc(4));
    expect(result.destinations).toMatchObject([{ path: disk.device, state: 'done', verified: true }]);
    execFileSync('cmp', [source, disk.backing]);
  });

  it('is refused for a source that ends within a sector, and nothing is written', async () => {
    const source = await image(2 * MiB + 100);
    const target = await bench.path('vm.qcow2');

    const errors = await refused(bench.session().run({ source, destinations: [target] }));

    expect(errors).toMatchObject([
      { code: 'BAD_ARGUMENT', device: target, reason: { kind: 'wholeSectors', bytes: '2097252', over: '100' } },
    ]);
    expect(existsSync(target) || existsSync(`${target}.part`)).toBe(false);
  });
});
