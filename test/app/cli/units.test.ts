// The pure parts of the command line: sizes, times, text, exit codes.
import { describe, expect, test } from 'vitest';
import { EXIT, exitCode } from '../../../app/cli/output/exit-code.ts';
import { formatTime, parseSize } from '../../../app/cli/output/quantities.ts';
import { terminalOf } from '../../../app/cli/output/streams.ts';
import { columns, fit, inAscii, printable, printableJson, wrap } from '../../../app/cli/output/text.ts';
import type { DestinationResult, JobResult, Plan } from '../../../app/contract/jobs.ts';
import { english } from '../../../app/base/english.ts';
import { place, size } from '../../../app/base/figures.ts';
import { rate } from '../../../app/words/figures.ts';

describe('sizes', () => {
  test.each([
    ['4096', 4096],
    ['16K', 16384],
    ['16M', 16 * 1024 ** 2],
    ['16m', 16 * 1024 ** 2],
    ['1G', 1024 ** 3],
    ['1T', 1024 ** 4],
    ['16MiB', 16 * 1024 ** 2],
    ['16 MiB', 16 * 1024 ** 2],
    ['1.5G', 1.5 * 1024 ** 3],
    [' 8M ', 8 * 1024 ** 2],
    ['0', 0],
  ])('%j is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    '',
    ' ',
    'M',
    '-1M',
    '+1',
    '1e6',
    '0x10',
    '1X',
    '16MM',
    '1,5G',
    'NaN',
    'Infinity',
    '0.3',
    '9'.repeat(30),
    '1G1',
  ])('%j is no size', (text) => expect(parseSize(text)).toBeNull());
});

describe('words', () => {
  test.each([
    [0, '0 s'],
    [0.4, '0 s'],
    [12.3, '12 s'],
    [59.4, '59 s'],
    [59.5, '1 min'],
    [90, '2 min'],
    [3599, '1 h 0 min'],
    [7800, '2 h 10 min'],
    [35_940, '9 h 59 min'],
    [36_000, '10 h'],
    [90_000, '25 h'],
    [-1, '0 s'],
  ])('%d seconds read %j', (seconds, text) => expect(formatTime(seconds)).toBe(text));

  test.each([
    [0, '0 MB/s'],
    [9_460_000, '9.5 MB/s'],
    [432_000_000, '432 MB/s'],
    [20e9, '20,000 MB/s'],
  ])('%d bytes a second read %j, as in the window', (bytes, text) => expect(rate(bytes)).toBe(text));
});

describe('F35 figures in sentences', () => {
  test.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [64e9, '64.0 GB'],
    [999_999_999, '1.0 GB'],
    [5e18, '5000.0 PB'],
  ])('%d bytes read %j', (bytes, text) => expect(size(bytes)).toBe(text));

  test('writes a place as "1 byte" or "1.0 MB"', () => {
    expect([place(1, 1), place(1024 ** 2, 512)]).toEqual(['1 byte (sector 0)', '1.0 MB (sector 2,048)']);
  });

  test('writes a date in a sentence as in the lists', () => {
    const began = new Date(2026, 10, 28, 23, 59).getTime();
    expect(english.note({ kind: 'beginsAgain', began })).toMatch(/^The job of 2026-11-28 23:59 /u);
  });
});

describe('F32 the terminal', () => {
  test.each([
    [{}, { moves: false, utf8: false }],
    [
      { TERM: 'dumb', LANG: 'en_US.UTF-8' },
      { moves: false, utf8: true },
    ],
    [
      { TERM: 'xterm', LANG: 'C' },
      { moves: true, utf8: false },
    ],
    [
      { TERM: 'xterm', LANG: 'C.UTF-8' },
      { moves: true, utf8: true },
    ],
    [
      { TERM: 'xterm', LANG: 'de_DE.utf8@euro' },
      { moves: true, utf8: true },
    ],
    [
      { TERM: 'xterm', LANG: 'de_DE.UTF-8', LC_ALL: 'POSIX' },
      { moves: true, utf8: false },
    ],
    [
      { TERM: 'xterm', LANG: 'C', LC_CTYPE: 'C.UTF-8', LC_ALL: '' },
      { moves: true, utf8: true },
    ],
    [
      { TERM: 'linux', LANG: 'C.UTF-8' },
      { moves: true, utf8: false },
    ],
  ])('of %j is %j', (env, kind) => expect(terminalOf(env)).toEqual(kind));

  test('names every other character on a terminal that shows only ASCII', () => {
    expect(inAscii('\u2026 a\u001b[1mb \u00fc \u{1f4be}')).toBe('~ a\u001b[1mb \\u{fc} \\u{1f4be}');
  });
});

describe('text on a terminal', () => {
  test('F33 escapes the same characters in JSON, which reads the same', () => {
    const value = { path: 'a\u001b\u007f\u009b31m\u202e\n' };
    for (const indent of [undefined, 2]) {
      const text = printableJson(value, indent);
      expect(text).not.toMatch(/[\u001b\u007f-\u009f\u202e]/u);
      expect(JSON.parse(text)).toEqual(value);
    }
  });

  test('writes out what would steer the terminal', () => {
    expect(printable('a\u001b[2Jb\nc\u202ed\u009be')).toBe('a\\x1b[2Jb\\x0ac\\u202ed\\x9be');
    expect(printable('Grüße 日本.img')).toBe('Grüße 日本.img');
  });

  test('counts two columns for wide characters, none for combining ones', () => {
    expect(columns('日本')).toBe(4);
    expect(columns('é'.normalize('NFD'))).toBe(1);
    expect(columns('/dev/sdb')).toBe(8);
  });

  test.each(['/dev/sdb', '/home/someone/images/raspberry.img', '日本語のディスク.img', ''])(
    '%j fits any width exactly',
    (text) => {
      for (let width = 1; width < 50; width += 1) {
        expect(columns(fit(text, width))).toBe(width);
        expect(columns(fit(text, width, 'start'))).toBe(width);
      }
    },
  );

  test('breaks sentences between words, and indents from the second line on', () => {
    expect(wrap('platter: one two three four', 16, '    ')).toEqual(['platter: one two', '    three four']);
    expect(wrap('short', 80, '    ')).toEqual(['short']);
    expect(wrap('a-word-longer-than-the-line', 10, '  ')).toEqual(['a-word-longer-than-the-line']);
  });

  test('keeps the end of a path', () => expect(fit('/long/way/to/copy.img', 9, 'start')).toBe('…copy.img'));
});

describe('exit codes', () => {
  const states = ['done', 'failed', 'cancelled'] as const;
  const verdicts = [true, false, null] as const;
  const kinds = states.flatMap((state) => verdicts.map((verified) => ({ state, verified })));
  const result = (destinations: Pick<DestinationResult, 'state' | 'verified'>[]): JobResult => ({
    readErr: 0,
    writeErr: 0,
    seconds: 1,
    bytes: 1,
    cancelled: false,
    errors: [],
    manifest: null,
    rescue: null,
    sourceWritten: false,
    notes: [],
    destinations: destinations.map((one, index) => ({
      ...one,
      path: String(index),
      uncompared: 0,
      written: 0,
      kept: 0,
      seconds: 1,
      errors: [],
    })),
  });
  const copy: Pick<Plan, 'notes'> = { notes: [] };
  const good = ({ state, verified }: { state: string; verified: boolean | null }): boolean =>
    state === 'done' && verified !== false;

  test('gives every outcome of up to three destinations its documented exit code', () => {
    const outcomes = kinds.flatMap((a) => [[a], ...kinds.flatMap((b) => [[a, b], ...kinds.map((c) => [a, b, c])])]);
    expect(outcomes).toHaveLength(9 + 81 + 729);
    for (const outcome of outcomes) {
      const code = exitCode(result(outcome), copy, true);
      if (outcome.some(({ state }) => state === 'cancelled')) expect(code).toBe(130);
      else expect(code).toBe(exitCode(result(outcome), copy, false));
    }
    for (const outcome of outcomes) {
      // Each was cancelled alone: it is not good, but the job was not stopped.
      const code = exitCode(result(outcome), copy, false);
      if (outcome.every(({ state }) => state === 'cancelled')) expect(code).toBe(130);
      else if (outcome.every(good)) expect(code).toBe(0);
      else if (outcome.some(good)) expect(code).toBe(1);
      else expect(code).toBe(3);
    }
  });

  test('does not exit with 0 after a rescue that left holes', () => {
    const good = [{ state: 'done', verified: true }] as const;
    expect(exitCode({ ...result([...good]), rescue: { rescued: 10, bad: 0 } }, copy, false)).toBe(0);
    expect(exitCode({ ...result([...good]), rescue: { rescued: 9, bad: 1 } }, copy, false)).toBe(1);
    expect(
      exitCode({ ...result([{ state: 'failed', verified: null }]), rescue: { rescued: 9, bad: 1 } }, copy, false),
    ).toBe(3);
  });

  test('counts a destination as not good when it was not there to be continued', () =>
    expect(
      exitCode(result([{ state: 'done', verified: true }]), { notes: [{ kind: 'leftOut', path: '/dev/sdz' }] }, false),
    ).toBe(1));

  test('has the documented exit codes', () =>
    expect(EXIT).toEqual({ allGood: 0, someFailed: 1, refused: 2, noneGood: 3, cancelled: 130 }));
});
