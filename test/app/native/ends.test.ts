// The addon does not crash, and nothing waits for the copy, when its environment ends or drops a running job.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const addon = fileURLToPath(new URL('../../../out/native/kcopyd.node', import.meta.url));

// Two minutes of copying on each backend. No test waits for it.
const START = `
  const addon = require(${JSON.stringify(addon)});
  const folder = process.env.ENDS_FOLDER;
  const start = async (io) => {
    const source = await addon.openDevice(folder + '/source', {});
    const destination = await addon.openDevice(folder + '/' + io, { write: true, create: true, grow: true });
    const client = addon.createClient({ pages: 512, io, chunkSize: 65536 });
    return client.submit({ op: 'copy', source, destinations: [destination], bytesPerSecond: 65536 });
  };
`;

/** Runs a program in a Node of its own, so that a crash does not end the test runner. */
async function run(program: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'platter-ends-'));
  try {
    await writeFile(join(folder, 'source'), Buffer.alloc(8 * 1024 ** 2, 7));
    return (
      await promisify(execFile)(process.execPath, ['--expose-gc', '--eval', START + program], {
        timeout: 300_000,
        env: { ...process.env, ENDS_FOLDER: folder },
      })
    ).stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('ends the jobs of a JavaScript thread that ends', async () => {
  expect(
    await run(`
      const { Worker } = require('node:worker_threads');
      const code = ${JSON.stringify(`${START}
        addon.watchUevents(() => {});
        const { parentPort } = require('node:worker_threads');
        parentPort.on('message', () => process.exit(0));
        Promise.all(['auto', 'threads'].map(start)).then((jobs) => {
          globalThis.jobs = jobs;
          parentPort.postMessage('runs');
        });
      `)};
      (async () => {
        const terminate = (worker) => worker.terminate();
        const exit = (worker) => new Promise((resolve) => {
          worker.once('exit', resolve);
          worker.postMessage('end');
        });
        for (const end of [terminate, exit]) {
          const worker = new Worker(code, { eval: true });
          await new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject); });
          await end(worker);
        }
        console.log('ended');
      })();
    `),
  ).toBe('ended\n');
});

test('does not block the garbage collector on a client that was dropped while its job runs', async () => {
  expect(
    await run(`
      (async () => {
        const jobs = await Promise.all(['auto', 'threads'].map(start));
        for (let round = 0; round < 3; round++) {
          await new Promise((resolve) => setImmediate(resolve));
          gc();
        }
        for (const job of jobs) job.cancel();
        for (const job of jobs) console.log((await job.done).writeErr);
      })();
    `),
  ).toBe('1\n1\n');
});
