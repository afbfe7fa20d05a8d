// A job as lines of text: pure, so that every width and state can be tested without a terminal.
import type { DestinationProgress, DestinationState, JobView, Plan } from '../contract.ts';
import { counted, size } from '../engine/words.ts';
import { exitCode, EXIT, isGood } from './exit-code.ts';
import { formatRate, formatTime } from './quantities.ts';
import { alignRight, columns, fit, printable, wrap, type Paint, type Style } from './text.ts';

/** Where the lines will be shown. */
export interface Screen {
  /** Columns that may be used. */
  width: number;
  /** Lines that may be used; the rest is summed up in one. */
  height: number;
  paint: Paint;
  /** False where only ASCII can be shown. */
  unicode: boolean;
}

/** A destination's state in the words of the user; what was written but not read back is not called verified. */
type Word = Exclude<DestinationState, 'done'> | 'verified' | 'written';

const STYLES: Record<Word, Style> = {
  waiting: 'faint', copying: 'busy', flushing: 'busy', verifying: 'busy',
  verified: 'good', written: 'strong', failed: 'bad', cancelled: 'faint',
};
const GLYPHS: Record<Word, [unicode: string, ascii: string]> = {
  waiting: ['·', '.'], copying: ['●', '>'], flushing: ['●', '>'], verifying: ['●', '>'],
  verified: ['✓', '+'], written: ['✓', '+'], failed: ['✗', 'x'], cancelled: ['–', '-'],
};
const STATE_WIDTH = 'verifying'.length;
const PERCENT_WIDTH = '100 %'.length;
const RATE_WIDTH = '1234.5 MiB/s'.length;
const TIME_WIDTH = '9 h 59 min left'.length;
const NAME_MIN = 8;
const NAME_MAX = 28;
const BAR_MIN = 10;
const BAR_MAX = 36;

/** The sentence a job starts with, and the notes on its plan. */
export function headline(plan: Plan): string[] {
  const what = `${printable(plan.source.path)} (${size(plan.bytes)})`;
  const where = counted(plan.destinations.length, 'destination');
  const first = plan.kind === 'verify'
    ? `Comparing ${where} with ${what}.`
    : `Copying ${what} to ${where}${plan.verify ? ', reading each back when it is written.' : '; not verifying.'}`;
  return [first, ...plan.notes.map((note) => `Note: ${printable(note)}`)];
}

/** The live view: one line per destination, in the order the user gave, and one that sums them up. */
export function liveLines(view: JobView, screen: Screen): string[] {
  const { destinations } = view.progress;
  const room = Math.max(1, screen.height - 2);
  let shown = destinations.map((_, index) => index);
  if (shown.length > room) {
    // Too many for the terminal: those still at work are worth the lines, the summary counts the others.
    const working = shown.filter((index) => !isOver(destinations[index]!.state));
    shown = working.slice(0, room);
  }
  const layout = layOut(view.plan, screen.width);
  return [...shown.map((index) => destinationLine(view, index, layout, screen)), '', summaryLine(view, screen)];
}

/** The view of an ended job: every destination's line and the verdict. */
export function finalLines(view: JobView, screen: Screen): string[] {
  return [...liveLines(view, { ...screen, height: Infinity }).slice(0, -1), ...wrap(verdict(view), screen.width, '')];
}

/** The whole job on one line, for a log: `plain` text of any length. */
export function logLine(view: JobView): string {
  const each = view.progress.destinations.map((destination, index) => {
    const word = wordOf(view, index);
    const detail = isOver(destination.state) ? '' : ` ${percent(view.plan, destination)} % ${formatRate(destination.bytesPerSecond)}`;
    return `${printable(destination.path)}: ${word}${detail}`;
  });
  return `${Math.round(view.progress.seconds)} s  ${each.join(', ')}`;
}

/** An ended job for a log: a line per destination and the verdict. */
export function logEnd(view: JobView): string[] {
  const each = view.progress.destinations.map(({ path }, index) => {
    const reason = view.errors.find((error) => error.destination === index)?.message;
    return `${printable(path)}: ${wordOf(view, index)}${reason === undefined ? '' : `: ${printable(reason)}`}`;
  });
  return [...each, verdict(view)];
}

/** One sentence on how the job ended. */
export function verdict(view: JobView): string {
  const { result, failure } = view;
  if (result === null) return '';
  if (failure !== null) return 'The engine broke down: take none of the destinations for complete.';
  const counts = countWords(view);
  const incomplete = view.plan.kind === 'copy' && exitCode(result) === EXIT.cancelled;
  const warning = incomplete ? ' The devices are flushed; what was cancelled holds only a part of the copy.' : '';
  const each = result.destinations.some(isGood) ? `: ${size(view.plan.bytes)} each,` : '';
  const seconds = result.seconds < 9.95 ? `${result.seconds.toFixed(1)} s` : formatTime(result.seconds);
  return `${counts}${each} in ${seconds}.${warning}`;
}

/** Share of the destination's whole work that is done, in whole percent; 100 only when it is over. */
export function percent(plan: Plan, destination: DestinationProgress): number {
  if (destination.state === 'done') return 100;
  return Math.min(99, Math.floor(100 * share(plan, destination)));
}

function share(plan: Plan, { written, verified, state }: DestinationProgress): number {
  if (state === 'done') return 1;
  const copies = plan.kind === 'copy';
  const passes = (copies ? 1 : 0) + (plan.verify || !copies ? 1 : 0);
  const done = (copies ? written : 0) + (plan.verify || !copies ? verified : 0);
  return Math.min(1, done / (plan.bytes * passes));
}

const isOver = (state: DestinationState): boolean => state === 'done' || state === 'failed' || state === 'cancelled';

function wordOf(view: JobView, index: number): Word {
  const { state } = view.progress.destinations[index]!;
  if (state !== 'done') return state;
  const verified = view.result?.destinations[index]?.verified ?? (view.result === null && view.plan.verify);
  return verified ? 'verified' : 'written';
}

interface Layout { name: number; bar: number; rate: boolean; time: boolean; rest: number }

/** Which columns fit: the path, the state and the percentage always; then time left, bar and speed as there is room. */
function layOut(plan: Plan, width: number): Layout {
  const longest = Math.max(...plan.destinations.map(({ path }) => columns(printable(path))));
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
  const word = wordOf(view, index);
  const style = STYLES[word];
  const glyph = GLYPHS[word][screen.unicode ? 0 : 1];
  const start = [
    `  ${screen.paint(style, glyph)} ${fit(printable(destination.path), layout.name, 'start')}`,
    screen.paint(style, fit(word, STATE_WIDTH)),
  ];
  const error = view.errors.find((one) => one.destination === index) ?? view.errors.find((one) => one.destination === null);
  if (word === 'failed' && error !== undefined) {
    return [...start, fit(printable(error.message), layout.rest).trimEnd()].join('  ');
  }
  const parts = [...start];
  if (layout.bar > 0) parts.push(bar(share(view.plan, destination), layout.bar, style, screen));
  parts.push(alignRight(`${percent(view.plan, destination)} %`, PERCENT_WIDTH));
  const moving = destination.state === 'copying' || destination.state === 'verifying';
  if (layout.rate) parts.push(alignRight(moving ? formatRate(destination.bytesPerSecond) : '', RATE_WIDTH));
  const working = moving || destination.state === 'flushing';
  const left = working && destination.secondsLeft !== null ? `${formatTime(destination.secondsLeft)} left` : '';
  if (layout.time) parts.push(left);
  return parts.join('  ').trimEnd();
}

function bar(part: number, width: number, style: Style, { paint, unicode }: Screen): string {
  const [full, half, empty] = unicode ? ['━', '╸', '─'] : ['=', '-', '.'];
  const halves = Math.floor(part * width * 2);
  const filled = full.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? half : '');
  return paint(style, filled) + paint('faint', empty.repeat(width - filled.length));
}

function summaryLine(view: JobView, { width, paint }: Screen): string {
  const { destinations } = view.progress;
  const times = destinations.filter(({ state }) => !isOver(state)).map(({ secondsLeft }) => secondsLeft);
  const longest = times.some((time) => time === null) ? null : Math.max(0, ...times.map((time) => time ?? 0));
  const left = longest === null || times.length === 0 ? '' : `, ${formatTime(longest)} left`;
  const text = view.phase === 'cancelling' ? `stopping: ${countWords(view)}` : `${countWords(view)}${left}`;
  return `  ${paint('strong', fit(text, Math.max(0, width - 2)).trimEnd())}`;
}

/** "5 verified, 1 failed, 2 copying": the most settled first. */
function countWords(view: JobView): string {
  const order: Word[] = ['verified', 'written', 'failed', 'cancelled', 'verifying', 'flushing', 'copying', 'waiting'];
  const words = view.progress.destinations.map((_, index) => wordOf(view, index));
  return order
    .map((word) => [words.filter((candidate) => candidate === word).length, word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');
}
