// URLs as sources: recognising them, showing them, and naming their files. Pure.
import { createHash } from 'node:crypto';
import { refuse } from '../base/errors.ts';

/**
 * True for a URL, false for a path. A URL of another scheme is one too, so that it is refused as that and not looked
 * for in the file system. The path of a file with such a name begins with "./".
 */
export const isUrl = (text: string): boolean => /^(?:https?:|[a-z][a-z\d+.-]*:\/\/)/iu.test(text);

/** The URL in `text`. Throws a Refusal unless it is an http or https URL. */
export function readUrl(text: string): URL {
  const url = urlIn(text.trim());
  if (url === null || !isWeb(url) || url.hostname === '')
    return refuse({
      code: 'BAD_ARGUMENT',
      op: 'check',
      device: shownLink(text),
      reason: { kind: 'urlWrong' },
      remedy: { kind: 'otherUrl' },
    });
  return url;
}

/** The URL in `text`, which may be relative to `base`; null when it is not a URL. */
export function urlIn(text: string, base?: URL): URL | null {
  return URL.canParse(text, base?.href) ? new URL(text, base?.href) : null;
}

/** True for a URL of http or https. */
export const isWeb = ({ protocol }: URL): boolean => protocol === 'http:' || protocol === 'https:';

/**
 * The URL to show and store: without user name, password and query, which can contain a key. "?..." stands for a query.
 */
export const shownUrl = ({ protocol, host, pathname, search }: URL): string =>
  `${protocol}//${host}${pathname}${search === '' ? '' : '?...'}`;

/** The same for text that may not be a URL. */
export const shownLink = (text: string): string => text.replace(/\/\/[^/@]*@/u, '//').replace(/\?.*$/u, '?...');

/** A name for the download of this URL that does not reveal it. */
export const keyOf = ({ href }: URL): string => createHash('sha256').update(href).digest('hex').slice(0, 32);

/** Most bytes of a name. It leaves room for a suffix (NAME_MAX is 255). */
const MOST_NAME = 200;
/** The name for a URL without one. */
const NAMELESS = 'download';

/**
 * A file name for a URL: the end of its path, in characters that every file system accepts. The extension stays,
 * because messages and programs use it.
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
