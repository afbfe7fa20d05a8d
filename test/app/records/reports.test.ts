// Reports of ended jobs as PDF, JSON and CSV, from the command line. Other tools judge the files.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { printable } from '../../../app/cli/output/text.ts';
import { recordsCsv } from '../../../app/records/csv.ts';
import { History } from '../../../app/records/history.ts';
import { recordSchema, recordToKeep } from '../../../app/records/record.ts';
import { canLab } from '../../lab/lab.ts';
import { Bench, MiB, platter, stateDirectory } from '../cli/support.ts';
import { endpoint, ended, GB, mediumError } from '../cli/views.ts';
import { record } from './records.ts';

const bench = new Bench();
afterEach(() => bench.clear());

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
    await new History(stateDirectory()).add({ ...many, seconds: 85 });
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
    expect(pages[0]).toMatch(/Took\s+85 s/u);
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
