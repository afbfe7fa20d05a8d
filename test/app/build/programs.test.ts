// The programs that set-up builds from app/.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { electron } from '../../../build/setup.mjs';
import { inRoot } from '../../../build/tools.mjs';

// The Electron of a closed network has an older Node than the command line.
test.each([
  'engine/host.js',
  'engine/reader.js',
  'download/fetch.js',
  'cli/platter.js',
  'main/main.js',
  'records/pdf.js',
  'preload.cjs',
])('the Electron that runs here understands the syntax of out/%s', async (program) => {
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  const child = spawn(electron, ['--check', inRoot('out', program)], { env, stdio: ['ignore', 'ignore', 'pipe'] });

  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number]>]);

  expect({ code, said }).toEqual({ code: 0, said: '' });
});
