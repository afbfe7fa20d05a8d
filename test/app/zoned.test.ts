// Disks that have to be written in ascending order (host-managed zones), through the real host, which sees them as that
// in a mount namespace of its own. How a slow one catches up must not change the order.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { canLab, seededBytes, withQueue, type LabEntry } from '../lab/lab.ts';
import { HOST_ARGV, MiB, requestOf, resultOf, Workbench } from './engine-support.ts';

const noLab = canLab();
const SIZE = 24 * MiB;
let bench: Workbench;
beforeEach(() => { bench = new Workbench(); });
afterEach(() => bench.clear());

/**
 * The chunks as they arrived, each once, with how many begin before all of the one before has ended. Within a chunk the
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

it.skipIf(noLab !== null)(`a zoned disk that stalls is left behind and follows, and is written from its start to its end like its neighbours${noLab === null ? '' : ` (${noLab})`}`, async () => {
  const content = seededBytes(SIZE, 1);
  content.fill(0, 9 * MiB, 11 * MiB);
  const image = await bench.path('disk.img');
  await writeFile(image, content);
  const source = await bench.disk({ size: SIZE, file: image });
  const [fast, slow, plain] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE })];
  const zoned = { zoned: 'host-managed' };
  const session = bench.session(withQueue(fast.device, zoned, withQueue(slow.device, zoned, HOST_ARGV)));
  for (const disk of [fast, slow]) await disk.rule('log on');
  await slow.rule('stall w');
  await session.engine.call('prepare', requestOf({ source: source.device, destinations: [fast.device, slow.device, plain.device] }));
  const before = (await source.counters()).bytesRead;
  await session.engine.call('start', {});
  await fast.waitFor(({ flushes, bytesWritten, bytesZeroed }) => flushes > 0 && bytesWritten + bytesZeroed >= SIZE);
  await slow.rule('clear');
  const result = await resultOf(session);
  expect(result.destinations).toMatchObject([{ state: 'done', verified: true }, { state: 'done', verified: true }, { state: 'done', verified: true }]);
  for (const disk of [fast, slow, plain]) expect(readFileSync(disk.backing).equals(content)).toBe(true);
  // It did catch up, by reading again what the others had already.
  expect((await source.counters()).bytesRead - before).toBeGreaterThan(SIZE + 4 * MiB);
  const inOrder = { chunks: Array.from({ length: SIZE / MiB }, (_, chunk) => chunk), tooEarly: 0 };
  expect(arrivals(await fast.log())).toEqual(inOrder);
  expect(arrivals(await slow.log())).toEqual(inOrder);
});
