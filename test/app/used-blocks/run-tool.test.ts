// How the programs that know file systems are run, and what becomes of those that they leave behind.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runTool, type ToolEnd } from '../../../app/engine/used-blocks/run-tool.ts';
import { lacks } from '../parsers/source-files.ts';

/** Runs a shell script as a tool. Resolves to its output, too. */
async function ran(script: string, signal: AbortSignal | null = null): Promise<{ end: ToolEnd; printed: string }> {
  const parts: Buffer[] = [];
  const end = await runTool('sh', ['-c', script], null, (bytes) => parts.push(bytes) > 0, signal);
  return { end, printed: Buffer.concat(parts).toString() };
}

async function gone(pid: string): Promise<boolean> {
  while (existsSync(`/proc/${pid}`)) await sleep(20);
  return true;
}

const cannot = lacks('setpriv');

test.skipIf(cannot !== null)('a program that a tool leaves behind with its pipes is ended with it', async () => {
  const { end, printed } = await ran('sleep 600 & echo $!');

  expect(end).toEqual({ kind: 'done' });
  expect(await gone(printed.trim())).toBe(true);
});

test.skipIf(cannot !== null)('a cancelled tool is ended with what it has started', async () => {
  const stop = new AbortController();
  let pid = '';

  const end = await runTool(
    'sh',
    ['-c', 'sleep 600 & echo $!; wait'],
    null,
    (bytes) => {
      pid += bytes.toString();
      stop.abort();
      return true;
    },
    stop.signal,
  );

  expect(end).toMatchObject({ kind: 'failed' });
  expect(await gone(pid.trim())).toBe(true);
});

test.skipIf(cannot !== null)('nobody waits for pipes that a program outside the group holds', async () => {
  const { end, printed } = await ran('setsid sleep 60 & echo $!; sleep 1');

  // As another session it is not ended: nobody but itself can be asked.
  process.kill(Number(printed), 'SIGKILL');
  expect(end).toMatchObject({ kind: 'failed', said: 'it left a program behind that holds its output' });
});
