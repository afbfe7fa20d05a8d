// Asks for consent before anything is overwritten.
import { basename, extname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint, OldFile, Plan } from '../contract/jobs.ts';
import { updates, writes } from '../contract/request-facts.ts';
import { english } from '../base/english.ts';
import { partOf } from '../engine/devices/inspect-paths.ts';
import { counted, size as inWords } from '../base/figures.ts';
import { shown } from './output/typed-paths.ts';
import { fit, columns, printable, type Paint } from './output/text.ts';

/** The only answer that starts the job. */
export const CONSENT = 'yes';

/** Destinations that would lose data, or what an interrupted job has copied to them. */
export const overwritten = (plan: Plan): Endpoint[] =>
  writes(plan.kind)
    ? plan.destinations.filter((destination) => destination.overwrites || hasPart(plan, destination))
    : [];

const hasPart = ({ notes }: Plan, { realPath }: Endpoint): boolean =>
  notes.some((note) => (note.kind === 'partOfJob' || note.kind === 'partOfWholeJob') && note.part === partOf(realPath));

/** Describes the loss of data on the destinations named by `which`. */
function loss({ kind, request }: Plan, which: string): string {
  if (kind === 'resume') return `The copy onto ${which} goes on; everything else there will be lost:`;
  if (kind === 'repair' || updates(request)) return `What differs from the source on ${which} will be overwritten:`;
  return `Everything on ${which} will be lost:`;
}

/** The losses: model, serial, size and contents of each destination that is overwritten. */
export function lossLines(plan: Plan, paint: Paint): string[] {
  const lost = overwritten(plan);
  const names = lost.map(({ path }) => shown(path));
  const width = Math.max(0, ...names.map(columns));
  return [
    paint(
      'strong',
      loss(plan, lost.length === 1 ? 'this destination' : `these ${counted(lost.length, 'destination')}`),
    ),
    '',
    ...lost.flatMap((endpoint, index) => [
      `  ${paint('strong', fit(names[index]!, width))}  ${identity(endpoint)}`,
      ...[
        ...contents(endpoint),
        ...(hasPart(plan, endpoint) ? ['what an interrupted job has copied for it will be removed'] : []),
      ].map((text) => `  ${' '.repeat(width)}  ${text}`),
    ]),
    '',
  ];
}

function contents({ contents: found, kind, mounts }: Endpoint): string[] {
  const mounted = mounts.map(({ device, target }) => `${device} will be unmounted from ${target}`).map(printable);
  if (found.length > 0) return [`holds ${printable(found.map(english.content).join(', '))}`, ...mounted];
  return kind === 'block' ? ['nothing recognised on it', ...mounted] : [];
}

/** "SanDisk Ultra, serial 4C530001, 64.0 GB, USB bus 1, port 2". Unknown properties are named as missing. */
export function identity({ kind, realPath, model, serial, size, port, overwrites, old }: Endpoint): string {
  if (kind === 'file') return overwrites ? existing(realPath, old ?? { size, lastPiece: null }) : 'a new file';
  const facts = [
    printable(model ?? 'unknown model'),
    serial === null ? 'no serial' : `serial ${printable(serial)}`,
    inWords(size),
    ...(port === null ? [] : [english.port(port)]),
  ];
  return facts.join(', ');
}

/** "existing file, 64.0 GB"; "existing pieces disk.img.000 to .003, 64.0 GB". */
function existing(realPath: string, { size, lastPiece }: OldFile): string {
  if (lastPiece === null) return `existing file, ${inWords(size)}`;
  return `existing pieces ${printable(basename(realPath))} to ${extname(lastPiece)}, ${inWords(size)}`;
}

/** Milliseconds in which lines arrive that were typed before the question. */
const TYPED_AHEAD = 50;

/**
 * Asks on the terminal for the word that starts the job. Resolves to false for any other line, at the end of the input,
 * and when `signal` is aborted. Lines typed before the question do not count.
 */
export function askConsent(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<boolean> {
  // Not a readline terminal: the kernel keeps the line discipline, so that Ctrl-C still sends its signal.
  const lines = createInterface({ input, output, terminal: false });
  return new Promise((resolve) => {
    let asked = false;
    let consent = false;
    lines.on('line', (line) => {
      if (!asked) return;
      consent = line.trim() === CONSENT;
      lines.close();
    });
    lines.once('close', () => resolve(consent));
    if (signal.aborted) lines.close();
    signal.addEventListener('abort', () => lines.close(), { once: true });
    void sleep(TYPED_AHEAD).then(() => {
      asked = true;
      output.write(`Type ${CONSENT} to go on: `);
    });
  });
}
