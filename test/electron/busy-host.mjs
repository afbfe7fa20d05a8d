#!/usr/bin/env node
// An engine host that has no engine: one job of 32 destinations, and 10,000 samples a minute of it, until it is cancelled.
import { performance } from 'node:perf_hooks';

const GB = 1e9;
const PER_MINUTE = 10_000;
const DESTINATIONS = 32;
const paths = Array.from({ length: DESTINATIONS }, (_, index) => `/dev/busy${index}`);

const disk = (path, index) => ({
  path, majorMinor: `250:${index}`, size: 64 * GB, logicalSector: 512, physicalSector: 512, model: 'Busy Stick', serial: `BUSY${index}0000`, transport: 'usb',
  removable: true, readOnly: false, kind: 'disk', backingFile: null, mountedAt: [], system: false, fileSystem: null, label: null, partitions: [],
  port: { path: `usb1.${index}`, label: `USB bus 1, hub ${1 + (index >> 3)}, port ${1 + (index & 7)}` }, locked: null,
});
const endpoint = (path, index) => ({
  path, realPath: path, kind: 'block', size: 64 * GB, model: 'Busy Stick', serial: `BUSY${index}0000`, majorMinor: `250:${index}`, port: disk(path, index).port,
  logicalSector: 512, contents: [], overwrites: true,
});
const plan = (request) => ({
  kind: 'copy', name: null, source: { ...endpoint('/busy.img', 99), kind: 'file', overwrites: false }, destinations: request.destinations.map(endpoint), bytes: 32 * GB, verify: true,
  io: 'threads', memory: 1 << 20, notes: [], job: null, request,
});

/** Samples of drives that write 31 MB/s each, some a little more. */
function sample(begin, destinations) {
  const seconds = (performance.now() - begin) / 1000;
  return {
    bytes: Math.floor(seconds * 31e6), totalBytes: 32 * GB, seconds, rescue: null,
    destinations: destinations.map((path, index) => {
      const speed = 31e6 + index * 1e5 + Math.floor(1e6 * Math.sin(seconds + index));
      return {
        path, state: index % 4 === 3 ? 'verifying' : 'copying', written: Math.floor(speed * seconds), verified: index % 4 === 3 ? Math.floor(speed * seconds) : 0,
        toWrite: 32 * GB, toVerify: 32 * GB, bytesPerSecond: speed, secondsLeft: (32 * GB) / speed - seconds, paused: false,
      };
    }),
  };
}

function say(message) {
  const text = Buffer.from(JSON.stringify(message));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  process.stdout.write(Buffer.concat([length, text]));
}

let chosen = [];
let timer;
const answers = {
  list: () => paths.map(disk),
  jobs: () => [],
  prepare: (request) => {
    chosen = request.destinations;
    return plan(request);
  },
  start: () => {
    const begin = performance.now();
    let told = 0;
    timer = setInterval(() => {
      for (const due = ((performance.now() - begin) * PER_MINUTE) / 60_000; told < due; told += 1) say({ event: 'progress', progress: sample(begin, chosen) });
    }, 6);
    return {};
  },
  cancel: () => {
    clearInterval(timer);
    return {};
  },
};

let input = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  input = Buffer.concat([input, chunk]);
  while (input.length >= 4 && input.length >= 4 + input.readUInt32BE()) {
    const end = 4 + input.readUInt32BE();
    const { id, method, params } = JSON.parse(input.subarray(4, end).toString());
    input = input.subarray(end);
    say({ id, ok: true, result: answers[method]?.(params) ?? {} });
    if (method === 'cancel' && chosen.length > 0) {
      say({ event: 'result', result: {
        readErr: 0, writeErr: 0, seconds: 1, bytes: 0, cancelled: true, errors: [], manifest: null, rescue: null, notes: [],
        destinations: chosen.map((path) => ({ path, state: 'cancelled', verified: null, written: 0, kept: 0, seconds: 1, errors: [] })),
      } });
    }
  }
});
process.stdin.on('end', () => process.exit(0));
