// The program that fetches: out/download/fetch.js, in its own process. It reads one order on stdin, writes the file, or
// parts of it, into descriptor 3, and reports in lines of JSON on stdout. It ends when its stdin does.
import '../base/no-inspector.ts';
import { ftruncate } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { PlatterError } from '../contract/errors.ts';
import { errnoOf } from '../base/errors.ts';
import { readUrl } from './addresses.ts';
import { failed, Fault, unwritten } from './faults.ts';
import { FILE, GO, type Order, type Part } from './orders.ts';
import { Parts } from './parts.ts';
import type { Report } from './reports.ts';
import { transfer, type Sink } from './resuming-transfer.ts';
import { writeAt } from './writing.ts';

/** Milliseconds between two reports of progress. */
const INTERVAL = 250;

/** A user without rights: "nobody" on every Linux. */
const NOBODY = 65534;

/** Root never talks to a server. It becomes the user who called sudo, or else nobody. */
function dropRoot({ SUDO_UID, SUDO_GID }: NodeJS.ProcessEnv): void {
  if (process.getuid?.() !== 0) return;
  const number = (text: string | undefined): number => (/^[1-9]\d{0,9}$/u.test(text ?? '') ? Number(text) : NOBODY);
  process.setgroups!([]);
  process.setgid!(number(SUDO_GID));
  process.setuid!(number(SUDO_UID));
}

const report = (told: Report): void => void process.stdout.write(`${JSON.stringify(told)}\n`);

/** Writes into the inherited file. */
const sink: Sink = {
  write: (bytes, at) => writeAt(FILE, bytes, at),
  empty: () => promisify(ftruncate)(FILE, 0),
};

/** An error of the file, not of the network. */
class WriteError extends Error {}

const guarded: Sink = {
  write: (bytes, at) => sink.write(bytes, at).catch(asWriteError),
  empty: () => sink.empty().catch(asWriteError),
};

function asWriteError(cause: unknown): never {
  throw new WriteError('', { cause });
}

/** Runs the order, and reports its failure. */
async function run(order: Order, words: Words): Promise<void> {
  const url = readUrl(order.url);
  try {
    if (order.kind === 'file') await fetchFile(url, order, words);
    else await fetchParts(url, order, words);
  } catch (error) {
    report({ event: 'failed', error: failureFrom(url, order.folder, error) });
  }
}

function failureFrom(url: URL, folder: string, error: unknown): PlatterError {
  if (error instanceof Fault) return failed(url, error);
  if (error instanceof WriteError && errnoOf(error.cause) !== null) return unwritten(error.cause, folder);
  throw error;
}

/** The lines after the order. */
type Words = AsyncIterator<string, undefined>;
type OrderOf<K extends Order['kind']> = Extract<Order, { kind: K }>;

async function fetchFile(url: URL, { start, patience, most, program }: OrderOf<'file'>, words: Words): Promise<void> {
  let bytes: number | null = null;
  // Report without new data too, so that the speed shows the pause.
  const progress = setInterval(() => {
    if (bytes !== null) report({ event: 'progress', has: bytes });
  }, INTERVAL);
  try {
    const end = await transfer(
      url,
      start,
      guarded,
      {
        begins: async (from, file) => {
          report({ event: 'begins', from, ...file });
          const { done = false, value } = await words.next();
          if (done || value !== GO) process.exit(2);
        },
        progress: (has) => void (bytes = has),
        again: (fault, attempt, seconds) => report({ event: 'again', error: failed(url, fault), attempt, seconds }),
      },
      { patience, most, program, env: process.env },
    );
    report(end === 'unchanged' ? { event: 'unchanged' } : { event: 'done', has: end });
  } finally {
    clearInterval(progress);
  }
}

async function fetchParts(url: URL, { head, patience, program }: OrderOf<'parts'>, words: Words): Promise<void> {
  const parts = new Parts(url, (bytes, at) => guarded.write(bytes, at), { patience, program, env: process.env });
  report({ event: 'opened', ...(await parts.open(head)) });
  for (;;) {
    const line = await words.next();
    if (line.done === true) return;
    const { offset, length } = JSON.parse(line.value) as Part;
    await parts.fetch(offset, length);
    report({ event: 'part' });
  }
}

dropRoot(process.env);
const lines = createInterface({ input: process.stdin });
const words: Words = lines[Symbol.asyncIterator]();
const first = await words.next();
if (first.done === true) process.exit(2);
// The caller is gone, and nobody needs the download.
lines.once('close', () => process.exit(2));
process.stdout.on('error', () => process.exit(2));
await run(JSON.parse(first.value) as Order, words);
process.stdout.write('', () => process.exit(0));
