// URLs as sources: which words of the command line are URLs, how a URL is shown, and the name of its file. Pure.
import { createHash } from 'node:crypto';
import { refuse } from '../base/errors.ts';

/** Is this a URL, and not a path? */
export const isUrl = (text: string): boolean => /^https?:/iu.test(text);

/** The URL in `text`. Throws a Refusal when it is none, or none of http or https. */
export function readUrl(text: string): URL {
  const url = urlIn(text.trim());
  if (url === null || !isWeb(url) || url.hostname === '')
    return refuse({ code: 'BAD_ARGUMENT', op: 'check', device: shownLink(text), reason: { kind: 'urlWrong' } });
  return url;
}

/** The URL in `text`, which can go on from `base`; null when there is none. */
export function urlIn(text: string, base?: URL): URL | null {
  return URL.canParse(text, base?.href) ? new URL(text, base?.href) : null;
}

/** Is it a URL of http or https? */
export const isWeb = ({ protocol }: URL): boolean => protocol === 'http:' || protocol === 'https:';

/**
 * The URL as it is shown and kept: without user name and password, and without the query, which can hold a key. "?..."
 * says that there is one.
 */
export const shownUrl = ({ protocol, host, pathname, search }: URL): string =>
  `${protocol}//${host}${pathname}${search === '' ? '' : '?...'}`;

/** The same for text that may be no URL. */
export const shownLink = (text: string): string => text.replace(/\/\/[^/@]*@/u, '//').replace(/\?.*$/u, '?...');

/** A name for the download of this URL that tells nothing of it. */
export const keyOf = ({ href }: URL): string => createHash('sha256').update(href).digest('hex').slice(0, 32);

/** Most bytes of a name. A suffix has to fit behind it (NAME_MAX is 255). */
const MOST_NAME = 200;
/** The name where the URL has none. */
const NAMELESS = 'download';

/**
 * A file name for what the URL leads to: the end of its path, in characters that every file system takes. Its ending
 * stays, because messages and programs go by it.
 */
export function fileName({ pathname }: URL): string {
  const last = pathname.split('/').findLast((part) => part !== '') ?? '';
  const name = decoded(last)
    .replace(/[^\p{L}\p{N}._+ -]/gu, '_')
    .replace(/^[. ]+|[. ]+$/gu, '');
  if (name === '') return NAMELESS;
  const bytes = Buffer.from(name);
  let from = Math.max(0, bytes.length - MOST_NAME);
  while ((bytes[from]! & 0xc0) === 0x80) from += 1; // do not cut within a character
  return bytes.subarray(from).toString();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
