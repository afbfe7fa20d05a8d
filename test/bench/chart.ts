// The results as one SVG: bars for the rows, lines for the plots. Readable on light and dark. Pure.
import { secondsOf } from './bars.ts';
import { median, sizeText } from './figures.ts';
import type { RowResult } from './run.ts';
import type { Plot } from './series.ts';

const WIDTH = 960;
const MARGIN = 24;
const LABEL = 330;
const FIGURE = 150;
const LINE = 20;
const PLOT_HEIGHT = 220;
const AXIS = { left: 48, bottom: 40, top: 44, right: 16 };

const STYLE = `
  svg { --paper: #ffffff; --ink: #1d2126; --soft: #69727d; --grid: #e3e6ea; --platter: #1668c7; --peer: #b06a1c; --limit: #8a939e; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #16191d; --ink: #e7eaee; --soft: #9aa4b0; --grid: #2d333a; --platter: #5aa5f5; --peer: #e0a05a; --limit: #77818c; }
  }
  text { font: 13px system-ui, sans-serif; fill: var(--ink); }
  .title { font-size: 15px; font-weight: 600; } .soft { fill: var(--soft); } .end { text-anchor: end; } .middle { text-anchor: middle; }
  .paper { fill: var(--paper); } .grid { stroke: var(--grid); fill: none; }
  .platter { fill: var(--platter); } .peer { fill: var(--peer); } .limit { fill: var(--limit); }
  .line { fill: none; stroke-width: 2; } .line.platter { stroke: var(--platter); fill: none; } .line.limit { stroke: var(--limit); fill: none; }
`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const n = (value: number): string => String(Math.round(value * 10) / 10);
const text = (x: number, y: number, content: string, kind = ''): string =>
  `<text x="${n(x)}" y="${n(y)}"${kind && ` class="${kind}"`}>${escaped(content)}</text>`;

/** A part of the picture, and its height. */
interface Part {
  svg: string;
  height: number;
}

/** Horizontal bars of each entry's seconds in a row. The slowest has the full width. */
function rowBars(row: RowResult): Part {
  const entries = row.entries.flatMap((entry) => {
    const seconds = secondsOf(entry);
    return seconds === null ? [] : [{ ...entry, seconds }];
  });
  const most = Math.max(...entries.map(({ seconds }) => seconds));
  const scale = (WIDTH - 2 * MARGIN - LABEL - FIGURE) / most;
  const lines = entries.map(({ name, kind, seconds, against }, i) => {
    const limit = entries.find((entry) => entry.name === against)?.seconds;
    const y = 32 + i * LINE;
    const ratio = limit === undefined ? '' : `  (${(seconds / limit).toFixed(2)} x)`;
    return [
      text(LABEL - 8, y + 13, name, 'end'),
      `<rect x="${n(LABEL)}" y="${n(y + 3)}" width="${n(Math.max(1, seconds * scale))}" height="${String(LINE - 7)}" rx="2" class="${kind}"/>`,
      text(LABEL + seconds * scale + 6, y + 13, `${seconds.toFixed(2)} s${ratio}`, 'soft'),
    ].join('');
  });
  const title = text(0, 18, `${row.title}, ${sizeText(row.bytes)}`, 'title');
  return { svg: [title, ...lines].join('\n'), height: 32 + entries.length * LINE + 22 };
}

/** A round number not below `value`: 1, 2 or 5 times a power of ten. */
export function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

/** Lines through the medians. Both axes start at 0. */
function plotLines(plot: Plot, width: number): Part {
  const lines = plot.series.map(({ name, points }) => ({
    name,
    points: points.map(({ x, seconds }) => ({ x, y: median(seconds) })),
  }));
  const all = lines.flatMap(({ points }) => points);
  const [mostX, mostY] = [Math.max(...all.map(({ x }) => x)), roundedUp(Math.max(...all.map(({ y }) => y)))];
  const [w, h] = [width - AXIS.left - AXIS.right, PLOT_HEIGHT - AXIS.top - AXIS.bottom];
  const atX = (x: number): number => AXIS.left + (x / mostX) * w;
  const atY = (y: number): number => AXIS.top + h - (y / mostY) * h;
  const rules = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const y = atY(part * mostY);
    return `<path class="grid" d="M${n(AXIS.left)} ${n(y)}H${n(AXIS.left + w)}"/>${text(AXIS.left - 6, y + 4, String(Number((part * mostY).toPrecision(3))), 'soft end')}`;
  });
  const ticks = [...new Set(all.map(({ x }) => x))].map((x) =>
    text(atX(x), AXIS.top + h + 16, String(Number(x.toPrecision(3))), 'soft middle'),
  );
  const drawn = lines.map(({ points }, i) => {
    const kind = i === 0 ? 'platter' : 'limit';
    const path = points.map(({ x, y }, k) => `${k === 0 ? 'M' : 'L'}${n(atX(x))} ${n(atY(y))}`).join('');
    return `<path class="line ${kind}" d="${path}"/>${points.map(({ x, y }) => `<circle class="${kind}" cx="${n(atX(x))}" cy="${n(atY(y))}" r="3.5"/>`).join('')}`;
  });
  const legend = lines.map(({ name }, i) => {
    const x = AXIS.left + i * 140;
    return `<rect x="${n(x)}" y="25" width="10" height="10" rx="2" class="${i === 0 ? 'platter' : 'limit'}"/>${text(x + 15, 34, name, 'soft')}`;
  });
  const axis = text(AXIS.left + w, AXIS.top + h + 33, `${plot.x}; seconds upwards`, 'soft end');
  return {
    svg: [text(0, 14, plot.title, 'title'), ...legend, ...rules, ...ticks, ...drawn, axis].join('\n'),
    height: PLOT_HEIGHT + 16,
  };
}

/** The whole picture. `facts` are lines about the machine and the run. */
export function chart(rows: readonly RowResult[], plots: readonly Plot[], facts: readonly string[]): string {
  const head: Part = {
    svg: facts.map((fact, i) => text(0, 16 + i * 18, fact, i === 0 ? 'title' : 'soft')).join('\n'),
    height: facts.length * 18 + 20,
  };
  const measured = rows.filter(({ entries }) => entries.some(({ samples }) => samples.length > 0));
  const parts = [head, ...measured.map(rowBars), ...plots.map((plot) => plotLines(plot, WIDTH - 2 * MARGIN))];
  let y = MARGIN;
  const groups = parts.map(({ svg, height }) => {
    const group = `<g transform="translate(${String(MARGIN)} ${n(y)})">\n${svg}\n</g>`;
    y += height;
    return group;
  });
  const height = Math.ceil(y + MARGIN / 2);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${String(WIDTH)}" height="${String(height)}" viewBox="0 0 ${String(WIDTH)} ${String(height)}" role="img" aria-label="${escaped(facts[0] ?? '')}">
<style>${STYLE}</style>
<rect class="paper" width="100%" height="100%"/>
${groups.join('\n')}
</svg>
`;
}
