// A running job: controlled by lines on stdin and by keys on a terminal, interrupted, and continued.
import { existsSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab, type LabDisk } from '../../lab/lab.ts';
import { BROKER, USER, UsersPlace } from '../host/broker-support.ts';
import { expectJobLines, expectRefusal } from './shapes.ts';
import {
  Bench,
  digest,
  engineLacks,
  errorsOf,
  firstDifference,
  MiB,
  platter,
  PLATTER,
  resultOf,
  start,
  type JsonObject,
  type Running,
} from './support.ts';
import { inTerminal, onTerminal, quoted } from './terminal-support.ts';

const SIZE = 32 * MiB;

const bench = new Bench();
afterEach(() => bench.clear());

interface Job {
  source: string;
  disks: LabDisk[];
  copy: Running;
}

/** A copy to `count` disks that takes seven seconds, so that there is time to control it. It is running on return. */
async function slowCopy(count: number, ...options: string[]): Promise<Job> {
  const source = await bench.image('disk.img', SIZE);
  const disks = await Promise.all(Array.from({ length: count }, () => bench.disk({ size: SIZE })));
  for (const disk of disks) await disk.rule('rate w 4M');
  const copy = start(['copy', source, ...disks.map(({ device }) => device), '--yes', '--json', ...options], {
    controlled: true,
  });
  bench.finally(async () => {
    if (copy.child.exitCode === null) copy.child.kill('SIGKILL');
    await copy.ended;
  });
  for (const disk of disks) await disk.waitFor(({ bytesWritten }) => bytesWritten >= 2 * MiB);
  return { source, disks, copy };
}

/** Waits for a line on stdout that `expected` matches, from the line `from` on. */
const sees = (copy: Running, matches: (line: JsonObject) => boolean, from = 0): Promise<void> =>
  copy.until((stdout) =>
    stdout
      .slice(from)
      .split('\n')
      .slice(0, -1)
      .some((text) => text.startsWith('{') && matches(JSON.parse(text) as JsonObject)),
  );

const states = (line: JsonObject): string[] =>
  line.event === 'progress' ? (line.destinations as { state: string }[]).map(({ state }) => state) : [];

const cannot = canLab() ?? engineLacks();
if (cannot !== null) console.warn(`skipped: ${cannot}`);

describe.skipIf(cannot !== null)('control lines', () => {
  test('pauses the job and continues it by control lines', async () => {
    const {
      source,
      disks: [disk],
      copy,
    } = await slowCopy(1);
    copy.say({ call: 'pause', destination: null, paused: true });
    await sees(copy, (line) => states(line)[0] === 'paused');
    const written = async (): Promise<number> => (await disk!.counters()).bytesWritten;
    // The I/O in flight ends, then nothing moves.
    await expect
      .poll(async () => {
        const before = await written();
        await sleep(1000);
        return (await written()) - before;
      })
      .toBe(0);
    expect(await written()).toBeLessThan(SIZE);
    await disk!.rule('clear');
    copy.say({ call: 'pause', destination: null, paused: false });
    const run = await copy.ended;
    expect(run.code, run.stdout).toBe(0);
    expectJobLines(run);
    expect(await firstDifference(source, disk!.backing, SIZE)).toBeNull();
  });

  test('pauses, throttles and cancels single destinations by control lines', async () => {
    const { source, disks, copy } = await slowCopy(3);
    copy.say({ call: 'pause', destination: disks[0]!.device, paused: true });
    copy.say({ call: 'cancel', destination: 1 });
    await sees(copy, (line) => states(line)[0] === 'paused' && states(line)[1] === 'cancelled');
    copy.say({ call: 'throttle', destination: 2, bytesPerSecond: MiB });
    for (const disk of disks) await disk.rule('clear');
    await sleep(1000);
    copy.say({ call: 'pause', destination: 0, paused: false });
    copy.say({ call: 'throttle', destination: 2, bytesPerSecond: null });
    const run = await copy.ended;
    expect(run.code, run.stdout).toBe(1);
    expectJobLines(run);
    expect(resultOf(run).destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'cancelled' },
      { state: 'done', verified: true },
    ]);
    for (const disk of [disks[0]!, disks[2]!]) expect(await firstDifference(source, disk.backing, SIZE)).toBeNull();
  });

  test('retries a failed destination while another runs, and does not write again what is on it', async () => {
    const { source, disks, copy } = await slowCopy(2);
    await disks[0]!.rule('eio w 8M end EIO');
    await disks[1]!.rule('stall w'); // so that the job keeps running
    await sees(copy, (line) => states(line)[0] === 'failed');
    await disks[0]!.rule('clear', 'rate w 16M');
    const from = copy.stdout().lastIndexOf('\n') + 1;
    copy.say({ call: 'retry', destination: 0 });
    await sees(copy, (line) => states(line)[0] === 'copying', from);
    await disks[1]!.rule('clear');
    const run = await copy.ended;
    expect(run.code, run.stdout).toBe(0);
    expect(resultOf(run).destinations).toMatchObject([
      { state: 'done', verified: true },
      { state: 'done', verified: true },
    ]);
    for (const disk of disks) expect(await firstDifference(source, disk.backing, SIZE)).toBeNull();
  });

  test('reports an error event for a control line that cannot be obeyed, and changes nothing', async () => {
    const {
      disks: [disk],
      copy,
    } = await slowCopy(1);
    for (const line of ['pause', '{"call":"pause"}', '{"call":"cancel","destination":7}', '']) copy.say(line);
    copy.say({ call: 'retry', destination: 0 }); // it is still running
    await copy.until((stdout) => stdout.split('"event":"error"').length === 5);
    await disk!.rule('clear');
    const run = await copy.ended;
    expect(run.code, run.stdout).toBe(0);
    expectJobLines(run);
    expect(errorsOf(run)).toMatchObject(Array.from({ length: 4 }, () => ({ side: null })));
    expect(resultOf(run).destinations).toMatchObject([{ state: 'done', verified: true, errors: [] }]);
  });

  test('exits with 130 when everything is cancelled, and not at the end of stdin', async () => {
    const { copy } = await slowCopy(1);
    copy.say({ call: 'cancel', destination: null });
    copy.child.stdin!.end();
    const run = await copy.ended;
    expect(run.code, run.stdout).toBe(130);
    expectJobLines(run);
    const other = await slowCopy(1);
    other.copy.child.stdin!.end();
    await other.disks[0]!.rule('clear');
    expect(await other.copy.ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe.skipIf(cannot !== null)('keys', () => {
  test('reads keys behind platter-broker --as, where Ctrl-C stops the job', async () => {
    const place = new UsersPlace();
    bench.finally(() => place.clear());
    const disk = await place.disk({ size: SIZE });
    await disk.rule('rate w 4M');
    const copy = [process.execPath, PLATTER, 'copy', place.file('source.img', 0, 0o644, SIZE), disk.device, '--yes'];
    const command = [BROKER, '--as', `${USER}:${USER}`, '--home', place.own, '--', ...copy];
    const session = inTerminal(bench, `exec ${command.map(quoted).join(' ')}`, {
      PLATTER_STATE: join(place.own, 'state'),
    });
    await session.see(/copying .* \d+ % /u);
    session.type('p');
    await session.see('paused');
    session.type('\u0003');
    const { code, screen } = await session.end();
    expect(code, screen).toBe(130);
  });

  test('pauses and continues by p, chooses by the arrows, cancels the chosen one by x', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disks = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE })] as const;
    for (const disk of disks) await disk.rule('rate w 4M');
    const session = onTerminal(bench, ['copy', source, disks[0].device, disks[1].device, '--yes']);
    await session.see(/copying .* \d+ % /u);
    session.type('p');
    await session.see('2 paused');
    session.type('p');
    session.type('\u001b[B\u001b[B');
    await session.see(`For ${disks[1].device}`);
    session.type('x');
    await session.see('1 cancelled, 1 copying');
    await disks[0].rule('clear');
    const { code, screen } = await session.end();
    expect(code, screen).toBe(1);
    expect(screen).toMatch(new RegExp(`✓ ${disks[0].device} +verified`, 'u'));
    expect(await firstDifference(source, disks[0].backing, SIZE)).toBeNull();
  });
});

describe.skipIf(cannot !== null)('an interrupted copy', () => {
  /** Ids of the jobs that can be continued. */
  const interrupted = async (): Promise<JsonObject[]> =>
    JSON.parse((await platter(['jobs', '--json'])).stdout) as JsonObject[];

  async function interruptedCopy(signal: NodeJS.Signals): Promise<Job> {
    const job = await slowCopy(1);
    await job.disks[0]!.waitFor(({ bytesWritten }) => bytesWritten >= 12 * MiB);
    if (signal === 'SIGKILL') {
      // The engine is killed too, as by a power cut.
      const children = await readFile(`/proc/${job.copy.child.pid!}/task/${job.copy.child.pid!}/children`, 'utf8');
      for (const pid of children.trim().split(' ')) process.kill(Number(pid), signal);
    }
    job.copy.child.kill(signal);
    await job.copy.ended;
    await job.disks[0]!.rule('clear', 'log on w', 'reset');
    return job;
  }

  test.each(['SIGINT', 'SIGKILL'] as const)('resume writes only what is missing after %s', async (signal) => {
    const {
      source,
      disks: [disk],
      copy,
    } = await interruptedCopy(signal);
    const [job, ...others] = await interrupted();
    expect(others).toEqual([]);
    expect(job).toMatchObject({
      source,
      bytes: SIZE,
      damaged: false,
      destinations: [{ path: disk!.device, finished: false }],
    });
    const durable = (job!.destinations as { durable: number }[])[0]!.durable;
    // The killed job may not have reached its first flush.
    if (signal === 'SIGINT') expect(durable).toBeGreaterThan(0);
    if (signal === 'SIGINT') expect(resultOf(await copy.ended).job).toBe(job!.id);

    expect(expectRefusal(await platter(['resume', '--json']))).toMatchObject([{ code: 'CONFIRM', path: disk!.device }]);
    const run = await platter(['resume', '--yes', '--json']);
    expect(run.code, run.stdout).toBe(0);
    expectJobLines(run);
    expect(run.lines[0]).toMatchObject({ kind: 'resume', source: { path: source }, bytes: SIZE });
    expect(resultOf(run)).toMatchObject({ job: null, destinations: [{ state: 'done', verified: true }] });
    const kept = resultOf(run).destinations[0]!.kept as number;
    expect(kept).toBeGreaterThanOrEqual(durable - MiB);
    expect((await disk!.counters()).bytesWritten).toBeLessThanOrEqual(SIZE - kept + 2 * MiB);
    expect(await firstDifference(source, disk!.backing, SIZE)).toBeNull();
    expect(await interrupted()).toEqual([]);
  });

  test('says how to continue an interrupted job, lists it and forgets it', async () => {
    const source = await bench.image('disk.img', SIZE);
    const disk = await bench.disk({ size: SIZE });
    await disk.rule('rate w 8M');
    const copy = start(['copy', source, disk.device, '--yes']);
    await disk.waitFor(({ bytesWritten }) => bytesWritten >= 12 * MiB);
    copy.child.kill('SIGINT');
    const { code, stdout } = await copy.ended;
    expect(code).toBe(130);
    const [, id] = /\nContinue with: platter resume (\S+)\n$/u.exec(stdout) ?? [];
    expect(id).toBeDefined();
    const listed = await platter(['jobs']);
    expect(listed.stdout).toMatch(
      new RegExp(
        `^${id!} {2}started .*\\n {2}from ${source}, 33\\.6 MB\\n {2}to ${disk.device}.*: \\d+ % is there`,
        'u',
      ),
    );
    expect(await platter(['forget', id!])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect((await platter(['jobs'])).stdout).toMatch(/^No interrupted job/u);
  });

  test('says that the incomplete image of a job that is forgotten stays', async () => {
    const source = await bench.image('disk.img', SIZE);
    const image = join(await bench.directory(), 'copy.img');
    const copy = start(['copy', source, image, '--throttle', '4M', '--yes']);
    await expect.poll(() => statSync(`${image}.part`, { throwIfNoEntry: false })?.size ?? 0).toBeGreaterThan(4 * MiB);
    copy.child.kill('SIGINT');
    const { stdout } = await copy.ended;
    const [, id] = /\nContinue with: platter resume (\S+)\n$/u.exec(stdout) ?? [];

    const forgotten = await platter(['forget', id!]);

    expect(forgotten).toMatchObject({ code: 0, stdout: expect.stringContaining(`${image}.part stays.`) as string });
    expect(existsSync(`${image}.part`)).toBe(true);
  });

  test('refuses to resume onto a changed destination before anything is written', async () => {
    const {
      disks: [disk],
    } = await interruptedCopy('SIGINT');
    const bytes = await readFile(disk!.backing);
    await writeFile(disk!.backing, Buffer.alloc(bytes.length, 7));
    const before = await digest(disk!.backing);
    const run = await platter(['resume', '--yes', '--json']);
    expect(run.code, run.stdout).not.toBe(0);
    expect(errorsOf(run)).toMatchObject([{ code: 'CHANGED', path: disk!.device }]);
    expect(await digest(disk!.backing)).toBe(before);
  });
});
