// A list of checksums at a URL is downloaded, used and removed. Platter requests only the URL that the user typed, so a
// signature must be in the list itself.
import { resolve } from 'node:path';
import type { Downloads } from '../contract/options/option-types.ts';
import { checksumOf, inList, listIn, withSourceFile } from '../contract/request-facts.ts';
import { failure, Refusal } from '../base/errors.ts';
import { isUrl, readUrl } from '../download/addresses.ts';
import { download, type DownloadListener } from '../download/download.ts';
import { downloadsDir } from '../download/download-folder.ts';
import { removeForgotten } from '../download/remove-download.ts';
import type { Asked } from './commands.ts';
import { unlessDownloadStopped } from './download.ts';
import { printNotice } from './output/speech.ts';
import { showAs } from './output/typed-paths.ts';

/** Most bytes of a list. A longer one is not read (parsers/checksums/list.ts). */
const MOST_BYTES = 1024 ** 2;

/** How a list is downloaded. `patience`: seconds without an answer after which a server counts as silent. */
interface ListDownload {
  downloads: Pick<Downloads, 'downloadDir'>;
  patience: number;
  signal: AbortSignal;
}

/** A list is small, so report only errors. */
const QUIET: DownloadListener = {
  begins: () => undefined,
  progress: () => undefined,
  again: ({ message }) => printNotice(message),
};

/**
 * Calls `act` with the checksum, after downloading its list if that is at a URL. Rejects with a Refusal when the
 * download fails, or with DownloadStopped when the signal ends it.
 */
export async function withList<T>(
  checksum: string | null,
  download: ListDownload,
  act: (checksum: string | null) => Promise<T>,
): Promise<T> {
  const list = listIn(checksum);
  if (list === null || !isUrl(list)) return act(checksum);
  const path = await listFrom(readUrl(list), download);
  try {
    return await act(inList(path));
  } finally {
    await removeForgotten(path);
  }
}

/** Calls `act` with the request, after downloading its list as `withList` does. */
export const withListOf = <T>(
  request: Asked,
  download: ListDownload,
  act: (request: Asked) => Promise<T>,
): Promise<T> =>
  request.kind === 'resume'
    ? act(request)
    : withList(checksumOf(request), download, (checksum) => act(withSourceFile(request, { checksum })));

/** Downloads the list. Gives its path. */
async function listFrom(url: URL, { downloads: { downloadDir }, patience, signal }: ListDownload): Promise<string> {
  const options = { directory: resolve(downloadDir ?? downloadsDir()), most: MOST_BYTES, patience, isKept: false };
  try {
    const { path, origin } = await unlessDownloadStopped(
      download(url, options, QUIET, signal),
      'stopped before anything was written',
    );
    showAs(path, origin);
    return path;
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(error.errors.map(asOfList)) : error;
  }
}

/** Corrects the advice of a download limit, which here is not one that the user set. */
const asOfList = (error: Refusal['errors'][number]): Refusal['errors'][number] =>
  error.reason.kind === 'downloadLimit' ? failure({ ...error, remedy: { kind: 'otherList' } }) : error;
