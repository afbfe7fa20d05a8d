// What one slow destination costs the others: seven destinations of 50 MB/s alone, and beside an eighth of 5 MB/s, in
// turns, on the same devices. Drives the engine itself, to see the moment at which the seven are done.
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

/** Seconds of the seven, round by round. `source` has `bytes`. */
export async function isolation(source: LabDisk, bytes: number, rounds: number): Promise<{ alone: number[]; beside: number[] }> {
  const addon = loadAddon(ADDON);
  const eight: LabDisk[] = [];
  const [alone, beside]: [number[], number[]] = [[], []];
  try {
    while (eight.length < 8) eight.push(await labdisk({ size: bytes }));
    const [slow, ...seven] = eight;
    if (slow === undefined) throw new Error('no slow destination');
    for (const disk of seven) await disk.rule('rate w 50M');
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await othersDone(addon, source, seven));
      await slow.rule('rate w 5M');
      beside.push(await othersDone(addon, source, [...seven, slow], slow));
      process.stderr.write(`1->7: ${(alone.at(-1) ?? 0).toFixed(2)} s, beside a slow one ${(beside.at(-1) ?? 0).toFixed(2)} s\n`);
    }
  } finally {
    for (const disk of eight) await disk.close();
  }
  return { alone, beside };
}
