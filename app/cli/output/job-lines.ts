// A job as lines of text. Pure, so that every width and state can be tested without a terminal.
import type { JobError } from '../../contract/errors.ts';
import type { DestinationProgress, Plan } from '../../contract/jobs.ts';
import type { JobView } from '../../contract/window.ts';
import { isOver } from '../../view/reduce-events.ts';
import { secondsLeftOf } from '../../view/total-progress.ts';
import { isComplete, isVerdict, tilesOf, type Tile } from '../../view/destination-progress.ts';
import { rate } from '../../words/figures.ts';
import type { TileState } from '../../words/states.ts';
import { formatTime } from './quantities.ts';
import { afterwards, countWords, keptPhrase, phraseOf, rescueWords, verdict } from './job-sentences.ts';
import { shown } from './typed-paths.ts';
import { alignRight, columns, fit, printable, wrap, type Paint, type Style } from './text.ts';

/** The terminal that shows the lines. */
export interface Screen {
  /** Available columns. */
  width: number;
  /** Available lines; destinations beyond them are summed up in one. */
  height: number;
  paint: Paint;
  /** False when only ASCII can be shown. */
  unicode: boolean;
  /** The destination that keys act on, null for all. Undefined without a keyboard. */
  selected?: number | null;
}

const STYLES: Record<TileState, Style> = {
  waiting: 'faint',
  comparing: 'busy',
  copying: 'busy',
  unpacking: 'busy',
  flushing: 'busy',
  verifying: 'busy',
  repairing: 'busy',
  paused: 'faint',
  stalled: 'strong',
  verified: 'good',
  mappedVerified: 'good',
  sourceWritten: 'strong',
  partlyVerified: 'strong',
  written: 'strong',
  failed: 'bad',
  removed: 'bad',
  cancelled: 'faint',
};
const GLYPHS: Record<TileState, [unicode: string, ascii: string]> = {
  waiting: ['·', '.'],
  comparing: ['●', '>'],
  copying: ['●', '>'],
  unpacking: ['●', '>'],
  flushing: ['●', '>'],
  verifying: ['●', '>'],
  repairing: ['●', '>'],
  paused: ['‖', '='],
  stalled: ['!', '!'],
  verified: ['✓', '+'],
  mappedVerified: ['✓', '+'],
  sourceWritten: ['!', '!'],
  partlyVerified: ['!', '!'],
  written: ['✓', '+'],
  failed: ['✗', 'x'],
  removed: ['✗', 'x'],
  cancelled: ['–', '-'],
};
/** States in which bytes move, so that a speed has a meaning. */
const MOVING: ReadonlySet<TileState> = new Set<TileState>([
  'comparing',
  'copying',
  'unpacking',
  'verifying',
  'repairing',
]);
const STATE_WIDTH = 'verifying'.length;
const PERCENT_WIDTH = '100 %'.length;
const RATE_WIDTH = '10,000 MB/s'.length;
const TIME_WIDTH = '9 h 59 min left'.length;
const NAME_MIN = 8;
const NAME_MAX = 28;
const BAR_MIN = 10;
const BAR_MAX = 36;

/** The live view: a line per destination, in the user's order, and a summary. */
export function liveLines(view: JobView, screen: Screen): string[] {
  const { destinations } = view.progress;
  const selected = screen.selected ?? null;
  const below = ['', ...rescueLine(view, screen), summaryLine(view, screen), ...keysLine(view, screen)];
  const room = Math.max(1, screen.height - below.length);
  let shown = destinations.map((_, index) => index);
  if (shown.length > room) {
    // Too many for the terminal: show those still at work; the summary counts the others.
    shown = shown.filter((index) => !isOver(destinations[index]!.state) || index === selected);
    const first = selected === null ? 0 : Math.max(0, shown.indexOf(selected) - room + 1);
    shown = shown.slice(first, first + room);
  }
  const layout = layOut(view.plan, screen.width);
  return [...shown.map((index) => destinationLine(view, index, layout, screen)), ...below];
}

/** The view of an ended job: every destination's line, the verdict, and anything else worth knowing. */
export function finalLines(view: JobView, screen: Screen): string[] {
  const layout = layOut(view.plan, screen.width);
  const destinations = view.progress.destinations.map((_, index) =>
    destinationLine(view, index, layout, { ...screen, selected: undefined }),
  );
  return [...destinations, '', ...[verdict(view), ...afterwards(view)].flatMap((line) => wrap(line, screen.width, ''))];
}

/** The whole job on one line, for a log, in `plain` text without a limit. */
export function logLine(view: JobView): string {
  const tiles = tilesOf(view);
  const each = view.progress.destinations.map((destination, index) => {
    const detail = isOver(destination.state) ? '' : ` ${percent(tiles[index]!)} % ${rate(destination.bytesPerSecond)}`;
    return `${shown(destination.path)}: ${phraseOf(view, index)}${detail}`;
  });
  const { seconds, rescue } = view.progress;
  return `${Math.round(seconds)} s  ${each.join(', ')}${rescue === null ? '' : `; ${rescueWords(rescue)}`}`;
}

/** An ended job for a log: a line per destination, the verdict, and anything else worth knowing. */
export function logEnd(view: JobView): string[] {
  const each = view.progress.destinations.map(({ path, state }, index) => {
    // A problem that a destination got over, by a repair or a retry, is not a reason any more.
    const reason = state === 'done' ? keptPhrase(view, index) : (lastError(view, index)?.message ?? null);
    return `${shown(path)}: ${phraseOf(view, index)}${reason === null ? '' : `: ${printable(reason)}`}`;
  });
  return [...each, verdict(view), ...afterwards(view)];
}

/** Why the destination `index` failed or was cut short: the first error of its last try. */
function lastError({ result, errors }: JobView, index: number): JobError | undefined {
  return result?.destinations[index]?.errors[0] ?? errors.find(({ destination }) => destination === index);
}

interface Layout {
  name: number;
  bar: number;
  rate: boolean;
  time: boolean;
  rest: number;
}

/** Which columns fit: path, state and percentage always; then time left, bar and speed as space allows. */
function layOut(plan: Plan, width: number): Layout {
  const longest = Math.max(...plan.destinations.map(({ path }) => columns(shown(path))));
  const fixed = '  x '.length + 2 + STATE_WIDTH + 2 + PERCENT_WIDTH;
  let rest = width - fixed - NAME_MIN;
  const take = (wanted: number): boolean => {
    if (rest < wanted) return false;
    rest -= wanted;
    return true;
  };
  const time = take(TIME_WIDTH + 2);
  const bar = take(BAR_MIN + 2);
  const rate = bar && take(RATE_WIDTH + 2);
  const name = Math.min(longest, NAME_MAX, NAME_MIN + Math.max(0, rest));
  rest -= name - NAME_MIN;
  const more = bar ? Math.min(Math.max(0, rest), BAR_MAX - BAR_MIN) : 0;
  return { name, bar: bar ? BAR_MIN + more : 0, rate, time, rest: width - '  x '.length - name - 2 - STATE_WIDTH - 2 };
}

function destinationLine(view: JobView, index: number, layout: Layout, screen: Screen): string {
  const destination = view.progress.destinations[index]!;
  const tile = tilesOf(view)[index]!;
  const word = tile.state;
  const style = STYLES[word];
  const glyph = GLYPHS[word][screen.unicode ? 0 : 1];
  const mark = screen.selected === index ? '>' : ' ';
  const named = `${mark} ${screen.paint(style, glyph)} ${fit(shown(destination.path), layout.name, 'start')}`;
  const start = [named, screen.paint(style, fit(word, STATE_WIDTH))];
  const error = lastError(view, index) ?? view.errors.find((one) => one.destination === null);
  const phrase = phraseOf(view, index);
  if (isVerdict(word) && phrase !== word) {
    // It is longer than the column of states.
    const kept = keptPhrase(view, index);
    const more =
      word === 'removed' && error !== undefined ? `: ${printable(error.message)}` : kept === null ? '' : `; ${kept}`;
    return [named, screen.paint(style, fit(`${phrase}${more}`, STATE_WIDTH + 2 + layout.rest).trimEnd())].join('  ');
  }
  const instead = word === 'failed' || word === 'removed' ? (error?.message ?? null) : keptPhrase(view, index);
  if (instead !== null) return [...start, fit(printable(instead), layout.rest).trimEnd()].join('  ');
  return [...start, ...figuresOf(destination, tile, layout, screen)].join('  ').trimEnd();
}

/** The columns behind the state of a destination that has no verdict yet: bar, percentage, speed, time left. */
function figuresOf(
  { bytesPerSecond, secondsLeft, state }: DestinationProgress,
  tile: Tile,
  layout: Layout,
  screen: Screen,
): string[] {
  const moving = MOVING.has(tile.state);
  const timed = (moving || state === 'flushing') && secondsLeft !== null;
  return [
    ...(layout.bar > 0 ? [bar(tile.done, layout.bar, STYLES[tile.state], screen)] : []),
    alignRight(`${percent(tile)} %`, PERCENT_WIDTH),
    ...(layout.rate ? [alignRight(moving ? rate(bytesPerSecond) : '', RATE_WIDTH)] : []),
    ...(layout.time ? [timed ? `${formatTime(secondsLeft)} left` : ''] : []),
  ];
}

/** Percentage of a destination's whole work; 100 only when it is complete. */
export const percent = (tile: Tile): number => (isComplete(tile) ? 100 : Math.min(99, Math.floor(100 * tile.done)));

function bar(part: number, width: number, style: Style, { paint, unicode }: Screen): string {
  const [full, half, empty] = unicode ? ['━', '╸', '─'] : ['=', '-', '.'];
  const halves = Math.floor(part * width * 2);
  const filled = full.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? half : '');
  return paint(style, filled) + paint('faint', empty.repeat(width - filled.length));
}

function summaryLine(view: JobView, { width, paint }: Screen): string {
  const longest = secondsLeftOf(tilesOf(view));
  const left = longest === null ? '' : `, ${formatTime(longest)} left`;
  const text = view.phase === 'cancelling' ? `stopping: ${countWords(view)}` : `${countWords(view)}${left}`;
  return `  ${paint('strong', fit(text, Math.max(0, width - 2)).trimEnd())}`;
}

function rescueLine({ progress: { rescue } }: JobView, { width }: Screen): string[] {
  return rescue === null ? [] : [fit(`  ${rescueWords(rescue)}`, width).trimEnd()];
}

/** The keys that work now; empty without a keyboard. */
function keysLine(view: JobView, { width, paint, selected }: Screen): string[] {
  if (selected === undefined || view.phase !== 'running') return [];
  const { path } = view.progress.destinations[selected ?? -1] ?? { path: null };
  const keys =
    path === null
      ? 'p: pause or continue, up/down: select one, Ctrl-C: stop'
      : `p: pause or continue, x: cancel, r: retry, Esc: all. For ${shown(path)}`;
  return [paint('faint', fit(`  ${keys}`, width).trimEnd())];
}
