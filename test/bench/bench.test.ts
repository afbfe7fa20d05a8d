// The computations and drawings of the bench, with invented figures.
import { describe, expect, it } from 'vitest';
import { bars, type Results } from './bars.ts';
import { chart, roundedUp } from './chart.ts';
import { GiB, median, MiB, sizeOf, sizeText, straightLine } from './figures.ts';
import type { Sample } from './measure.ts';
import { ENGINE, HASHING, LIMIT } from './rows.ts';
import type { EntryResult, RowResult } from './run.ts';
import { markdown, report, rowTable } from './table.ts';
import { missingProgram, quoted, shell } from './shell.ts';
import { CLONEZILLA, OURS, OURS_UNVERIFIED } from './used-blocks.ts';

const sample = (seconds: number, cpu: number | null = null): Sample => ({
  seconds,
  wall: seconds + 0.25,
  cpu,
  busy: seconds,
  memory: { resident: 100 * MiB, own: 40 * MiB, everything: 130 * MiB },
});
const entry = (name: string, kind: EntryResult['kind'], seconds: number[], cpu?: number): EntryResult => ({
  name,
  kind,
  against: LIMIT,
  samples: seconds.map((s) => sample(s, cpu)),
  missing: seconds.length > 0 ? null : 'not installed',
});

const oneToFour: RowResult = {
  id: '1-4',
  title: '1->4',
  bytes: GiB,
  destinations: 4,
  entries: [
    entry(LIMIT, 'limit', [1, 1.2, 0.8]),
    entry(ENGINE, 'platter', [0.5, 0.9, 0.6]),
    entry(HASHING, 'platter', [0.6], 0.4),
    entry('dd in parallel', 'peer', [2, 2, 2]),
    entry('dcfldd', 'peer', []),
  ],
};
const oneToOne: RowResult = {
  ...oneToFour,
  id: '1-1',
  title: '1->1',
  destinations: 1,
  entries: [entry('dd', 'peer', [0.5], 0.1), entry(HASHING, 'platter', [0.4], 0.2)],
};
const results: Results = {
  rows: [oneToOne, oneToFour],
  plots: [
    {
      id: 'bytes',
      title: 'Time & bytes',
      x: 'GiB',
      series: [{ name: 'platter engine', points: [1, 2, 4].map((x) => ({ x, seconds: [x * 0.5] })) }],
    },
  ],
  extras: { hashing: 0.05, manifest: 'no manifest' },
  startUp: { usable: [1.2, 0.9, 1.4], bare: [0.5, 0.6, 0.4], bytes: 2.5e6 },
};

describe('figures', () => {
  it('takes the median, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('fits a line through points, and finds the farthest one', () => {
    expect(
      straightLine([
        { x: 1, y: 3 },
        { x: 2, y: 5 },
        { x: 4, y: 9 },
      ]),
    ).toMatchObject({
      offset: expect.closeTo(1) as number,
      slope: expect.closeTo(2) as number,
      worst: expect.closeTo(0) as number,
    });
    expect(
      straightLine([
        { x: 0, y: 1 },
        { x: 1, y: 4 },
        { x: 2, y: 1 },
      ]).worst,
    ).toBeCloseTo(1);
  });

  it('reads and writes sizes', () => {
    expect([sizeOf('64M'), sizeOf('2G')]).toEqual([64 * MiB, 2 * GiB]);
    for (const wrong of ['', '0M', '1.5G', '64', '64m', '-1G']) expect(() => sizeOf(wrong)).toThrow('a size is');
    expect([sizeText(512 * MiB), sizeText(2 * GiB), sizeText(1.5 * GiB)]).toEqual(['512 MiB', '2 GiB', '1536 MiB']);
  });
});

describe('the table', () => {
  it('aligns columns, and escapes a bar in a cell', () => {
    expect(
      markdown(
        ['what', 's'],
        ['left', 'right'],
        [
          ['a|b', '1.25'],
          ['c', '10'],
        ],
      ),
    ).toBe(['| what |    s |', '|------|-----:|', '| a\\|b | 1.25 |', '| c    |   10 |'].join('\n'));
  });

  it('shows medians, the ratio to the limit, and the reason where there are none', () => {
    const text = rowTable(oneToFour);
    expect(text).toMatch(/^\| platter engine +\| +0\.600 \| 0\.500 to 0\.900 \| 0\.60 \|/mu);
    expect(text).toContain('- dcfldd: not installed');
  });

  it('says how much was written when that was not everything', () => {
    const spared = entry(ENGINE, 'platter', [1]);
    spared.samples[0]!.written = 40 * MiB;
    expect(rowTable({ ...oneToFour, entries: [spared] })).toContain('- platter engine: wrote 40 MiB of 4 GiB');
  });
});

describe('the bars', () => {
  const found = (part: string): unknown => bars(results).find(({ what }) => what.includes(part));

  it('says met, not met, or not measured', () => {
    expect(found('1->4: time against one fio')).toMatchObject({ bar: 'at most 0.70 x', text: '0.60 x', met: true });
    expect(found('1->8: time against one fio')).toMatchObject({ measured: null, met: null, text: 'not measured' });
    expect(found('manifest')).toMatchObject({ met: null, text: 'no manifest' });
    expect(found('resident, added up')).toMatchObject({ met: null });
    expect(found('memory of the process with the engine')).toMatchObject({ met: true, text: '100.0 MiB' });
  });

  it('compares processor time with dd and the hashing, per GiB written', () => {
    expect(found('1->1: processor time')).toMatchObject({
      bar: 'at most 0.150 s/GiB',
      text: '0.200 s/GiB',
      met: false,
    });
    expect(found('1->4: processor time')).toMatchObject({ text: '0.100 s/GiB', met: true });
  });

  it('takes the median of the starts, and shows what Electron alone takes', () => {
    expect(found('start-up of the package')).toMatchObject({
      what: expect.stringContaining('against a bare Electron (0.50 s to a page)') as string,
      text: '2.40 x',
      met: false,
    });
    expect(found('without Electron')).toMatchObject({ bar: 'at most 8.00 MB', text: '2.50 MB', met: true });
  });

  it('compares with the fastest peer that is installed', () => {
    expect(found('1->4: time against the fastest peer (dd in parallel)')).toMatchObject({
      measured: expect.closeTo(0.3) as number,
      met: true,
    });
  });

  it('compares images of used blocks with those of partclone and zstd', () => {
    const image = (name: string, kind: EntryResult['kind'], seconds: number, bytes: number): EntryResult => ({
      ...entry(name, kind, []),
      samples: [{ ...sample(seconds, 4), wall: seconds, image: bytes }],
      missing: null,
    });
    const entries = [
      image(CLONEZILLA, 'peer', 10, 1000),
      image(OURS, 'platter', 5, 1050),
      image(OURS_UNVERIFIED, 'platter', 2, 1050),
    ];
    const row: RowResult = { ...oneToOne, id: 'used-ext4', title: 'used: ext4', entries };

    const measured = bars({ ...results, rows: [row] });

    expect(measured.filter(({ what }) => what.startsWith('used: ext4'))).toMatchObject([
      { what: expect.stringContaining('fastest peer') as string, text: '0.50 x', met: true },
      { what: expect.stringContaining('size') as string, text: '1.050 x', met: false },
      { what: expect.stringContaining('processors') as string, measured: 2 },
    ]);
    expect(rowTable(row)).toContain('- platter copy --used: an image of 1,050 bytes');
  });

  it('finds time linear when it is', () => {
    expect(found('straight line')).toMatchObject({ measured: expect.closeTo(0) as number, met: true });
  });

  it('puts the bars at the end of the report', () => {
    const text = report(results, bars(results), ['A machine']);
    expect(text).toContain('NOT met');
    expect(text.startsWith('A machine\n')).toBe(true);
  });
});

describe('the chart', () => {
  const svg = chart(results.rows, results.plots, ['A <machine>', 'and a day']);

  it('draws a well-formed SVG with every bar and its figure', () => {
    const open = [...svg.matchAll(/<([a-z]+)(?: [^>]*[^/>])?>/gu)].map(([, name]) => name);
    const closed = [...svg.matchAll(/<\/([a-z]+)>/gu)].map(([, name]) => name);
    expect(open.sort()).toEqual(closed.sort());
    expect(svg).toContain('0.60 s  (0.60 x)');
    expect(svg).toContain('A &lt;machine&gt;');
    expect(svg).toContain('Time &amp; bytes');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/u);
  });

  it('has colours for light and for dark', () => {
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  it('ends its axis on a round number', () => {
    expect([0.07, 0.1, 1.2, 3, 7, 12].map(roundedUp).map((value) => Number(value.toPrecision(3)))).toEqual([
      0.1, 0.1, 2, 5, 10, 20,
    ]);
  });
});

describe('programs run by the shell', () => {
  it("takes the time that each dd prints, and leaves the slow one's out", async () => {
    const wait = (n: number, seconds: string): string =>
      `start to${String(n)} bash -c ${quoted(`echo "1 byte copied, ${seconds} s, 1 MB/s" >&2`)}`;
    const script = { text: `${wait(0, '0.5')}\n${wait(1, '20.25')}\nwait_for to0 to1`, tells: true };
    expect((await shell(script, {})).seconds).toBe(20.25);
    expect((await shell(script, { slow: 1 })).seconds).toBe(0.5);
  });

  it('counts processor time without start-up, and fails when a program fails', async () => {
    const busy = { text: 'for ((i = 0; i < 100000; i++)); do :; done', tells: false };
    const { cpu, seconds, wall } = await shell(busy, {}, 0.01);
    expect(cpu).toBeGreaterThan(0.02);
    expect(wall - seconds).toBeCloseTo(0.01);
    await expect(
      shell(
        { text: `start to0 bash -c 'echo "no such disk" >&2; exit 3'\nwait_for to0 || return\ntrue`, tells: true },
        {},
      ),
    ).rejects.toThrow('no such disk');
    await expect(shell({ text: 'cmp /dev/zero /no/such/file', tells: false }, {})).rejects.toThrow('/no/such/file');
  });

  it('says how to install what is missing', () => {
    expect(missingProgram('sh')).toBeNull();
    expect(missingProgram('no-such-program', 'some-package')).toBe('not installed: apt-get install some-package');
  });
});
