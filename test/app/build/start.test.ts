// `npm start` and `npx platter` as the way to the command line: nothing of their own on stdout, paths from where they
// were called, exit code and signals of the program itself.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../../../build/tools.mjs';
import { canLab, labdisk, seededBytes } from '../../lab/lab.ts';

const npmStart = ['npm', '--prefix', root, 'start', '--silent', '--'];
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platter-start-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts a command in `cwd` as a user's shell does, without the variables that npm has set for this run. */
function start([command = '', ...args]: string[], cwd: string) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD)/.test(name)));
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close') as Promise<[number | null]>;
  const ended = async (): Promise<Ended> => {
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { code, stdout, stderr };
  };
  return { child, ended: ended() };
}

test.each([
  ['npm start', npmStart, () => folder],
  ['npx platter', ['npx', '--no', 'platter'], () => join(root, 'app')],
])("%s prints nothing but the program's output, and ends with its exit code", async (_name, command, cwd) => {
  const { code, stdout, stderr } = await start([...command, 'list', '--json'], cwd()).ended;
  expect(code, stderr).toBe(0);
  expect(Array.isArray(JSON.parse(stdout))).toBe(true);
});

test('npm start resolves paths from where it was called, and ends with 2 when refused', async () => {
  await writeFile(join(folder, 'disk.img'), '');
  const { code, stdout } = await start([...npmStart, 'copy', 'disk.img', 'copy.img', '--json'], folder).ended;
  expect(code).toBe(2);
  expect(stdout).toContain('SOURCE_EMPTY');
});

test.for(['SIGINT', 'SIGTERM'] as const)(
  'npm start stops the copy in order on %s, with exit code 130',
  async (signal, { skip }) => {
    const reason = canLab();
    if (reason !== null) skip(reason);
    await writeFile(join(folder, 'disk.img'), seededBytes(64 * 1024 ** 2, 1));
    await using disk = await labdisk({ size: 64 * 1024 ** 2 });
    await disk.rule('rate w 4M'); // 16 s if nothing stops it
    const { child, ended } = start([...npmStart, 'copy', 'disk.img', disk.device, '--yes', '--json'], folder);
    await disk.waitFor(({ writes }) => writes > 0);
    child.kill(signal);
    const { code, stdout, stderr } = await ended;
    expect(code, stderr).toBe(130);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as unknown;
    expect(last).toMatchObject({ event: 'result', destinations: [{ path: disk.device, state: 'cancelled' }] });
  },
);
