// What one slow destination costs the others: seven destinations alone and beside an eighth that takes a tenth of
// their speed, in turns, on the same devices. Drives the engine itself, to see the moment at which the seven are done.
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadAddon, type NativeAddon } from '../../app/engine/native.ts';
import { labdisk, type LabDisk } from '../lab/lab.ts';

const ADDON = fileURLToPath(new URL('../../out/native/kcopyd.node', import.meta.url));
const PAGES = 8192;

/** Seconds until every destination but `slow` was written and flushed. */
async function othersDone(addon: NativeAddon, source: LabDisk, destinations: readonly LabDisk[], slow?: LabDisk): Promise<number> {
  const client = addon.createClient({ pages: PAGES });
  const from = addon.openDevice(source.device);
  const to = destinations.map(({ device }) => addon.openDevice(device, { write: true, exclusive: true }));
  const start = performance.now();
  const job = client.submit({ op: 'copy', source: from, destinations: to });
  const isDone = ({ state }: { state: string }, i: number): boolean => destinations[i] === slow || state === 'done';
  while (!job.progress().destinations.every(isDone)) await sleep(1);
  const seconds = (performance.now() - start) / 1000;
  if (slow) await writeFile(slow.ctl, 'clear\n');
  const { readErr, writeErr } = await job.done;
  await client.destroy();
  for (const device of [from, ...to]) device.close();
  if (readErr !== 0 || writeErr !== 0) throw new Error('a copy on healthy devices failed');
  return seconds;
}

/** Seconds of the seven, round by round. `fast` has the source and seven destinations, each of `bytes`. */
export async function isolation(fast: readonly LabDisk[], bytes: number, rounds: number): Promise<{ alone: number[]; beside: number[] }> {
  const [source, ...seven] = fast;
  if (source === undefined) throw new Error('no source');
  const addon = loadAddon(ADDON);
  const slow = await labdisk({ size: bytes });
  const [alone, beside]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await othersDone(addon, source, seven));
      const perSecond = Math.round(bytes / (alone.at(-1) ?? 1) / 10);
      await slow.rule(`rate w ${String(perSecond)}`);
      beside.push(await othersDone(addon, source, [...seven, slow], slow));
    }
  } finally {
    await slow.close();
  }
  return { alone, beside };
}
