// Sources that are not on this machine yet: a URL, or standard input ("-"). They are stored in a file, which becomes
// the source of the job. Destinations are checked first, so that a mistake there does not cost a download.
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Disk } from '../contract/disks.ts';
import type { PlatterError } from '../contract/errors.ts';
import type { Downloads } from '../contract/options/option-types.ts';
import { plainRunning, sourceOf, STANDARD_INPUT, unmounts, withDownload, writes } from '../contract/request-facts.ts';
import type { WorkRequest } from '../contract/request.ts';
import type { Engine } from '../client/client.ts';
import { english } from '../base/english.ts';
import { errnoOf, failure, failureOf, Refusal, refuse, throwIfAny } from '../base/errors.ts';
import { isForDevices, placeOf } from '../base/paths.ts';
import { isUrl, readUrl, shownUrl } from '../download/addresses.ts';
import { download, type Fetched } from '../download/download.ts';
import { downloadAt, downloadsDir } from '../download/download-folder.ts';
import { receive } from '../download/standard-input.ts';
import type { Asked } from './commands.ts';
import { logDownload, type DownloadReporter } from './output/download-lines.ts';
import { EXIT } from './output/exit-code.ts';
import type { Refused } from './output/reporter.ts';
import { printNotice } from './output/speech.ts';
import { showAs } from './output/typed-paths.ts';
import { nobodyAsked } from './run-job.ts';
import { Stop, unlessAborted } from './stop.ts';

/** True for a URL or standard input, which must be stored in a file first. */
export const isElsewherePath = (path: string): boolean => path === STANDARD_INPUT || isUrl(path);

/** True when the source of `request` must be stored in a file first. */
export function isElsewhere(request: Asked): request is WorkRequest {
  const source = request.kind === 'resume' ? null : sourceOf(request);
  return source !== null && isElsewherePath(source);
}

/** True when standard input is the source, so that no commands can come from it. */
export const readsInput = (request: Asked): boolean =>
  request.kind !== 'resume' && sourceOf(request) === STANDARD_INPUT;

/** The user stopped a download. The message says what happens to the partial file. */
export class DownloadStopped extends Error {}

/** What `downloadSource` needs from its caller. */
export interface DownloadContext {
  /** The user has already agreed to overwrite the destinations. */
  consented: boolean;
  /** The user can be asked. */
  canAsk: boolean;
  engine: Engine;
  signal: AbortSignal;
  /** How to report a download from `origin`. */
  reporter: (origin: string) => DownloadReporter;
}

/**
 * Downloads the source of `request`. Gives the request with the file as its source. Rejects with a Refusal, or with
 * DownloadStopped when the signal ends it. Writes nothing to a destination.
 */
export async function downloadSource(
  request: WorkRequest,
  run: Downloads,
  context: DownloadContext,
): Promise<WorkRequest> {
  const address = addressOf(sourceOf(request)!);
  // A Ctrl-C on a terminal reaches the host too, so that its end is no failure then.
  const stopped = new DownloadStopped('stopped before anything was written');
  throwIfAny(await unlessAborted(againstDestinations(request, context), context.signal, stopped));
  const fetched = await fetchedFrom(address, run, { ...context, patience: request.stallTimeout });
  showAs(fetched.path, english.origin(fetched.origin));
  return withDownload(request, fetched.path, fetched.origin);
}

/**
 * The URL in `source`; null for standard input. Throws a Refusal for an invalid URL, or when standard input is a
 * terminal.
 */
function addressOf(source: string): URL | null {
  if (source !== STANDARD_INPUT) return readUrl(source);
  if (process.stdin.isTTY) refuseTerminal();
  return null;
}

/** Downloads from a URL, or stores standard input (null). */
async function fetchedFrom(
  url: URL | null,
  run: Downloads,
  { signal, reporter, patience }: Pick<DownloadContext, 'signal' | 'reporter'> & { patience: number },
): Promise<Fetched> {
  const options = {
    directory: resolve(run.downloadDir ?? downloadsDir()),
    most: run.downloadLimit,
    patience,
    isKept: run.keepDownload,
  };
  const told = reporter(url === null ? STANDARD_INPUT : shownUrl(url));
  const fetched = await unlessDownloadStopped(
    url === null ? receive(process.stdin, options, told, signal) : download(url, options, told, signal),
    url === null ? 'stopped before anything was written' : 'stopped; the same command continues the download',
  );
  told.done(fetched);
  return fetched;
}

/**
 * Downloads `source` for `act`, a command without a job, and removes it afterwards unless the user keeps it. Reports on
 * stderr, because stdout has the result. Gives the exit code.
 */
export async function withDownloaded(
  source: string,
  run: Downloads,
  refused: Refused,
  act: (path: string) => Promise<number>,
): Promise<number> {
  const { stderr } = process;
  return reportingDownloads(refused, async (stop) => {
    const fetched = await fetchedFrom(addressOf(source), run, {
      signal: stop.signal,
      reporter: (origin) => logDownload(stderr, stderr, origin),
      patience: plainRunning.stallTimeout,
    });
    stop.close();
    showAs(fetched.path, english.origin(fetched.origin));
    try {
      return await act(fetched.path);
    } finally {
      if ((await (await downloadAt(fetched.path))?.remove()) === false)
        printNotice(`what was downloaded stays in ${fetched.path}`);
    }
  });
}

/**
 * Calls `act`, a command without a job that downloads something. The user can stop it until `act` closes the Stop.
 * Reports its Refusal, or that the user stopped a download. Gives the exit code.
 */
export async function reportingDownloads(refused: Refused, act: (stop: Stop) => Promise<number>): Promise<number> {
  const stop = new Stop();
  try {
    return await act(stop);
  } catch (error) {
    if (error instanceof DownloadStopped) {
      printNotice(error.message);
      return EXIT.cancelled;
    }
    if (!(error instanceof Refusal)) throw error;
    refused(error.errors);
    return EXIT.refused;
  } finally {
    stop.close();
  }
}

/** The result of `work`. Throws DownloadStopped with this sentence when the user ended it. */
export async function unlessDownloadStopped<T>(work: Promise<T>, sentence: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Refusal && error.errors.some(({ code }) => code === 'CANCELLED'))
      throw new DownloadStopped(sentence);
    throw error;
  }
}

const refuseTerminal = (): never =>
  refuse({
    code: 'BAD_ARGUMENT',
    op: 'check',
    device: STANDARD_INPUT,
    reason: { kind: 'said', text: 'Standard input is the terminal, from which no image comes.' },
    remedy: { kind: 'said', text: 'Send an image: xzcat disk.img.xz | platter copy --yes - /dev/sdb' },
  });

/** The errors of the destinations that can be found without the source. */
async function againstDestinations(
  request: WorkRequest,
  { engine, consented, canAsk }: DownloadContext,
): Promise<PlatterError[]> {
  const disks = await engine.call('list', { all: true });
  const ends = await Promise.all(
    request.destinations.map(async ({ path }) => ({ path, ...(await inspectDestination(path, request, disks)) })),
  );
  const errors = ends.flatMap((end) => end.errors);
  if (errors.length > 0 || consented || canAsk || !writes(request.kind)) return errors;
  return ends.filter(({ overwrites }) => overwrites).map(({ path }) => nobodyAsked(path));
}

async function inspectDestination(
  path: string,
  request: WorkRequest,
  disks: readonly Disk[],
): Promise<{ errors: PlatterError[]; overwrites: boolean }> {
  const found = await statsOf(path);
  if (found !== null)
    return { errors: againstDisk(path, await placeOf(resolve(path)), request, disks), overwrites: true };
  const folder = await placeOf(dirname(resolve(path)));
  const error =
    request.kind !== 'copy'
      ? absent(path)
      : isForDevices(folder)
        ? failure({ code: 'NOT_FOUND', op: 'open', device: path, reason: { kind: 'noDevice' } })
        : (await statsOf(folder))?.isDirectory() === true
          ? null
          : failure({
              code: 'NOT_FOUND',
              op: 'open',
              device: path,
              reason: { kind: 'noDirectory' },
              remedy: { kind: 'makeFolder' },
            });
  return { errors: error === null ? [] : [error], overwrites: false };
}

const absent = (device: string): PlatterError =>
  failure({ code: 'NOT_FOUND', op: 'open', device, reason: { kind: 'nothingThere' } });

/** Why the disk at `realPath` cannot be written, according to the list of disks. */
function againstDisk(path: string, realPath: string, request: WorkRequest, disks: readonly Disk[]): PlatterError[] {
  const disk = disks.find((each) => each.path === realPath);
  if (disk === undefined || !writes(request.kind)) return [];
  if (disk.locked !== null) return [failure({ ...disk.locked, op: 'check', device: path })];
  if (disk.mountedAt.length === 0 || unmounts(request)) return [];
  return [
    failure({ code: 'MOUNTED', op: 'check', device: path, reason: { kind: 'mountedAt', targets: disk.mountedAt } }),
  ];
}

async function statsOf(path: string): Promise<Awaited<ReturnType<typeof stat>> | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new Refusal([failureOf(error, 'open', path, 'file')]);
  }
}
