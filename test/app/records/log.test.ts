// The log is bounded, has one line per entry, never stops its caller, and hides what others must not see.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { jobStarted } from '../../../app/view/reduce-events.ts';
import { anonymous } from '../../../app/records/anonymous.ts';
import { levelOf, Log, logEvent, logStart, type Level } from '../../../app/records/log.ts';
import { Bench, MiB, platter, stateDirectory } from '../cli/support.ts';
import { ended, mediumError, plan, result } from '../cli/views.ts';

const bench = new Bench();
afterEach(() => bench.clear());

describe('the log', () => {
  test('writes one line for any entry, filters by level, and is private', async () => {
    const state = join(await bench.directory(), 'not', 'there', 'yet');
    const echoed: Level[] = [];
    const log = new Log({ state, level: 'warn', echo: (_line, level) => echoed.push(level) });
    log.error('first\nsecond \u001b[31m\u202e');
    log.warn('a warning');
    log.info('left out');
    log.debug('left out');
    await log.written();
    const lines = readFileSync(log.path, 'utf8').split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z error \[\d+\] first \| second \\u\{1b\}\[31m\\u\{202e\}$/u);
    expect((await log.tail(1))[0]).toContain('a warning');
    expect(statSync(log.path).mode & 0o777).toBe(0o600);
    expect(echoed).toEqual(['error', 'warn', 'info', 'debug']);
    expect([levelOf('debug'), levelOf('loud'), levelOf(undefined)]).toEqual(['debug', 'info', 'info']);
  });

  test('keeps the levels that it is set to from then on', async () => {
    const log = new Log({ state: await bench.directory(), level: 'info' });

    log.debug('before');
    log.keepFrom('debug');
    log.debug('after');
    log.keepFrom('error');
    log.warn('too late');
    await log.written();

    expect((await log.tail(10)).map((line) => line.split('] ')[1])).toEqual(['after']);
  });

  test('keeps the end of a log, and never more than twice its limit', async () => {
    const log = new Log({ state: await bench.directory(), most: 10_000 });
    for (let index = 0; index < 1000; index += 1) log.info(`entry ${index} ${'x'.repeat(100)}`);
    await log.written();
    expect(statSync(log.path).size + statSync(`${log.path}.1`).size).toBeLessThan(2 * 10_200);
    const tail = await log.tail(60);
    expect(tail).toHaveLength(60);
    expect(tail.at(0)).toContain('entry 940 ');
    expect(tail.at(-1)).toContain('entry 999 ');
  });

  test('lets the program continue when the log cannot be written, and says why', async () => {
    const state = join(await bench.directory(), 'file');
    writeFileSync(state, '');
    const log = new Log({ state });
    log.error('nowhere to go');
    await log.written();
    expect(log.problem).toMatch(/ENOTDIR|EEXIST/u);
    expect(await log.tail(10)).toEqual([]);
  });

  test('logs what happens in a job, without serial numbers', async () => {
    const log = new Log({ state: await bench.directory() });
    const view = jobStarted(plan(['/dev/sdb', '/dev/sdc'], { notes: [{ kind: 'unloggedMemory' }] }), 0);
    logStart(log, view);
    for (const event of [
      { event: 'progress', progress: view.progress },
      { event: 'error', error: mediumError },
      { event: 'cancelling' },
      { event: 'result', result: result([ended('/dev/sdb', 'done', true), ended('/dev/sdc', 'failed', null)]) },
    ] as const)
      logEvent(log, event, view);
    const lines = await log.tail(100);
    const text = lines.join('\n');
    expect(lines).toHaveLength(5);
    for (const part of [
      'from disk.img to /dev/sdb, /dev/sdc',
      'not enough memory to keep a log',
      'warn ',
      'MEDIUM_ERROR (EIO) write /dev/sdc at byte 12000000000',
      '/dev/sdb verified, /dev/sdc failed',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('4C530001');
  });
});

test('removes names, machines and whole serial numbers from what is shown to others', () => {
  const text = [
    'source /home/alice/Images/disk.img, also "/home/alice", not /home/alicette/x',
    'other /home/bob/y, /media/bob/STICK, /run/media/alice/STICK and /run/user/1000',
    'alice logged in on workbench-7; malice and alice-backup.img are other words',
    'serial 4C530001AB12, again 4C530001AB12, short AB12',
  ].join('\n');
  const shown = anonymous(text, {
    home: '/home/alice',
    user: 'alice',
    host: 'workbench-7',
    serials: ['4C530001AB12', 'AB12'],
  });
  expect(shown.split('\n')).toEqual([
    'source ~/Images/disk.img, also "~", not /home/…/x',
    'other /home/…/y, /media/…/STICK, /run/media/…/STICK and /run/user/…',
    '… logged in on …; malice and alice-backup.img are other words',
    'serial …01AB12, again …01AB12, short AB12',
  ]);
  expect(
    anonymous('sd on pi', { home: '/', user: 'sd', host: 'pi', serials: [] }),
    'a name too short to be told apart',
  ).toBe('sd on pi');
});

test('logs the jobs of the command line; --verbose prints the log, and where it is, to stderr', async () => {
  const source = await bench.image('disk.img', MiB);
  const run = await platter(['copy', source, 'copy.img', '--verbose', '--json'], { cwd: await bench.directory() });
  expect(run.code, run.stderr).toBe(0);
  const path = join(stateDirectory(), 'platter.log');
  expect(run.stderr).toContain(`platter: the log is ${path}`);
  const logged = readFileSync(path, 'utf8');
  expect(logged).toContain(`job: copy of ${MiB} bytes from ${source}`);
  expect(logged).toContain('copy.img verified');
  for (const line of logged.trimEnd().split('\n')) expect(run.stderr).toContain(line);
  expect((await platter(['--help'])).stdout).toContain('platter.log');
});
