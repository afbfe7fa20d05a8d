// A packed source in a format that does not store the size of the image is decoded once before the job. Progress is
// reported, a cancel ends it at once, and a decoder ends with its host.
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
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
});
