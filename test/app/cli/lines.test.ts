// The lines of a job in every width and state, none too long, and the reducer that they are made from.
import { describe, expect, test } from 'vitest';
import { identity, lossLines, overwritten } from '../../../app/cli/confirm.ts';
import { diskTable } from '../../../app/cli/output/disk-table.ts';
import { exitCode } from '../../../app/cli/output/exit-code.ts';
import { errorLine, planLine, progressLine, resultLine } from '../../../app/cli/output/json.ts';
import { finalLines, liveLines, logEnd, logLine, percent } from '../../../app/cli/output/job-lines.ts';
import { countWords, headline, verdict } from '../../../app/cli/output/job-sentences.ts';
import { errorSentence } from '../../../app/cli/output/reporter.ts';
import { requestAsTyped, withAbsolutePaths } from '../../../app/cli/output/typed-paths.ts';
import { columns, plain } from '../../../app/cli/output/text.ts';
import type { Disk } from '../../../app/contract/disks.ts';
import type { PlatterError } from '../../../app/contract/errors.ts';
import type { DestinationProgress, DestinationState } from '../../../app/contract/jobs.ts';
import { destinationsOf } from '../../../app/contract/request-facts.ts';
import { failure as failing } from '../../../app/base/errors.ts';
import { jobStarted } from '../../../app/view/reduce-events.ts';
import { tilesOf } from '../../../app/view/destination-progress.ts';
import { errorShape, progressShape, resultShape } from './shapes.ts';
import { ended, endpoint, GB, mediumError, plainScreen, plan, play, progress, result, sample } from './views.ts';
import { keep } from '../../../app/base/kept-request.ts';
import { asked as requestOf } from '../../requests.ts';

const NAMES = [
  '/dev/sdb',
  '/dev/sdc',
  'images/a-very-long-name-of-an-image-that-never-ends/copy.img',
  '日本語のディスク.img',
  'bad\u001b[31m\nname',
];
const STATES: DestinationState[] = [
  'waiting',
  'comparing',
  'copying',
  'flushing',
  'verifying',
  'repairing',
  'paused',
  'stalled',
  'done',
  'failed',
  'cancelled',
];

describe('lines of a job', () => {
  test('overflows no width from 40 to 120 in any state, and never steers the terminal', () => {
    for (const state of STATES) {
      const job = jobStarted(plan(NAMES), 0);
      const states = NAMES.map((name) =>
        progress(name, state, { written: 64 * GB, verified: 63 * GB, bytesPerSecond: 9e9, secondsLeft: 35000 }),
      );
      const running = play(job, sample(job, states), { event: 'error', error: mediumError });
      const outcome = state === 'failed' || state === 'cancelled' ? state : 'done';
      const over = play(running, {
        event: 'result',
        result: result(NAMES.map((name) => ended(name, outcome, outcome === 'done'))),
      });
      for (let width = 40; width <= 120; width += 1) {
        const lines = [...liveLines(running, plainScreen(width)), ...finalLines(over, plainScreen(width))];
        for (const line of lines) {
          expect(columns(line), `${width}: ${line}`).toBeLessThanOrEqual(width);
          expect(line).not.toMatch(/[\u0000-\u001f]/u);
        }
      }
    }
  });

  test('names the step of a packed source', () => {
    const unpacks = { kind: 'unpacks', path: 'disk.img.xz', format: 'xz', bytes: 64 * GB, size: 9 * GB } as const;
    const job = jobStarted(plan(['/dev/sdb'], { notes: [unpacks] }), 0);
    const at = (state: DestinationState) =>
      play(job, sample(job, [progress('/dev/sdb', state, { written: 32 * GB, bytesPerSecond: 432_000_000 })]));
    const live = (state: DestinationState): string => liveLines(at(state), plainScreen(80)).join('\n');
    expect(live('copying')).toMatch(/● \/dev\/sdb {2}unpacking {2}.* 25 % .*432 MB\/s/);
    expect(live('copying')).toContain('1 unpacking and writing');
    expect(logLine(at('copying'))).toContain('/dev/sdb: unpacking and writing 25 % 432 MB/s');
    expect(live('verifying')).toContain('1 verifying');
    expect(countWords(at('comparing'))).toBe('1 comparing');
  });

  test('shows path, state, bar, percent, speed and time left in 80 columns', () => {
    const job = jobStarted(plan(['/dev/sdb']), 0);
    const at = (seconds: number, written: number) =>
      sample(job, [progress('/dev/sdb', 'copying', { written, bytesPerSecond: 432_000_000, secondsLeft: 130 })], {
        seconds,
      });
    // 96 GB are left to write and to read, at 740 MB/s.
    const view = play(job, at(1, 24.6 * GB), at(11, 32 * GB));
    expect(liveLines(view, plainScreen(80))).toEqual([
      '  ● /dev/sdb  copying    ━━━━╸─────────────   25 %     432 MB/s  2 min left',
      '',
      '  1 copying, 2 min left',
    ]);
  });

  test('keeps path, state and percent in 40 columns', () => {
    const job = jobStarted(plan(['/dev/sdb']), 0);
    const view = play(
      job,
      sample(job, [
        progress('/dev/sdb', 'copying', { written: 32 * GB, bytesPerSecond: 432_000_000, secondsLeft: 130 }),
      ]),
    );
    expect(liveLines(view, plainScreen(40))[0]).toBe('  ● /dev/sdb  copying     25 %');
  });

  test('says on its own line why a destination failed, and how far the others are', () => {
    const job = jobStarted(plan(['/dev/sdb', '/dev/sdc']), 0);
    const view = play(
      job,
      { event: 'error', error: mediumError },
      sample(job, [
        progress('/dev/sdb', 'verifying', { written: 64 * GB, verified: 32 * GB }),
        progress('/dev/sdc', 'failed'),
      ]),
    );
    const [first, second] = liveLines(view, plainScreen(120));
    expect(first).toContain('75 %');
    expect(second).toContain('failed     Write failed at 12.0 GB (sector 23437500)');
    expect(liveLines(view, plainScreen(120)).at(-1)).toBe('  1 failed, 1 verifying');
  });

  test('shows the working destinations when the terminal has too few lines, and counts all', () => {
    const paths = Array.from({ length: 32 }, (_, index) => `/dev/sd${index}`);
    const job = jobStarted(plan(paths), 0);
    const view = play(
      job,
      sample(
        job,
        paths.map((path, index) => progress(path, index < 20 ? 'done' : 'copying')),
      ),
    );
    const lines = liveLines(view, { ...plainScreen(80), height: 10 });
    expect(lines).toHaveLength(10);
    expect(lines[0]).toContain('/dev/sd20 ');
    expect(lines.at(-1)).toBe('  20 verified, 12 copying');
  });

  test('shows 100 % only at the end, and never a share above its whole', () => {
    const job = jobStarted(plan(['a']), 0);
    const at = (...of: [DestinationState, Partial<DestinationProgress>]): number =>
      percent(tilesOf(play(job, sample(job, [progress('a', ...of)])))[0]!);
    expect(at('verifying', { written: 64 * GB, verified: 64 * GB })).toBe(99);
    expect(at('done', { written: 64 * GB, verified: 64 * GB })).toBe(100);
    expect(at('copying', { written: 32 * GB })).toBe(25);
    expect(at('copying', { written: 32 * GB, toVerify: 0 })).toBe(50);
    expect(at('verifying', { verified: 32 * GB, toWrite: 0 })).toBe(50);
    expect(at('waiting', { toWrite: 0, toVerify: 0 })).toBe(0);
  });

  test('calls a destination that was not read back written, never verified', () => {
    const job = jobStarted(plan(['a'], { verify: false }), 0);
    const over = play(job, { event: 'result', result: result([ended('a', 'done', null)]) });
    expect(finalLines(over, plainScreen(80)).join('\n')).toMatch(/✓ a {2}written, not verified/u);
    expect(verdict(over)).toBe('1 written but not verified: 64.0 GB in 10 s.');
  });

  test('prints only ASCII where nothing else can be shown', () => {
    const job = jobStarted(plan(['/dev/sdb']), 0);
    const lines = liveLines(job, { ...plainScreen(80), unicode: false });
    expect(lines.join('')).toMatch(/^[\u0020-\u007e]*$/u);
  });

  test('logs one line for all destinations', () => {
    const job = jobStarted(plan(['/dev/sdb', '/dev/sdc']), 0);
    const view = play(
      job,
      sample(
        job,
        [
          progress('/dev/sdb', 'copying', { written: 32 * GB, bytesPerSecond: 432_000_000 }),
          progress('/dev/sdc', 'failed'),
        ],
        { seconds: 75 },
      ),
    );
    expect(logLine(view)).toBe('75 s  /dev/sdb: copying 25 % 432 MB/s, /dev/sdc: failed');
  });

  test('ends a log with a line per destination and the verdict', () => {
    const job = jobStarted(plan(['/dev/sdb', '/dev/sdc']), 0);
    const view = play(
      job,
      { event: 'error', error: mediumError },
      {
        event: 'result',
        result: result([ended('/dev/sdb', 'done', true), ended('/dev/sdc', 'failed', null, [mediumError])]),
      },
    );
    expect(logEnd(view)).toEqual([
      '/dev/sdb: verified',
      '/dev/sdc: failed: Write failed at 12.0 GB (sector 23437500): the drive reported a medium error.',
      '1 verified, 1 failed: 64.0 GB each, in 10 s.',
    ]);
  });

  test('says in the headline what happens and what to know', () => {
    expect(headline(plan(['a', 'b'], { notes: [{ kind: 'buffered', path: 'b' }] }))).toEqual([
      'Copying disk.img (64.0 GB) to 2 destinations, reading each back when it is written.',
      'Note: b does not support direct I/O: it is used through the page cache, ' +
        'which is dropped before anything is read back.',
    ]);
    expect(headline(plan(['a'], { verify: false }))).toEqual([
      'Copying disk.img (64.0 GB) to 1 destination; not verifying.',
    ]);
    expect(headline(plan(['a'], { kind: 'verify' }))).toEqual(['Comparing 1 destination with disk.img (64.0 GB).']);
  });
});

describe('an engine that breaks down', () => {
  const failure: PlatterError = failing({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } });

  test('leaves no destination good when the engine breaks down before it has decided its end', () => {
    const job = jobStarted(plan(['a', '/dev/sdc', 'c']), 0);
    const view = play(
      job,
      { event: 'error', error: mediumError },
      sample(job, [
        progress('a', 'done', { uncompared: null }),
        progress('/dev/sdc', 'failed'),
        progress('c', 'verifying'),
      ]),
      { event: 'failure', failure },
    );
    expect(view.phase).toBe('ended');
    expect(view.progress.destinations.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
    expect(view.result?.destinations.map(({ state, verified }) => [state, verified])).toEqual([
      ['failed', null],
      ['failed', null],
      ['failed', null],
    ]);
    expect(view.result?.writeErr).toBe(0b111);
    expect(view.result?.destinations[1]?.errors.map(({ code }) => code)).toEqual(['MEDIUM_ERROR', 'HOST_FAILED']);
    expect(view.result?.destinations[2]?.errors[0]).toMatchObject({ side: 'verify', device: 'c', destination: 2 });
    expect(exitCode(view.result!, view.plan, false)).toBe(3);
    expect(verdict(view)).toMatch(/none of the destinations/u);
  });

  test('fills the error mask with 32 destinations', () => {
    const job = jobStarted(plan(Array.from({ length: 32 }, (_, i) => String(i))), 0);
    const view = play(job, { event: 'failure', failure });
    expect(view.result?.writeErr).toBe(0xffffffff);
  });
});

describe('JSON lines', () => {
  test('prints progress as a JSON line', () => {
    const job = jobStarted(plan(['a', 'b']), 0);
    expect(progressShape.parse(progressLine(job.progress)).destinations).toHaveLength(2);
  });

  test('prints as JSON lines an error of a job with its side, and a refusal without one', () => {
    expect(errorShape.parse(errorLine(mediumError))).toMatchObject({
      side: 'write',
      path: '/dev/sdc',
      code: 'MEDIUM_ERROR',
      errno: 'EIO',
      offset: 12 * GB,
      length: 512,
    });
    const { side: _side, destination: _destination, ...refusal } = mediumError;
    expect(errorShape.parse(errorLine(refusal)).side).toBeNull();
  });

  test('prints the result as a JSON line', () => {
    const over = result([ended('a', 'done', true), ended('/dev/sdc', 'failed', null, [mediumError])], { writeErr: 2 });
    const line = resultLine(over, play(jobStarted(plan(['a', '/dev/sdc']), 0), { event: 'result', result: over }));
    expect(resultShape.parse(line).destinations).toHaveLength(2);
  });

  test('prints the plan as a JSON line', () =>
    expect(planLine(plan(['a']))).toEqual({ event: 'plan', ...plan(['a']), request: keep(plan(['a']).request) }));
});

test('gives the engine absolute paths, and prints the ones that were typed', () => {
  const request = requestOf({
    source: 'disk.img',
    destinations: ['./a', '../b', '/dev/sdc'],
    saveManifest: '/m2',
    rescue: { retries: 1, map: 'map' },
  });
  const asked = withAbsolutePaths(request, '/home/me');
  expect(asked).toMatchObject({
    source: '/home/me/disk.img',
    destinations: [{ path: '/home/me/./a' }, { path: '/home/me/../b' }, { path: '/dev/sdc' }],
    saveManifest: '/m2',
    method: { retries: 1, map: '/home/me/map' },
  });
  expect(requestAsTyped(asked)).toEqual(request);
  const updating = requestOf({ source: 's', destinations: ['d'], update: true, manifest: 'm' });
  expect(withAbsolutePaths(updating, '/home/me')).toMatchObject({ method: { manifest: '/home/me/m' } });
  const repairing = requestOf({ kind: 'repair', source: 's', destinations: ['d'], manifest: 'm' });
  expect(withAbsolutePaths(repairing, '/home/me')).toMatchObject({ source: '/home/me/s', manifest: '/home/me/m' });

  const source = endpoint('/home/me/disk.img');
  const paths = destinationsOf(asked).map(({ path }) => path);
  const job = jobStarted({ ...plan(paths), source, request: asked }, 0);
  const lost = { ...mediumError, device: '/home/me/./a', destination: 0 };
  const [a, b, c] = paths as [string, string, string];
  const over = result([ended(a, 'failed', null, [lost]), ended(b, 'done', true), ended(c, 'done', true)]);
  const view = play(job, { event: 'result', result: over });

  expect(headline(job.plan)[0]).toMatch(/^Rescuing disk\.img /u);
  expect(liveLines(job, plainScreen(80)).slice(0, 3).join()).toMatch(/ \.\/a .* \.\.\/b .* \/dev\/sdc /u);
  expect(logEnd(view).slice(0, 2)).toEqual([`./a: failed: ${lost.message}`, '../b: verified']);
  expect(errorSentence(lost)).toMatch(/^platter: \.\/a: /u);
  expect(errorSentence({ ...lost, device: '/somewhere/else' })).toMatch(/^platter: \/somewhere\/else: /u);
  expect(planLine(job.plan)).toMatchObject({
    request: keep(request),
    source: { path: 'disk.img' },
    destinations: [{ path: './a' }, {}, {}],
  });
  expect(progressLine(job.progress).destinations[1]).toMatchObject({ path: '../b' });
  expect(resultLine(over, view)).toMatchObject({ destinations: [{ path: './a', errors: [{ path: './a' }] }, {}, {}] });
});

describe('sentences', () => {
  test('names the place of an error once, says what happened and what to do', () => {
    expect(errorSentence(mediumError)).toBe(
      'platter: /dev/sdc: Write failed at 12.0 GB (sector 23437500): the drive reported a medium error. ' +
        'Replace this drive; the others go on.',
    );
    expect(errorSentence({ ...mediumError, message: '/dev/sdc cannot be written.' })).toBe(
      'platter: /dev/sdc cannot be written. Replace this drive; the others go on.',
    );
    expect(errorSentence({ ...mediumError, device: 'my disk.img', message: 'It is smaller than my disk.img.' })).toBe(
      'platter: It is smaller than my disk.img. Replace this drive; the others go on.',
    );
    expect(errorSentence({ ...mediumError, device: 'd', message: 'It is a directory.' })).toBe(
      'platter: d: It is a directory. Replace this drive; the others go on.',
    );
  });

  test('names in the question an image that an interrupted job has left incomplete', () => {
    const image = endpoint('new.img', { kind: 'file', overwrites: false, realPath: '/srv/new.img' });
    const asked = {
      ...plan([]),
      destinations: [image],
      notes: [{ kind: 'partOfJob' as const, path: '/srv/new.img', part: '/srv/new.img.part', began: 0 }],
    };
    expect(overwritten(asked)).toEqual([image]);
    expect(lossLines(asked, plain).join('\n')).toContain('what an interrupted job has copied for it will be removed');
    const whole = { ...asked, notes: [{ ...asked.notes[0]!, kind: 'partOfWholeJob' as const }] };
    expect(overwritten(whole)).toEqual([image]);
    expect(overwritten({ ...asked, notes: [] })).toEqual([]);
  });

  test('shows in the question model, serial, size and contents of what will be lost, and only that', () => {
    const destinations = [
      endpoint('/dev/sdb', {
        contents: [
          { kind: 'labelled', fileSystem: 'ext4', label: 'data', path: '/dev/sdb2', size: 64 * GB },
          { kind: 'partition', path: '/dev/sdb1', size: GB },
        ],
      }),
      endpoint('new.img', { kind: 'file', overwrites: false }),
    ];
    const asked = { ...plan([]), destinations };
    expect(overwritten(asked)).toHaveLength(1);
    const text = lossLines(asked, plain).join('\n');
    expect(text).toContain('/dev/sdb  SanDisk Ultra, serial 4C530001, 64.0 GB');
    expect(text).toContain('holds ext4 "data" on /dev/sdb2 (64.0 GB), partition /dev/sdb1 (1.0 GB)');
    expect(text).not.toContain('new.img');
    expect(overwritten({ ...asked, kind: 'verify' })).toEqual([]);
    expect(identity(endpoint('x', { model: null, serial: null }))).toBe('unknown model, no serial, 64.0 GB');
  });

  test('a loss has the size of the file that is replaced, and all its pieces', () => {
    const one = endpoint('/images/disk.img', {
      kind: 'file',
      realPath: '/images/disk.img.000',
      old: { size: 2e9, lastPiece: null },
    });

    expect(identity(one)).toBe('existing file, 2.0 GB');
    expect(identity({ ...one, old: { size: 2e9, lastPiece: 'disk.img.003' } })).toBe(
      'existing pieces disk.img.000 to .003, 2.0 GB',
    );
  });

  test('lists what is on the disks and why one is locked, within the width', () => {
    const disk: Disk = {
      path: '/dev/sda',
      majorMinor: '8:0',
      diskSequence: 1,
      size: 1e12,
      logicalSector: 512,
      physicalSector: 4096,
      model: 'Samsung SSD 860',
      serial: 'S3Z9',
      transport: 'sata',
      removable: false,
      rotational: false,
      readOnly: false,
      kind: 'disk',
      backingFile: null,
      mountedAt: ['/', '/boot/efi'],
      system: true,
      fileSystem: null,
      label: null,
      partitionTable: null,
      signatures: [],
      port: { path: 'ata-0000:00:17.0-001', sockets: [{ kind: 'sataPort', number: '1' }], bay: null },
      ejectable: false,
      locked: { code: 'IS_SYSTEM', reason: { kind: 'isSystem' } },
      partitions: [{ path: '/dev/sda1', size: 1e9, label: 'EFI', fileSystem: 'vfat', mountedAt: ['/boot/efi'] }],
    };
    const lines = diskTable([disk], 200, plain);
    expect(lines).toEqual([
      'PATH        SIZE  MODEL            SERIAL  PORT         ON IT',
      '/dev/sda  1.0 TB  Samsung SSD 860  S3Z9    SATA port 1  mounted at /, /boot/efi; 1 partition: vfat "EFI"',
      '  cannot be a destination. It holds the running system.',
    ]);
    for (const line of diskTable([disk], 60, plain)) expect(columns(line)).toBeLessThanOrEqual(60);
    expect(diskTable([], 80, plain)).toHaveLength(1);
  });
});
