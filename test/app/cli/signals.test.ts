// A job that is stopped by a signal, by a reader that goes away or by the end of the engine leaves its devices in
// order.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab, type LabDisk } from '../../lab/lab.ts';
import { expectJobLines } from './shapes.ts';
import { Bench, errorsOf, MiB, platter, resultOf, start, type Running } from './support.ts';

const SIZE = 32 * MiB;

const bench = new Bench();
afterEach(() => bench.clear());

/** A copy to a disk that is slow enough to disturb it. It is running on return. */
async function slowCopy(...options: string[]): Promise<{ source: string; disk: LabDisk; copy: Running }> {
  const source = await bench.image('disk.img', SIZE);
  const disk = await bench.disk({ size: SIZE });
  await disk.rule('rate w 8M', 'log on wf');
  const copy = start(['copy', source, disk.device, '--yes', ...options]);
  bench.finally(async () => {
    if (copy.child.exitCode === null) copy.child.kill('SIGKILL');
    await copy.ended;
  });
  await disk.waitFor(({ bytesWritten }) => bytesWritten >= 2 * MiB);
  return { source, disk, copy };
}

/** Process ids of the children of `pid`. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

/** After its last write the disk was flushed. */
async function expectFlushed(disk: LabDisk): Promise<void> {
  const log = await disk.log();
  const lastWrite = log.filter(({ op }) => op === 'write').at(-1);
  expect(log.some(({ op, begin, error }) => op === 'flush' && error === null && begin > lastWrite!.end)).toBe(true);
}

const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

describe.skipIf(noLab !== null)('stopping a job', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'exits with 130 after %s, and writes and flushes what was begun',
    async (signal) => {
      const { source, disk, copy } = await slowCopy('--json');
      copy.child.kill(signal);
      const run = await copy.ended;
      expect(run).toMatchObject({ code: 130, signal: null });
      expectJobLines(run);
      expect(resultOf(run).destinations).toMatchObject([{ path: disk.device, state: 'cancelled', verified: null }]);
      const { bytesWritten } = await disk.counters();
      expect(bytesWritten).toBeLessThan(SIZE);
      await expectFlushed(disk);
      // Its first MiB is blank, so it is not taken for a finished disk. Data of the source follows, up to some point.
      const [wanted, found] = await Promise.all([readFile(source), readFile(disk.backing)]);
      expect(found.subarray(0, MiB).every((byte) => byte === 0)).toBe(true);
      expect(found.subarray(MiB, 2 * MiB).equals(wanted.subarray(MiB, 2 * MiB))).toBe(true);
      expect(found.subarray(0, SIZE).equals(wanted)).toBe(false);
    },
  );

  test('stops in the same way by a signal to the whole process group, as a terminal sends it', async () => {
    const { disk, copy } = await slowCopy('--json');
    const [host] = await childrenOf(copy.child.pid!);
    process.kill(host!, 'SIGINT');
    copy.child.kill('SIGINT');
    const run = await copy.ended;
    expect(run.code, run.stdout + run.stderr).toBe(130);
    expectJobLines(run);
    expect(errorsOf(run).map(({ code }) => code)).not.toContain('HOST_FAILED');
    await expectFlushed(disk);
  });

  test('says on a second signal that it is already stopping, and ends in order', async () => {
    const { disk, copy } = await slowCopy();
    await disk.rule('stall f');
    copy.child.kill('SIGINT');
    await copy.until((_, stderr) => stderr.includes('platter: stopping'));
    await sleep(600); // a sooner one would be the same signal, passed on
    copy.child.kill('SIGINT');
    await copy.until((_, stderr) => stderr.includes('platter: already stopping'));
    await disk.rule('clear');
    const run = await copy.ended;
    expect(run).toMatchObject({ code: 130, signal: null });
    expect(run.stderr).toMatch(/platter: stopping: .*\nplatter: already stopping: /u);
    expect(run.stdout).toContain(`${disk.device}: cancelled`);
    await expectFlushed(disk);
  });

  test('leaves the device free as soon as the command has ended', async () => {
    const { source, disk, copy } = await slowCopy('--json');
    copy.child.kill('SIGINT');
    await copy.ended;
    await disk.rule('clear');
    const again = await platter(['copy', source, disk.device, '--yes', '--json']);
    expect(again.code, again.stdout).toBe(0);
  });

  test('stops in order instead of crashing when nobody reads the output any more', async () => {
    const { disk, copy } = await slowCopy('--json');
    copy.child.stdout?.destroy();
    const run = await copy.ended;
    expect(run).toMatchObject({ code: 130, signal: null, stderr: '' });
    await expectFlushed(disk);
    expect((await disk.counters()).bytesWritten).toBeLessThan(SIZE);
  });
});

describe.skipIf(noLab !== null)('the engine ends', () => {
  test('exits with 3, counts no destination as good and prints a result when the engine ends', async () => {
    const { disk, copy } = await slowCopy('--json');
    const [host] = await childrenOf(copy.child.pid!);
    process.kill(host!, 'SIGKILL');
    const run = await copy.ended;
    expect(run.code, run.stderr).toBe(3);
    expectJobLines(run);
    expect(errorsOf(run).at(-1)).toMatchObject({ side: null, path: null, code: 'HOST_FAILED' });
    expect(resultOf(run)).toMatchObject({
      writeErr: 1,
      destinations: [{ path: disk.device, state: 'failed', verified: null }],
    });
  });

  test('prints one sentence and the verdict when the engine ends', async () => {
    const { copy } = await slowCopy();
    const [host] = await childrenOf(copy.child.pid!);
    process.kill(host!, 'SIGKILL');
    const run = await copy.ended;
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/^platter: The engine host failed: it was killed by SIGKILL/u);
    expect(run.stdout).toContain('treat none of the destinations as complete');
  });
});
