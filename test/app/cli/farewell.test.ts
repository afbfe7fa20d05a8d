// The command ends even when its engine cannot, for example because a device does not answer the kernel.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { PROTOCOL } from '../../../app/contract/host.ts';
import { isStuck, waitsOf } from '../../../app/client/stuck-process.ts';
import { PLATTER, platter } from './support.ts';
import { ended, mediumError, plan, result } from './views.ts';

let folder = '';
afterEach(() => rm(folder, { recursive: true }));

const pidOfHost = (): number => Number(readFileSync(join(folder, 'pid'), 'utf8'));

/** The command line with a host that answers, and ends this many milliseconds late. */
async function withHost(answers: Record<string, unknown>, events: unknown[], lives: number): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), 'platter-farewell-'));
  await mkdir(join(folder, 'out/engine'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"version":"0","type":"module"}');
  const program = join(folder, 'out/cli/platter.js');
  await cp(dirname(PLATTER), dirname(program), { recursive: true });
  await writeFile(
    join(folder, 'out/engine/host.js'),
    `
    import { writeFileSync } from 'node:fs';
    const send = (value) => {
      const body = Buffer.from(JSON.stringify(value));
      const head = Buffer.alloc(4);
      head.writeUInt32BE(body.length);
      process.stdout.write(Buffer.concat([head, body]));
    };
    send({ event: 'hello', protocol: ${PROTOCOL} });
    const answers = ${JSON.stringify(answers)};
    process.stdin.on('data', (data) => {
      const { id, method } = JSON.parse(data.subarray(4).toString());
      send({ id, ok: true, result: answers[method] });
      if (method === 'start') for (const event of ${JSON.stringify(events)}) send(event);
    });
    process.stdin.on('end', () => setTimeout(() => process.exit(), ${lives}));
    writeFileSync(${JSON.stringify(join(folder, 'pid'))}, String(process.pid));
  `,
  );
  return program;
}

const stalled = result(
  [ended('/tmp/b', 'failed', null, [{ ...mediumError, code: 'STALLED', device: '/tmp/b', destination: 0 }])],
  { writeErr: 1 },
);
const answers = {
  prepare: { ...plan(['/tmp/b']), destinations: [{ ...plan(['/tmp/b']).destinations[0], overwrites: false }] },
  start: {},
};

test('ends with the exit code of the result, and says what stays behind', async () => {
  const program = await withHost(answers, [{ event: 'result', result: stalled }], 120_000);
  const run = await platter(['copy', 'disk.img', '/tmp/b', '--json'], { program });
  process.kill(pidOfHost()); // throws if it were gone
  expect(run.code).toBe(3);
  expect(run.lines.at(-1)).toMatchObject({ event: 'result', destinations: [{ errors: [{ code: 'STALLED' }] }] });
  expect(run.stderr).toBe(
    'platter: a device or a file system still does not answer. ' +
      'The engine that waits for it stays behind, and ends when it answers.\n',
  );
});

test('waits without a word for an engine that ends soon', async () => {
  const program = await withHost(answers, [{ event: 'result', result: stalled }], 500);
  const run = await platter(['copy', 'disk.img', '/tmp/b', '--json'], { program });
  expect(run).toMatchObject({ code: 3, stderr: '' });
});

test('V3 waits without a word for a slow engine when every device answers', async () => {
  const failed = result([ended('/tmp/b', 'failed', null, [{ ...mediumError, device: '/tmp/b', destination: 0 }])], {
    writeErr: 1,
  });
  const program = await withHost(answers, [{ event: 'result', result: failed }], 5000);
  const run = await platter(['copy', 'disk.img', '/tmp/b', '--json'], { program });
  expect(run).toMatchObject({ code: 3, stderr: '' });
  expect(() => process.kill(pidOfHost(), 0)).toThrow('ESRCH');
});

test('V3 takes a process for stuck when a thread waits in the kernel, not when it sleeps', async () => {
  folder = await mkdtemp(join(tmpdir(), 'platter-stuck-'));
  // After vfork(2) the parent waits uninterruptibly until its child ends, as it would for a device.
  const waiting = spawn(
    'python3',
    ['-c', 'import ctypes, os, time\nif ctypes.CDLL(None).vfork() == 0:\n  time.sleep(600)\n  os._exit(0)'],
    { detached: true, stdio: 'ignore' },
  );
  const sleeping = spawn('sleep', ['600'], { stdio: 'ignore' });
  try {
    await expect.poll(() => waitsOf(waiting.pid!).size, { timeout: 60_000 }).toBe(1);
    const before = waitsOf(waiting.pid!);
    expect(isStuck(before, waitsOf(waiting.pid!))).toBe(true);
    expect(isStuck(new Map([...before.keys()].map((thread) => [thread, '0'])), waitsOf(waiting.pid!))).toBe(false);
    expect(waitsOf(sleeping.pid!).size).toBe(0);
  } finally {
    process.kill(-waiting.pid!, 'SIGKILL');
    sleeping.kill();
  }
  await expect.poll(() => waitsOf(waiting.pid!).size, { timeout: 60_000 }).toBe(0);
});
