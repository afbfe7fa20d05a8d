// A packed source in a format that does not store the size of the image is decoded once before the job. Progress is
// reported, a cancel ends it at once, and a decoder ends with its host.
import { readdirSync, readFileSync, readlinkSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../app/contract/host.ts';
import { seededBytes, type LabDisk } from '../../lab/lab.ts';
import { skip } from './packed-files.ts';
import { MiB, oneBench, refused, requestOf, type Session } from './support.ts';

const SIZE = 32 * MiB;
const bench = oneBench();

/** A gzip file of 32 MiB that takes about 16 seconds to read. */
async function slowFile(): Promise<LabDisk> {
  const packed = gzipSync(seededBytes(SIZE - MiB, 3), { level: 1 });
  const path = await bench.path('disk.img.gz');
  writeFileSync(path, Buffer.concat([packed, Buffer.alloc(SIZE - packed.length)]));
  const file = await bench.disk({ size: SIZE, file: path, loop: false });
  await file.rule('rate r 2M');
  return file;
}

/** Decoders that read this file. */
const decodersOf = (path: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/u.test(pid) &&
        readlinkSync(`/proc/${pid}/exe`).endsWith('platter-unpack') &&
        readlinkSync(`/proc/${pid}/fd/0`) === path
      );
    } catch {
      return false; // it has ended
    }
  });

/** Prepares a copy of `file`, and waits until its decoder reads. */
async function preparing(file: LabDisk): Promise<{ session: Session; told: Reading[]; plan: Promise<unknown> }> {
  const session = bench.session();
  const told: Reading[] = [];
  session.engine.onWaiting((_, reading) => reading !== null && told.push(reading));
  const request = requestOf({ source: file.device, destinations: [await bench.path('copy.img')] });
  const plan = session.engine.call('prepare', request);
  void plan.catch(() => undefined);
  while (told.length === 0) await sleep(20);
  expect(decodersOf(file.device)).toHaveLength(1);
  return { session, told, plan };
}

describe.skipIf(skip !== null)(`finding the size of an image${skip === null ? '' : ` (${skip})`}`, () => {
  it('tells how far the file was read', async () => {
    const file = await slowFile();
    const { told, plan } = await preparing(file);
    while (told.at(-1)!.done === 0) await sleep(20);

    await file.rule('clear');

    expect(await plan).toMatchObject({ bytes: SIZE - MiB });
    expect(told[0]).toMatchObject({ why: 'size', of: SIZE });
    expect(told.every(({ done }, index) => done <= SIZE && done >= (told[index - 1]?.done ?? 0))).toBe(true);
  });

  it('is given up at once by a cancel, with its decoder', async () => {
    const file = await slowFile();
    const { session, told, plan } = await preparing(file);

    await session.engine.call('cancel', {});

    expect(await refused(plan)).toMatchObject([{ code: 'CANCELLED' }]);
    expect(told.at(-1)!.done).toBeLessThan(SIZE / 2);
    while (decodersOf(file.device).length > 0) await sleep(20);
    expect((await file.counters()).bytesRead).toBeLessThan(SIZE);
  });

  it('ends with the host', async () => {
    const file = await slowFile();
    const { session } = await preparing(file);

    await session.kill();

    while (decodersOf(file.device).length > 0) await sleep(20);
    expect((await file.counters()).bytesRead).toBeLessThan(SIZE);
  });

  it('is given up when the job starts with a check of the file', async () => {
    const file = await slowFile();
    await file.rule('clear');
    const session = bench.session();
    const copy = await bench.image('copy.img', SIZE - MiB, 3);
    await session.engine.call('prepare', requestOf({ kind: 'verify', source: file.device, destinations: [copy] }));
    await file.rule('rate r 2M');
    const told: Reading[] = [];
    session.engine.onWaiting((_, reading) => reading !== null && told.push(reading));
    const started = session.engine.call('start', {});
    void started.catch(() => undefined);
    while (told.length === 0) await sleep(20);

    await session.engine.call('cancel', {});

    expect(await refused(started)).toMatchObject([{ code: 'CANCELLED' }]);
    expect(told.at(-1)).toMatchObject({ why: 'check', of: SIZE });
    while (decodersOf(file.device).length > 0) await sleep(20);
    expect(
      await session.run({ kind: 'verify', source: copy, destinations: [await bench.image('same.img', SIZE - MiB, 3)] }),
    ).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
  });

  describe('a second time', () => {
    /** A gzip file of an image, on a file system that keeps ctime. */
    async function fileOf(image: Buffer): Promise<string> {
      const path = await bench.path('disk.img.gz');
      writeFileSync(path, gzipSync(image, { level: 0 }));
      return path;
    }

    /** The size of the image in `source`, in bytes, as a job finds it. */
    async function sizeOf(source: string): Promise<unknown> {
      const request = requestOf({ source, destinations: [await bench.path('copy.img')] });
      return (await bench.session().engine.call('prepare', request)).bytes;
    }

    const kept = (): string => join(bench.state, 'image-sizes.json');

    /** Puts another size into what was kept, so that a size from there can be told from one that was found. */
    function falsify(bytes: number, to: number): void {
      const text = readFileSync(kept(), 'utf8');
      expect(text).toContain(String(bytes));
      writeFileSync(kept(), text.replace(String(bytes), String(to)));
    }

    it('is not necessary for a file that has not changed', async () => {
      const file = await fileOf(seededBytes(3 * MiB, 4));
      expect(await sizeOf(file)).toBe(3 * MiB);

      falsify(3 * MiB, MiB);

      expect(await sizeOf(file)).toBe(MiB);
    });

    it('is necessary for a file of the same length and time with another content', async () => {
      const file = await fileOf(Buffer.alloc(3 * MiB, 1));
      await sizeOf(file);
      falsify(3 * MiB, MiB);
      const { atime, mtime, size } = statSync(file);
      const other = gzipSync(Buffer.alloc(2 * MiB, 1), { level: 0 });

      writeFileSync(file, Buffer.concat([other, Buffer.alloc(size - other.length)]));
      utimesSync(file, atime, mtime);

      expect(await sizeOf(file)).toBe(2 * MiB);
    });

    it('is necessary when what was kept is damaged', async () => {
      const file = await fileOf(seededBytes(3 * MiB, 4));
      await sizeOf(file);
      falsify(3 * MiB, MiB);
      writeFileSync(kept(), readFileSync(kept(), 'utf8').slice(0, -2));

      expect(await sizeOf(file)).toBe(3 * MiB);
    });

    it('is necessary after a job that found another size, which fails', async () => {
      const file = await fileOf(seededBytes(3 * MiB, 4));
      await sizeOf(file);
      const disk = await bench.disk({ size: 4 * MiB });
      falsify(3 * MiB, 2 * MiB);

      const result = await bench.session().run({ source: file, destinations: [disk.device] });

      expect(result).toMatchObject({ destinations: [{ state: 'failed', verified: null }] });
      expect(result.errors).toMatchObject([{ code: 'BAD_IMAGE' }]);
      expect(readFileSync(disk.backing).subarray(0, MiB).equals(Buffer.alloc(MiB))).toBe(true);
      expect(await sizeOf(file)).toBe(3 * MiB);
    });
  });
});
