// Sentences about a job: its headline, its states, its end. Pure.
import type { Plan, RescueProgress } from '../../contract/jobs.ts';
import type { Note } from '../../contract/facts.ts';
import type { JobView } from '../../contract/window.ts';
import { givenManifest, mapOf, newManifest, rescueOf, updates } from '../../contract/request-facts.ts';
import { counted, size } from '../../base/figures.ts';
import { removedWords, verdictWords } from '../../records/verdict-words.ts';
import { countsOf } from '../../view/total-progress.ts';
import { continuable, toBeginAgain } from '../../view/continuable.ts';
import { isVerdict, tilesOf } from '../../view/destination-progress.ts';
import { isComplete, verdictOf } from '../../view/verdict.ts';
import { asStarted } from './own-name.ts';
import { formatTime } from './quantities.ts';
import { noteSentence, shown } from './typed-paths.ts';
import { printable } from './text.ts';

/** The headline of a job, and the notes on its plan. */
export function headline(plan: Plan): string[] {
  return [
    ...(plan.name === null ? [] : [printable(plan.name)]),
    firstSentence(plan),
    ...plan.notes.map((note) => `${note.kind === 'partitionsBeyond' ? 'Warning' : 'Note'}: ${noteSentence(note)}`),
  ];
}

function firstSentence({ kind, source, bytes, destinations, verify, request }: Plan): string {
  const from = source === null ? `the manifest ${shown(givenManifest(request) ?? '')}` : shown(source.path);
  const what = `${from} (${size(bytes)})`;
  const where = counted(destinations.length, 'destination');
  const back = verify ? ', reading each back when it is written.' : '; not verifying.';
  switch (kind) {
    case 'verify':
      return `Comparing ${where} with ${what}.`;
    case 'repair':
      return `Comparing ${where} with ${what}, and rewriting what differs.`;
    case 'resume':
      return `Continuing the copy of ${what} to ${where}${back}`;
    case 'copy':
      if (rescueOf(request) !== null) return `Rescuing ${what} to ${where}${back}`;
      return updates(request)
        ? `Updating ${where} from ${what}: only what differs is written${verify ? ', and read back.' : back}`
        : `Copying ${what} to ${where}${back}`;
  }
}

/** The full state of the destination `index` in words: "verified except 1,048,576 bytes". */
export function phraseOf(view: JobView, index: number): string {
  const tile = tilesOf(view)[index]!;
  const { state } = tile;
  const ended = view.result?.destinations[index];
  if (state === 'removed' && ended !== undefined) return removedWords(ended, view.plan.bytes);
  if (state === 'unpacking') return 'unpacking and writing';
  return isVerdict(state) ? verdictWords(state, tile, { mapped: view.plan.mapped ?? undefined }) : state;
}

/** "5 verified, 1 failed, 2 copying". */
export const countWords = (view: JobView): string =>
  countsOf(tilesOf(view))
    .map(({ text }) => text)
    .join(', ');

/** "wrote 10.2 MB, 1.1 GB were there" for a destination that ended well and had some data already; otherwise null. */
export function keptPhrase(view: JobView, index: number): string | null {
  const ended = view.result?.destinations[index];
  if (
    view.result === null ||
    ended === undefined ||
    !isComplete(verdictOf(ended, view.result)) ||
    ended.kept === 0 ||
    view.plan.kind === 'verify'
  )
    return null;
  return `${ended.written === 0 ? 'wrote nothing' : `wrote ${size(ended.written)}`}, ${size(ended.kept)} were there`;
}

/** "rescue, pass 1: 1.2 GB read, 4.1 kB bad, 3.0 GB left". */
export function rescueWords({ pass, retry, rescued, bad, left }: RescueProgress): string {
  const name = {
    copying: 'first pass',
    trimming: 'edges of bad areas',
    scraping: 'sector by sector',
    retrying: `retry ${retry}`,
  }[pass];
  return `rescue, ${name}: ${size(rescued)} read, ${size(bad)} bad, ${size(left)} left`;
}

/** A sentence on how the job ended. */
export function verdict(view: JobView): string {
  const { result, failure, plan } = view;
  if (result === null) return '';
  if (failure !== null)
    return result.destinations.some((destination) => isComplete(verdictOf(destination, result)))
      ? `The engine broke down: ${countWords(view)}. Treat what failed as incomplete.`
      : 'The engine broke down: treat none of the destinations as complete.';
  const cut = plan.kind !== 'verify' && result.destinations.some(({ state }) => state === 'cancelled');
  const warning = cut ? ' The devices are flushed; what was cancelled holds only a part of the copy.' : '';
  const removed = result.destinations.flatMap((destination, index) =>
    tilesOf(view)[index]!.state === 'removed' ? [{ path: destination.path, phrase: phraseOf(view, index) }] : [],
  );
  const each = result.destinations.some((destination) => isComplete(verdictOf(destination, result)))
    ? `: ${size(plan.bytes)}${result.destinations.length === 1 ? '' : ' each,'}`
    : '';
  const seconds = result.seconds < 9.95 ? `${result.seconds.toFixed(1)} s` : formatTime(result.seconds);
  return `${countWords(view)}${each} in ${seconds}.${warning}${plan.kind === 'verify' ? '' : removedSentence(removed)}`;
}

/** The contents of the removed destinations. */
function removedSentence(removed: readonly { path: string; phrase: string }[]): string {
  const [one, ...others] = removed;
  if (one === undefined || (others.length === 0 && one.phrase === 'removed')) return '';
  return others.length === 0
    ? ` ${shown(one.path)} was ${one.phrase}.`
    : ' What was removed holds only a part of the copy.';
}

/** Anything else worth knowing about an ended job, a sentence each. */
export function afterwards(view: JobView): string[] {
  const { plan, result } = view;
  const { request } = plan;
  if (result === null) return [];
  const lines: string[] = [];
  if (result.rescue !== null) {
    const { rescued, bad } = result.rescue;
    const left = plan.bytes - rescued - bad;
    lines.push(
      bad === 0
        ? left === 0
          ? `All of the source was read: ${size(rescued)}.`
          : `Rescued ${size(rescued)} so far. ${size(left)} were not tried.`
        : `Rescued ${size(rescued)}. ${size(bad)} could not be read and are zeros on every destination.`,
    );
    const map = mapOf(request);
    if (map !== null)
      lines.push(
        bad + left === 0
          ? `By the map ${shown(map)} nothing is left to rescue.`
          : `What was read and what was not is in the map ${shown(map)}; the same command continues from it.`,
      );
    if (bad + left === 0 && result.destinations.some(({ uncompared, verified }) => verified !== null && uncompared > 0))
      lines.push(
        asStarted(
          'Part of it was not compared with the source: `platter verify` with the same source compares all of it.',
        ),
      );
  }
  const manifest = newManifest(request);
  if (manifest !== null) {
    const name = shown(manifest);
    lines.push(
      result.manifest === null
        ? `No manifest was written to ${name}.`
        : `Manifest written to ${name}. Its own checksum, which is not that of the image: ${result.manifest}.`,
    );
  }
  lines.push(...plan.notes.flatMap(againSentence), ...result.notes.map(noteSentence));
  lines.push(...toBeginAgain(view).map((path) => `${shown(path)} cannot be continued: begin again.`));
  const job = continuable(view);
  if (job !== null) lines.push(asStarted(`Continue with: platter resume ${job}`));
  return lines;
}

/** A note of the review that explains what "verified" means, said again at the end. */
function againSentence(note: Note): string[] {
  if (note.kind === 'partitionsBeyond')
    return [
      `${shown(note.path)} is probably cut short: ${counted(note.missing, 'byte')} of its partitions are missing, on every copy of it too.`,
    ];
  if (note.kind !== 'checksumBeside') return [];
  const [path, list] = [shown(note.path), shown(note.list)];
  return [
    `${path} was not compared with its checksum in ${list}. ` +
      asStarted(`To compare it: platter check --checksum ${list} ${path}`),
  ];
}
