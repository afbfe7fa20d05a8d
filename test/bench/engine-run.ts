// One run of the engine in its own process: `node engine-run.ts TASK`, where TASK is an EngineTask in JSON. Prints one
// line of JSON, an EngineReport. Opening and closing count as start-up. The clock runs from submitting to the end.
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelSeconds } from './processors.ts';
import {
  loadAddon,
  type NativeAddon,
  type NativeClient,
  type NativeDevice,
  type NativeJob,
  type NativeJobRequest,
} from '../../app/engine/native/addon.ts';

/** The task. Devices are paths. */
export interface EngineTask {
  addon: string;
  op: 'copy' | 'compare' | 'update';
  source: string;
  destinations: readonly string[];
  bytes: number;
  io: 'uring' | 'threads';
  pages: number;
  verify?: boolean;
  sparse?: boolean;
  hash?: boolean;
  slow?: number;
}

/** The result. */
export interface EngineReport {
  seconds: number;
  /** Processor time of this process in that time, in seconds. */
  cpu: number;
  /**
   * Seconds of the kernel's work in that time, divided by the number of processors: the least time for these devices.
   */
  kernel: number;
  /** Bytes written to all destinations together, without those that were only zeroed or already there. */
  written: number;
}

interface Devices {
  source: NativeDevice;
  destinations: NativeDevice[];
}

async function ended(job: NativeJob): Promise<void> {
  const { readErr, writeErr } = await job.done;
  if (readErr !== 0 || writeErr !== 0)
    throw new Error(`a job on healthy devices failed: ${JSON.stringify(job.errors(0).slice(0, 3))}`);
}

/**
 * Waits until every destination except the slow one is done, then gives that one up. Polls seldom while much is left
 * and every millisecond at the end, because polling takes processor time from the timed copy.
 */
async function othersEnded(job: NativeJob, slow: number, bytes: number, stop: () => void): Promise<void> {
  const start = performance.now();
  for (;;) {
    const others = job.progress().destinations.filter((_, i) => i !== slow);
    if (others.every(({ state }) => state === 'done')) break;
    const done = Math.min(...others.map(({ written }) => written)) / bytes;
    const elapsed = performance.now() - start;
    const left = done === 0 ? 0 : elapsed * (1 / done - 1);
    await sleep(Math.max(1, Math.min(left, elapsed) / 4)); // early estimates are inaccurate
  }
  stop();
  job.cancel();
  await job.done;
}

/** The chunks that differ, as one bitmap for each destination: a comparison's list of errors. */
function differing(job: NativeJob, destinations: number, bytes: number): Uint8Array[] {
  const bitmaps = Array.from({ length: destinations }, () => new Uint8Array(Math.ceil(bytes / job.chunkSize / 8)));
  for (let first = 0; ;) {
    const errors = job.errors(first);
    if (errors.length === 0) return bitmaps;
    first += errors.length;
    for (const { destination, offset, length, cause } of errors) {
      const bitmap = bitmaps[destination];
      if (cause !== 'mismatch' || bitmap === undefined)
        throw new Error(`comparing failed: ${cause} at ${String(offset)}`);
      for (let chunk = Math.floor(offset / job.chunkSize); chunk * job.chunkSize < offset + length; chunk += 1) {
        bitmap[chunk >> 3]! |= 1 << (chunk & 7);
      }
    }
  }
}

/** Does what `--update` does: compares, writes what differs, and reads that back. */
async function update(client: NativeClient, request: NativeJobRequest, bytes: number): Promise<NativeJob> {
  const comparison = client.submit({ ...request, op: 'compare' });
  await comparison.done;
  const todo = differing(comparison, request.destinations.length, bytes);
  const copy = client.submit({ ...request, op: 'copy', todo, check: todo, verify: true });
  await ended(copy);
  return copy;
}

async function work(client: NativeClient, task: EngineTask, devices: Devices, stop: () => void): Promise<number> {
  const { op, bytes, verify = false, sparse = false, hash = false, slow } = task;
  const request: NativeJobRequest = { op: 'copy', ...devices, offset: 0, length: bytes, verify, sparse, hash };
  let job: NativeJob;
  if (op === 'update') {
    job = await update(client, request, bytes);
  } else {
    job = client.submit({ ...request, op });
    await (slow === undefined ? ended(job) : othersEnded(job, slow, bytes, stop));
  }
  stop();
  return job.progress().destinations.reduce((sum, { written, zeroed }) => sum + written - zeroed, 0);
}

async function main(task: EngineTask): Promise<EngineReport> {
  const addon: NativeAddon = loadAddon(task.addon);
  const client = addon.createClient({ pages: task.pages, io: task.io });
  const writes = task.op !== 'compare';
  const source = await addon.openDevice(task.source);
  const destinations = await Promise.all(
    task.destinations.map((path) => addon.openDevice(path, { write: writes, exclusive: writes })),
  );
  const report: EngineReport = { seconds: Number.NaN, cpu: Number.NaN, kernel: Number.NaN, written: 0 };
  const kernelBefore = kernelSeconds();
  const before = process.cpuUsage();
  const start = performance.now();
  const stop = (): void => {
    if (!Number.isNaN(report.seconds)) return;
    report.seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(before);
    report.cpu = (user + system) / 1e6;
    report.kernel = kernelSeconds() - kernelBefore;
  };
  report.written = await work(client, task, { source, destinations }, stop);
  await client.destroy();
  for (const device of [source, ...destinations]) device.close();
  return report;
}

process.stdout.write(`${JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as EngineTask))}\n`);
