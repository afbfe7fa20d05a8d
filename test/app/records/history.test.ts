// The history and its reports: the command line keeps every ended job, finds and exports it. Other tools judge the
// files.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { printable } from '../../../app/cli/output/text.ts';
import type { JobRecord } from '../../../app/contract/records.ts';
import { Refusal } from '../../../app/base/errors.ts';
import { keep } from '../../../app/base/kept-request.ts';
import { jobStarted } from '../../../app/view/reduce.ts';
import { recordsCsv } from '../../../app/records/csv.ts';
import { History } from '../../../app/records/history.ts';
import { MOST_ERRORS, recordOf, recordSchema, recordToKeep } from '../../../app/records/record.ts';
import { search } from '../../../app/records/search.ts';
import { speakWith } from '../../../app/words/speech.ts';
import { canLab } from '../../lab/lab.ts';
import { Bench, MiB, platter, stateDirectory } from '../cli/support.ts';
import { usbPort } from '../../renderer/fixtures.ts';
import { endpoint, ended, GB, mediumError, plan, play, progress, result, sample } from '../cli/views.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** A view of a job of `paths` that has ended as `facts` say. */
function view(
  paths: string[],
  ends = paths.map((path) => ended(path, 'done', true)),
  planned: Parameters<typeof plan>[1] = {},
  startedAt = 0,
) {
  const started = jobStarted(plan(paths, planned), startedAt);
  const read = sample(
    started,
    paths.map((path) => progress(path, 'verifying', { written: 64 * GB, verified: 64 * GB })),
  );
  return play(started, read, { event: 'result', result: result(ends) });
}

const record = (...args: Parameters<typeof view>): JobRecord => recordOf(view(...args), (args[3] ?? 0) + 10_000);

describe('a record of a job', () => {
  test('tells of each drive what it was, how it ended, when and how fast', () => {
    const made = record(
      ['/dev/sdb', '/dev/sdc'],
      [
        ended('/dev/sdb', 'done', true),
        { ...ended('/dev/sdc', 'failed', null, [mediumError]), written: 12 * GB, seconds: 4 },
      ],
    );
    expect(made).toMatchObject({
      outcome: 'partial',
      startedAt: '1970-01-01T00:00:00.000Z',
      endedAt: '1970-01-01T00:00:10.000Z',
      failure: null,
    });
    expect(made.destinations[0]).toMatchObject({
      model: 'SanDisk Ultra',
      serial: '4C530001',
      readBack: 64 * GB,
      bytesPerSecond: 12.8 * GB,
      errorCount: 0,
    });
    expect(made.destinations[1]).toMatchObject({
      state: 'failed',
      endedAt: '1970-01-01T00:00:04.000Z',
      errorCount: 1,
      errors: [{ code: 'MEDIUM_ERROR', offset: 12 * GB }],
    });
  });

  test.each([
    ['complete', [ended('a', 'done', true), ended('b', 'done', null)]],
    ['partial', [ended('a', 'done', true), ended('b', 'cancelled', null)]],
    ['failed', [ended('a', 'failed', false), ended('b', 'cancelled', null)]],
    ['cancelled', [ended('a', 'cancelled', null), ended('b', 'cancelled', null)]],
  ] as const)('gives a record the outcome %s', (outcome, ends) =>
    expect(record(['a', 'b'], [...ends]).outcome).toBe(outcome),
  );

  test('keeps the id by which a job can be resumed, and gives each later part an id of its own', () => {
    const job = '20261129-074504-afe212';
    expect(record(['/dev/sdb'], undefined, { job }).id).toBe(job);
    expect(record(['/dev/sdb'], undefined, { job, kind: 'resume' }).id).toMatch(/^19700101-000000-[0-9a-f]{6}$/);
  });

  test('has no good destination when the engine failed', () => {
    const broken = play(jobStarted(plan(['/dev/sdb']), 0), {
      event: 'failure',
      failure: { ...mediumError, code: 'HOST_FAILED', op: 'host' },
    });
    expect(recordOf(broken, 5000)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'HOST_FAILED' },
      destinations: [{ state: 'failed', verified: null }],
    });
  });

  test('keeps the first errors of many and their number, and reads as it was written', () => {
    const errors = Array.from({ length: 5000 }, () => mediumError);
    const made = record(['/dev/sdb'], [ended('/dev/sdb', 'failed', null, errors)]);
    expect(made.destinations[0]).toMatchObject({ errorCount: 5000 });
    expect(made.destinations[0]!.errors).toHaveLength(MOST_ERRORS);
    expect(recordSchema.parse(JSON.parse(JSON.stringify(recordToKeep(made))))).toEqual(made);
  });

  test('reads a record of an older version, whose requests had fewer options', () => {
    const made = record(['/dev/sdb']);
    const { stallTimeout, ...older } = keep(made.request);
    expect(stallTimeout).toBe(60);
    expect(recordSchema.parse({ ...made, request: older })).toEqual(made);
    expect(recordSchema.safeParse({ ...recordToKeep(made), version: 2 }).success).toBe(false);
  });

  test('shows the sentences of an older record as they were, and keeps facts beside sentences today', () => {
    const port = usbPort(2, 3);
    const ends = [{ ...ended('/dev/sdb', 'failed', null, [mediumError]) }];
    const made = record(['/dev/sdb'], ends, {
      destinations: [endpoint('/dev/sdb', { port })],
      notes: [{ kind: 'buffered', path: '/dev/sdb' }],
    });
    const kept = JSON.parse(JSON.stringify(recordToKeep(made))) as {
      notes: string[];
      destinations: { port: string; errors: object[] }[];
    };
    expect(kept).toMatchObject({
      notes: [expect.stringMatching(/^\/dev\/sdb does not support direct I\/O/)],
      destinations: [{ port: 'USB bus 1, hub 2, port 3', errors: [{ message: mediumError.message }] }],
    });
    expect(recordSchema.parse(kept)).toEqual(made);
    const sentences: unknown = JSON.parse(JSON.stringify(kept), (key, value: unknown) =>
      ['noteFacts', 'portFacts', 'reason', 'remedy'].includes(key) ? undefined : value,
    );
    expect(recordSchema.parse(sentences)).toMatchObject({
      notes: [{ kind: 'said', text: kept.notes[0] }],
      destinations: [
        {
          port: [{ kind: 'named', name: 'USB bus 1, hub 2, port 3' }],
          errors: [
            { reason: { kind: 'said', text: mediumError.message }, remedy: { kind: 'said', text: mediumError.advice } },
          ],
        },
      ],
    });
  });
});

describe('the history', () => {
  const day = 86_400_000;

  test('keeps the newest records, finds the last one, and skips files that are none', async () => {
    const folder = await bench.directory();
    const history = new History(folder, 3);
    expect(await history.all()).toEqual({ records: [], unreadable: 0 });
    await expect(history.get('last')).rejects.toBeInstanceOf(Refusal);
    const records = [1, 2, 3, 4, 5].map((index) => record(['/dev/sdb'], undefined, {}, index * day));
    for (const one of records) await history.add(one);
    expect(await readdir(join(folder, 'history'))).toHaveLength(3);
    await writeFile(join(folder, 'history', '19700107-000000-abcdef.json'), '{"format":');
    await writeFile(join(folder, 'history', 'notes.txt'), 'mine');
    const fresh = new History(folder, 3);
    expect(await fresh.all()).toEqual({ records: records.slice(2).reverse(), unreadable: 1 });
    expect((await fresh.get(records[4]!.id)).id).toBe(records[4]!.id);
    await expect(fresh.get('last')).rejects.toThrow('It is not a job record');
    await expect(fresh.get('../../etc/passwd')).rejects.toThrow('The history has no job');
  });

  test('says where and why the history cannot be written', async () => {
    const folder = await bench.directory();
    await writeFile(join(folder, 'history'), '');
    await expect(new History(folder).add(record(['/dev/sdb']))).rejects.toMatchObject({
      errors: [{ op: 'write', device: join(folder, 'history') }],
    });
  });

  test('finds records by words in any order', () => {
    const old = record(
      ['/dev/sdb'],
      undefined,
      { source: endpoint('/images/Büro.img', { kind: 'file', model: null, serial: null }) },
      Date.parse('2026-03-05T12:00:00Z'),
    );
    const bad = record(
      ['/dev/sdc'],
      [ended('/dev/sdc', 'failed', null, [mediumError])],
      { destinations: [endpoint('/dev/sdc', { model: 'Kingston', serial: 'KX99', port: usbPort(2, 3) })] },
      Date.parse('2026-04-06T12:00:00Z'),
    );
    const found = (query: string): number => search([old, bad], query).length;
    expect(search([old, bad], 'büro')).toEqual([old]);
    for (const query of [
      'kx99',
      'hub 2, port 3',
      'KINGSTON failed',
      'failed  kingston',
      '2026-04-06',
      '6 april',
      'medium_error',
      bad.id,
    ])
      expect(search([old, bad], query), query).toEqual([bad]);
    for (const query of ['verified', '/dev/sdb', '2026-03']) expect(search([old, bad], query), query).toEqual([old]);
    speakWith(() => 'de');
    for (const query of ['fehler', 'anschluss 3', 'failed']) expect(search([old, bad], query), query).toEqual([bad]);
    speakWith(() => 'en');
    expect([found(''), found(' '), found('2026'), found('nothing')]).toEqual([2, 2, 2, 0]);
  });
});

test('escapes quotes, line breaks, controls and formulas in the CSV table', () => {
  const nasty = [
    '=HYPERLINK("http://x")',
    '+1',
    '-1',
    '@SUM(A1)',
    '\ttab',
    'a,b',
    'say "x"',
    'two\r\nlines',
    'a;=1',
    '\u001b]0;title\u0007',
    'a\u009b2J',
    '\u202egnp.exe',
    'plain',
  ];
  const made = nasty.map((serial) =>
    record(['/dev/sdb'], undefined, { destinations: [endpoint('/dev/sdb', { serial })] }),
  );
  const csv = recordsCsv(made);
  expect(csv.endsWith('\r\n')).toBe(true);
  // Python's csv module, in its strict mode, as the judge.
  const read = spawnSync(
    'python3',
    [
      '-c',
      'import csv,json,sys,io; ' +
        'print(json.dumps(list(csv.DictReader(io.StringIO(sys.stdin.buffer.read().decode(), newline=""), ' +
        'strict=True))))',
    ],
    { input: csv, encoding: 'utf8' },
  );
  expect(read.stderr).toBe('');
  const rows = JSON.parse(read.stdout) as Record<string, string>[];
  expect(rows.map(({ serial }) => serial)).toEqual(
    nasty.map((text) => (/^[=+\-@]/u.test(text) ? `'${text}` : printable(text))),
  );
  expect(csv.replaceAll('\r\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/u);
  expect(rows[0]).toMatchObject({
    destination: '/dev/sdb',
    result: 'verified',
    bytes: String(64 * GB),
    started: '1970-01-01T00:00:00.000Z',
    errors: '0',
    error_offset: '',
  });
});

const cannot = canLab();

describe.skipIf(cannot !== null)(`records of jobs on real disks${cannot === null ? '' : ` (${cannot})`}`, () => {
  test('keeps a job as it was, finds it, and reports it as PDF, JSON and CSV', async () => {
    const directory = await bench.directory();
    const source = await bench.image('Größe 映像.img', 8 * MiB + 512);
    const [good, bad] = await Promise.all([bench.disk({ size: 16 * MiB }), bench.disk({ size: 16 * MiB })]);
    await bad.rule(`eio w ${2 * MiB} 4K`);
    const image = 'copy.img';
    const run = await platter(
      [
        'copy',
        source,
        good.device,
        bad.device,
        image,
        '--manifest',
        'm',
        '--throttle-dest',
        `${image}=4M`,
        '--yes',
        '--json',
      ],
      { cwd: directory },
    );
    expect(run.code, run.stderr).toBe(1);

    const listed = await platter(['history', '--json']);
    const [kept, ...others] = (JSON.parse(listed.stdout) as unknown[]).map((one) => recordSchema.parse(one));
    expect(others).toEqual([]);
    expect(kept).toMatchObject({
      outcome: 'partial',
      source: { path: source },
      bytes: 8 * MiB + 512,
      manifest: expect.stringMatching(/^[0-9a-f]{64}$/u) as string,
    });
    // Its paths are absolute, however they were typed.
    expect(kept!.destinations).toMatchObject([
      {
        path: good.device,
        state: 'done',
        verified: true,
        written: 8 * MiB + 512,
        readBack: 8 * MiB + 512,
        errorCount: 0,
      },
      { path: bad.device, state: 'failed', errors: [{ code: 'MEDIUM_ERROR', offset: 2 * MiB }] },
      { path: join(directory, image), state: 'done', verified: true },
    ]);
    // Each drive has its own end: the one that was held back ended last.
    const [fast, , slow] = kept!.destinations;
    expect(slow!.seconds).toBeGreaterThan(0.5);
    expect(fast!.seconds).toBeLessThan(slow!.seconds);
    expect(Date.parse(fast!.endedAt)).toBeLessThanOrEqual(Date.parse(slow!.endedAt));

    const people = await platter(['history', 'medium_error']);
    expect(people.stdout).toContain(`to ${bad.device}`);
    expect(people.stdout).toContain('partial');
    const unknown = await platter([
      'report',
      '20200101-000000-abcdef',
      '--json',
      join(await bench.directory(), 'report.json'),
    ]);
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^platter: The history has no job "20200101-000000-abcdef"\. .*\n$/) as string,
    });
    expect((await platter(['history', 'no', 'such', 'job'])).stdout).toContain('No job contains all of these words.');
    expect((await platter(['history', '--csv'])).stdout.split('\r\n')).toHaveLength(1 + 3 + 1);

    const reported = await platter(
      ['report', 'last', '--pdf', 'r.pdf', '--json', 'r.json', '--csv', 'r.csv', '--manifest', 'again.m'],
      { cwd: directory },
    );
    expect(reported.code, reported.stderr).toBe(0);
    expect((await readFile(join(directory, 'again.m'))).equals(await readFile(join(directory, 'm')))).toBe(true);
    expect(JSON.parse(await readFile(join(directory, 'r.json'), 'utf8'))).toEqual(recordToKeep(kept!));
    await writeFile(join(directory, 'letter'), 'precious');
    const said = pdfText(join(directory, 'r.pdf'));
    for (const text of [
      'Größe \\u{6620}\\u{50cf}.img',
      '2 verified',
      '1 failed',
      kept!.manifest!,
      'MEDIUM_ERROR',
      'sector 4,096',
      'Replace this drive',
      kept!.id,
      'Page 1 of 1',
    ])
      expect(said).toContain(text);
    expect(pdfInfo(join(directory, 'r.pdf'))).toMatchObject({
      Title: 'Größe 映像.img',
      Pages: '1',
      'Page size': expect.stringContaining('A4') as string,
    });
    for (const form of ['pdf', 'json', 'csv', 'manifest']) {
      const refused = await platter(
        ['report', 'last', `--${form}`, 'letter', '--json', 'new.json'].slice(0, form === 'json' ? 4 : 6),
        { cwd: directory },
      );
      expect(refused).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(
          'letter: It is there already. Name another file, or add --yes to replace it.',
        ) as string,
      });
    }
    expect([await readFile(join(directory, 'letter'), 'utf8'), existsSync(join(directory, 'new.json'))]).toEqual([
      'precious',
      false,
    ]);
    const twice = await platter(['report', 'last', '--json', 'same', '--csv', './same'], { cwd: directory });
    expect(twice, 'two forms in one file').toMatchObject({
      code: 2,
      stderr: expect.stringContaining('same: It is named twice. Name a file for each form of the report.') as string,
    });
    expect(existsSync(join(directory, 'same'))).toBe(false);
    expect((await platter(['report', 'last', '--json', 'letter', '--yes'], { cwd: directory })).code).toBe(0);
    expect(JSON.parse(await readFile(join(directory, 'letter'), 'utf8'))).toEqual(recordToKeep(kept!));
    const before = await readFile(join(directory, 'r.pdf'));
    await platter(['report', kept!.id, '--pdf', 'again.pdf'], { cwd: directory });
    expect((await readFile(join(directory, 'again.pdf'))).equals(before), 'the same record gives the same bytes').toBe(
      true,
    );
  });
});

describe('the command line of reports', () => {
  test('prints a job of 32 drives on several pages, each with the heading of the table', async () => {
    const directory = await bench.directory();
    const paths = Array.from({ length: 32 }, (_, index) => `/dev/sd${String.fromCharCode(97 + (index % 26))}${index}`);
    const many = record(
      paths,
      paths.map((path, index) =>
        index % 5 === 3
          ? ended(
              path,
              'failed',
              null,
              Array.from({ length: 9 }, () => mediumError),
            )
          : ended(path, 'done', true),
      ),
    );
    await new History(stateDirectory()).add(many);
    const run = await platter(['report', many.id, '--pdf', 'r.pdf'], { cwd: directory });
    expect(run.code, run.stderr).toBe(0);
    const pages = pdfText(join(directory, 'r.pdf'))
      .split('\f')
      .filter((page) => page !== '');
    expect(pages.length).toBeGreaterThan(2);
    for (const [index, page] of pages.entries()) {
      expect(page).toContain(`Page ${index + 1} of ${pages.length}`);
      if (index < pages.length - 1) expect(page).toContain('Port or path');
    }
    expect(pages.join('')).toContain('and 4 more errors');
  });

  test('refuses a report without a format, of an unknown job, or to a path that cannot be written', async () => {
    const directory = await bench.directory();
    expect(await platter(['report', 'last'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('name a file') as string,
    });
    expect(await platter(['report', 'last', '--json', 'r.json'], { cwd: directory })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the history is empty') as string,
    });
    await new History(stateDirectory()).add(record(['/dev/sdb']));
    await mkdir(join(directory, 'folder'));
    expect(await platter(['report', 'last', '--json', 'folder'], { cwd: directory })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a folder') as string,
    });
  });

  test('reports a history that cannot be kept, and finishes the job', async () => {
    const source = await bench.image('disk.img', MiB);
    const directory = await bench.directory();
    await writeFile(join(stateDirectory(), 'history'), 'in the way');
    const run = await platter(['copy', source, 'copy.img'], { cwd: directory });
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('this job is not in the history') as string });
    expect(existsSync(join(directory, 'copy.img'))).toBe(true);
  });
});

function pdfText(path: string): string {
  const { stdout, stderr, status } = spawnSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(stderr).toBe('');
  return stdout;
}

function pdfInfo(path: string): Record<string, string> {
  const { stdout, stderr } = spawnSync('pdfinfo', [path], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
}
