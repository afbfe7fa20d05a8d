#!/usr/bin/env node
// An engine host that has no engine: one job of 32 destinations, and PLATTER_TEST_RATE samples a minute of it, until it
// is cancelled.
import { performance } from 'node:perf_hooks';
import type { Disk } from '../../../app/contract/disks.ts';
import { PROTOCOL, type HostMethod, type HostRequest } from '../../../app/contract/host.ts';
import type { DestinationProgress, Endpoint, JobProgress, JobResult, Plan } from '../../../app/contract/jobs.ts';
import { destinationsOf } from '../../../app/contract/request-facts.ts';
import type { JobRequest } from '../../../app/contract/request.ts';
import { encodeFrame, FrameDecoder } from '../../../app/client/frames.ts';
import { disk, endpoint, imageEndpoint, plan, result, usbPort } from '../../renderer/support/fixtures.ts';

const GB = 1e9;
const PER_MINUTE = Number(process.env.PLATTER_TEST_RATE);
const DESTINATIONS = 32;

const disks: Disk[] = Array.from({ length: DESTINATIONS }, (_, index) =>
  disk(`/dev/busy${index}`, {
    majorMinor: `250:${index}`,
    diskSequence: null,
    model: 'Busy Stick',
    serial: `BUSY${index}0000`,
    port: usbPort(1 + (index >> 3), 1 + (index & 7)),
  }),
);

function planOf(request: JobRequest): Plan {
  const named = destinationsOf(request).map(({ path }) => path);
  const ends: Endpoint[] = disks.filter(({ path }) => named.includes(path)).map((each) => endpoint(each));
  return plan(ends, { source: imageEndpoint('/busy.img', 32 * GB), bytes: 32 * GB, job: null, io: 'threads', request });
}

/** A sample: each drive writes at 31 MB/s, and every fourth is read back. */
function sample(begin: number, { destinations, bytes }: Plan): JobProgress {
  const seconds = (performance.now() - begin) / 1000;
  const each = destinations.map(({ path }, index): DestinationProgress => {
    const speed = 31e6 + index * 1e5 + Math.floor(1e6 * Math.sin(seconds + index));
    const verifying = index % 4 === 3;
    const done = Math.floor(speed * seconds);
    return {
      path,
      state: verifying ? 'verifying' : 'copying',
      written: verifying ? bytes : done,
      verified: verifying ? done : 0,
      uncompared: 0,
      toWrite: bytes,
      toVerify: bytes,
      bytesPerSecond: speed,
      secondsLeft: bytes / speed - seconds,
      paused: false,
    };
  });
  return { bytes: Math.floor(seconds * 31e6), totalBytes: bytes, seconds, rescue: null, destinations: each };
}

const cancelled = (of: Plan): JobResult =>
  result(
    of,
    of.destinations.map(({ path }) => ({
      path,
      state: 'cancelled',
      verified: null,
      uncompared: 0,
      written: 0,
      kept: 0,
      seconds: 1,
      errors: [],
    })),
    { cancelled: true },
  );

const say = (message: object): boolean => process.stdout.write(encodeFrame(message));

let prepared: Plan | null = null;
let timer: NodeJS.Timeout | undefined;

function start(of: Plan): void {
  const begin = performance.now();
  let told = 0;
  timer = setInterval(() => {
    for (const due = ((performance.now() - begin) * PER_MINUTE) / 60_000; told < due; told += 1)
      say({ event: 'progress', progress: sample(begin, of) });
  }, 6);
}

/** The answer to each call, and none to other calls. */
const answers: Partial<Record<HostMethod, (params: never) => unknown>> = {
  list: () => disks,
  jobs: () => [],
  prepare: (request: JobRequest) => (prepared = planOf(request)),
};

say({ event: 'hello', protocol: PROTOCOL });
const decoder = new FrameDecoder();
process.stdin.on('data', (chunk: Buffer) => {
  for (const frame of decoder.push(chunk)) {
    const { id, method, params } = frame as HostRequest;
    const running = timer !== undefined;
    say({ id, ok: true, result: answers[method]?.(params as never) ?? {} });
    if (method === 'start' && prepared !== null) start(prepared);
    if (method !== 'cancel' || !running || prepared === null) continue;
    clearInterval(timer);
    timer = undefined;
    say({ event: 'result', result: cancelled(prepared) });
  }
});
process.stdin.on('end', () => process.exit(0));
