// Reads a server's answer: its facts about the file, and the bytes.
import { connectionFault, Fault } from './faults.ts';
import { Patience, type Answer } from './connection.ts';

/** The server's marks of one version of a file; null for those that it does not send. */
export interface Validators {
  etag: string | null;
  lastModified: string | null;
  /** Length of the whole file. */
  length: number | null;
}

export const UNMARKED: Validators = { etag: null, lastModified: null, length: null };

/** The marks in an answer that has the whole file. */
export const validatorsIn = ({ response: { headers } }: Answer): Validators => ({
  etag: headers.etag ?? null,
  lastModified: headers['last-modified'] ?? null,
  length: lengthOf(headers['content-length']),
});

/** The validator for a conditional request; null when the server sent none. */
export function conditionOf({ etag, lastModified }: Omit<Validators, 'length'>): string | null {
  // A weak tag can stay the same while bytes change.
  return etag !== null && !etag.startsWith('W/') ? etag : lastModified;
}

/** The part that an answer announces: its first and last byte, and the length of the file; null for none. */
export function partIn({ response }: Answer): { first: number; last: number; total: number } | null {
  const parts = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/u.exec(response.headers['content-range'] ?? '');
  if (parts === null) return null;
  const [first, last, total] = parts.slice(1).map(Number) as [number, number, number];
  return first <= last && last < total ? { first, last, total } : null;
}

/**
 * Gives the body of an answer to `take`, piece by piece, until that resolves to false. `from`: the place of its first
 * byte in the file; `end`: of its end, null when the server does not say. Resolves to the place that was reached.
 * Rejects with a Fault.
 */
export async function readBody(
  answer: Answer,
  { from, end, patience }: { from: number; end: number | null; patience: number },
  take: (bytes: Buffer, at: number) => Promise<boolean>,
): Promise<number> {
  const patient = new Patience(answer.host, patience);
  const chunks = answer.response[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  let at = from;
  for (;;) {
    const next = await patient.of(chunks.next().catch(cutAs(answer, end, at)), () => answer.close());
    if (next.done === true) break;
    const after = at + next.value.length;
    if (end !== null && after > end) throw tooLong(answer.host, end);
    const isMore = await take(next.value, at);
    at = after;
    if (!isMore) return at;
  }
  if (end !== null && at < end) throw cut(answer.host, at, end);
  // The HTTP parser reports bytes after the announced end.
  await new Promise(setImmediate);
  if (end !== null && isOfParser(answer.afterwards())) throw tooLong(answer.host, end);
  return at;
}

const lengthOf = (header: string | undefined): number | null =>
  header !== undefined && /^\d{1,15}$/u.test(header) ? Number(header) : null;

const isOfParser = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('HPE_');

const tooLong = (host: string, length: number): Fault => new Fault({ kind: 'downloadTooLong', host, length });
const cut = (host: string, has: number, length: number | null): Fault =>
  new Fault(length === null ? { kind: 'cutShort', host, has } : { kind: 'cutShortOf', host, has, length }, 'yes');

/** Any connection that breaks within a body counts as cut, whatever the error. */
const cutAs =
  ({ host, afterwards }: Answer, end: number | null, has: number) =>
  (error: unknown): never => {
    const fault = connectionFault(host, error);
    if (end !== null && has >= end && isOfParser(afterwards())) throw tooLong(host, end);
    throw fault.reason.kind === 'notConnected' || fault.reason.kind === 'notHttp' ? cut(host, has, end) : fault;
  };
