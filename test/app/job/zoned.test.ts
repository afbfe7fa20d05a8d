// Disks that have to be written in ascending order (host-managed zones), through the real host. Its mount namespace
// shows them as such. A slow one has to keep the order when it catches up.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, it } from 'vitest';
import type { HostEvent } from '../../../app/contract/host.ts';
import type { JobResult } from '../../../app/contract/jobs.ts';
import { LocalEngine } from '../../../app/engine/engine.ts';
import { loadAddon, type NativeAddon, type NativeDevice } from '../../../app/engine/native/addon.ts';
import { canLab, seededBytes, withQueue, type LabDisk, type LabEntry } from '../../lab/lab.ts';
import { HOST_ARGV, MiB, refused, requestOf, resultOf, oneBench } from './support.ts';

const addon = loadAddon(fileURLToPath(new URL('../../../out/native/kcopyd.node', import.meta.url)));
const noLab = canLab();
const SIZE = 24 * MiB;
const bench = oneBench();
beforeEach(() => bench.holdState());

/**
 * The chunks in order of arrival, each once, and how many begin before the previous one has ended. Within a chunk the
 * loop device may split and reorder; a zoned disk's own queue does not.
 */
function arrivals(log: readonly LabEntry[]): { chunks: number[]; tooEarly: number } {
  const chunks: number[] = [];
  let [tooEarly, ended, ending] = [0, 0, 0];
  for (const { op, offset, begin, end } of log) {
    if (op !== 'write' && op !== 'zero') continue;
    const chunk = Math.floor(offset / MiB);
    if (chunks.at(-1) !== chunk) {
      chunks.push(chunk);
      ended = ending;
    }
    if (begin < ended) tooEarly += 1;
    ending = Math.max(ending, end);
  }
  return { chunks, tooEarly };
}

it.skipIf(noLab !== null)(
  `leaves behind a zoned disk that stalls, and writes it in ascending order${noLab === null ? '' : ` (${noLab})`}`,
  async () => {
    const content = seededBytes(SIZE, 1);
    content.fill(0, 9 * MiB, 11 * MiB);
    const image = await bench.path('disk.img');
    await writeFile(image, content);
    const source = await bench.disk({ size: SIZE, file: image });
    const [fast, slow, plain] = [
      await bench.disk({ size: SIZE }),
      await bench.disk({ size: SIZE }),
      await bench.disk({ size: SIZE }),
    ];
    const zoned = { zoned: 'host-managed' };
    const session = bench.session(withQueue(fast.device, zoned, withQueue(slow.device, zoned, HOST_ARGV)));
    for (const disk of [fast, slow]) await disk.rule('log on');
    await slow.rule('stall w');
    await session.engine.call(
      'prepare',
      requestOf({ source: source.device, destinations: [fast.device, slow.device, plain.device] }),
    );
    const before = (await source.counters()).bytesRead;
    await session.engine.call('start', {});
    await fast.waitFor(({ flushes, bytesWritten, bytesZeroed }) => flushes > 0 && bytesWritten + bytesZeroed >= SIZE);
    await slow.rule('clear');
    const result = await resultOf(session);
    expect(result.destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'done', verified: true },
      { state: 'done', verified: true },
    ]);
    for (const disk of [fast, slow, plain]) expect(readFileSync(disk.backing).equals(content)).toBe(true);
    // It caught up by reading again what the others already had.
    expect((await source.counters()).bytesRead - before).toBeGreaterThan(SIZE + 4 * MiB);
    const inOrder = { chunks: Array.from({ length: SIZE / MiB }, (_, chunk) => chunk), tooEarly: 0 };
    expect(arrivals(await fast.log())).toEqual(inOrder);
    expect(arrivals(await slow.log())).toEqual(inOrder);
  },
);

/**
 * An engine in this process that takes `disk` for zoned. `resets` lists the calls and the bytes written before each.
 */
function zonedEngine(disk: LabDisk): {
  engine: LocalEngine;
  resets: { bytes: number; written: number }[];
  result: () => JobResult | undefined;
} {
  const resets: { bytes: number; written: number }[] = [];
  const events: HostEvent[] = [];
  const zoned: NativeAddon = {
    ...addon,
    openDevice: async (path, options) => {
      const device = await addon.openDevice(path, options);
      if (path !== disk.device) return device;
      const info = device.info();
      const resetZones: NativeDevice['resetZones'] = async (bytes) => {
        resets.push({ bytes, written: (await disk.counters()).bytesWritten });
        return true;
      };
      return Object.defineProperties(device, {
        info: { value: () => ({ ...info, zoned: true }) },
        resetZones: { value: resetZones },
      });
    },
  };
  const engine = new LocalEngine(
    () => zoned,
    (event) => events.push(event),
    () => undefined,
    (error) => {
      throw error;
    },
  );
  bench.finally(() => engine.stop());
  return {
    engine,
    resets,
    result: () => events.flatMap((event) => (event.event === 'result' ? [event.result] : []))[0],
  };
}

// Resetting zones needs a zoned disk, which a loop device is not. On others it changes nothing.
it.skipIf(noLab !== null)('V1 resets no zones of a device without zones', async () => {
  const device = await addon.openDevice((await bench.disk({ size: MiB })).device, { write: true, exclusive: true });
  expect(await device.resetZones(MiB)).toBe(false);
  device.close();
});

it.skipIf(noLab !== null)('refuses a rescue onto a zoned disk before anything is written', async () => {
  const disk = await bench.disk({ size: SIZE });
  const { engine } = zonedEngine(disk);
  const request = requestOf({
    source: await bench.image('disk.img', SIZE),
    destinations: [disk.device],
    rescue: { retries: 0, map: null },
  });
  expect(await refused(engine.prepare(request))).toMatchObject([
    {
      code: 'BAD_ARGUMENT',
      device: disk.device,
      reason: { kind: 'rescueOnZoned' },
      remedy: { kind: 'rescueIntoImage' },
    },
  ]);
  expect((await disk.counters()).bytesWritten).toBe(0);
});

it.skipIf(noLab !== null).each([
  ['V1 resets the zones that a copy overwrites before it writes anything', { update: false }],
  [
    'V2 updates a zoned disk that differs by resetting its zones and writing all of it in ascending order',
    { update: true },
  ],
])('%s', async (_, request) => {
  const source = await bench.image('disk.img', 8 * MiB);
  const disk = await bench.disk({ size: 16 * MiB });
  await disk.rule('log on w');
  const { engine, resets, result } = zonedEngine(disk);
  await engine.prepare(requestOf({ source, destinations: [disk.device], ...request }));
  await engine.start();
  await expect
    .poll(result, { timeout: 60_000 })
    .toMatchObject({ destinations: [{ state: 'done', verified: true, errors: [] }] });
  expect(resets).toEqual([{ bytes: 8 * MiB, written: 0 }]);
  expect(arrivals(await disk.log())).toEqual({ chunks: Array.from({ length: 8 }, (__, chunk) => chunk), tooEarly: 0 });
  expect(
    readFileSync(disk.backing)
      .subarray(0, 8 * MiB)
      .equals(seededBytes(8 * MiB, 1)),
  ).toBe(true);
});
