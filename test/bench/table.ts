// The results as Markdown that is also readable on a terminal. Pure.
import { type Bar, middle, type Results, secondsOf } from './bars.ts';
import { GiB, median, MiB, sizeText } from './figures.ts';
import type { Sample } from './measure.ts';
import type { EntryResult, RowResult } from './run.ts';
import type { Plot } from './series.ts';

/** Words are aligned left, figures right. */
export type Align = 'left' | 'right';

/** A Markdown table whose columns are also aligned as text. */
export function markdown(
  head: readonly string[],
  aligns: readonly Align[],
  lines: readonly (readonly string[])[],
): string {
  const safe = [head, ...lines].map((line) => line.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(3, ...safe.map((line) => (line[i] ?? '').length)));
  const row = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (aligns[i] === 'right' ? (cells[i] ?? '').padStart(width) : (cells[i] ?? '').padEnd(width))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (aligns[i] === 'right' ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`;
  return [row(safe[0]!), rule, ...safe.slice(1).map(row)].join('\n');
}

const HEAD = [
  'program',
  's, median',
  'min to max',
  'x',
  'MiB/s each',
  'CPU s/GiB',
  'start-up s',
  'MiB resident',
  'MiB own',
  'MiB everything',
];
const ALIGN: Align[] = ['left', ...HEAD.slice(1).map((): Align => 'right')];

const figure = (value: number | null, digits: number): string => (value === null ? '' : value.toFixed(digits));

function cells(row: RowResult, entry: EntryResult, limit: number | null): string[] {
  const seconds = secondsOf(entry);
  if (seconds === null) return [entry.name, '-', entry.missing ?? 'not run'];
  const all = entry.samples.map((s) => s.seconds);
  const cpu = middle(entry, (s) => s.cpu);
  const peak = (of: (memory: Sample['memory']) => number): string =>
    figure(Math.max(...entry.samples.map((s) => of(s.memory))) / MiB, 0);
  return [
    entry.name,
    seconds.toFixed(3),
    `${Math.min(...all).toFixed(3)} to ${Math.max(...all).toFixed(3)}`,
    limit === null ? '' : (seconds / limit).toFixed(2),
    (row.bytes / MiB / seconds).toFixed(0),
    cpu === null ? '' : (cpu / ((row.bytes * row.destinations) / GiB)).toFixed(3),
    figure(
      middle(entry, (s) => Math.max(0, s.wall - s.seconds)),
      2,
    ),
    peak((m) => m.resident),
    peak((m) => m.own),
    peak((m) => m.everything),
  ];
}

/** One row of the bench: the figures of all entries, and below them the reasons of those without. */
export function rowTable(row: RowResult): string {
  const lines = row.entries.map((entry) =>
    cells(row, entry, secondsOf(row.entries.find(({ name }) => name === entry.against))),
  );
  const there = lines.filter(([, seconds]) => seconds !== '-');
  const written = row.entries.flatMap(({ name, samples }) => {
    const bytes = samples.at(-1)?.written ?? 0;
    const all = row.bytes * row.destinations;
    return bytes > 0 && bytes < all / 2 ? [`- ${name}: wrote ${sizeText(bytes)} of ${sizeText(all)}`] : [];
  });
  const images = row.entries.flatMap((entry) => {
    const bytes = middle(entry, (s) => s.image ?? null);
    return bytes === null ? [] : [`- ${entry.name}: an image of ${bytes.toLocaleString('en')} bytes`];
  });
  const missing = lines.filter(([, seconds]) => seconds === '-').map(([name = '', , why = '']) => `- ${name}: ${why}`);
  const parts = [`### ${row.title}, ${sizeText(row.bytes)}`, markdown(HEAD, ALIGN, there)];
  const remarks = [...written, ...images, ...missing];
  if (remarks.length > 0) parts.push(remarks.join('\n'));
  return parts.join('\n\n');
}

function plotTable(plot: Plot): string {
  const xs = plot.series[0]?.points.map(({ x }) => x) ?? [];
  const head = [`s, median, at ${plot.x}`, ...xs.map(String)];
  const lines = plot.series.map(({ name, points }) => [
    name,
    ...points.map(({ seconds }) => median(seconds).toFixed(3)),
  ]);
  return `### ${plot.title}\n\n${markdown(head, ['left', ...xs.map((): Align => 'right')], lines)}`;
}

const verdict = ({ met }: Bar): string => (met === null ? '-' : met ? 'met' : 'NOT met');

/** The bars, one per line. */
export function barTable(bars: readonly Bar[]): string {
  const lines = bars.map((bar) => [bar.what, bar.bar, bar.text, verdict(bar)]);
  return `### Bars\n\n${markdown(['what', 'bar', 'measured', ''], ['left', 'right', 'right', 'left'], lines)}`;
}

/** The whole report. `facts`: lines about the machine and the run. */
export function report(results: Results, bars: readonly Bar[], facts: readonly string[]): string {
  return [facts.join('\n'), ...results.rows.map(rowTable), ...results.plots.map(plotTable), barTable(bars)].join(
    '\n\n',
  );
}
