// The failures of a download, with cause and remedy.
import { STATUS_CODES } from 'node:http';
import type { PlatterError } from '../contract/errors.ts';
import type { Reason, Remedy } from '../contract/facts.ts';
import { errnoOf, failure, failureOf } from '../base/errors.ts';
import { shownUrl } from './addresses.ts';

/** A failure of one request. */
export class Fault extends Error {
  readonly reason: Reason;
  readonly remedy: Remedy;
  /** True when the same request can succeed later. `'begun'`: only if the server has answered before. */
  readonly again: 'yes' | 'begun' | 'no';
  /** Seconds that the server asked us to wait; null for none. */
  readonly wait: number | null;

  constructor(
    reason: Reason,
    again: Fault['again'] = 'no',
    remedy: Remedy = { kind: 'DOWNLOAD_FAILED' },
    wait: number | null = null,
  ) {
    super(reason.kind);
    this.name = 'Fault';
    this.reason = reason;
    this.remedy = remedy;
    this.again = again;
    this.wait = wait;
  }
}

/** The failure of the download of `url`. */
export const failed = (url: URL, { reason, remedy }: Pick<Fault, 'reason' | 'remedy'>): PlatterError =>
  failure({ code: 'DOWNLOAD_FAILED', op: 'read', device: shownUrl(url), reason, remedy });

/** The failure of a system call on a file of the download. Rethrows an error without an errno. */
export function unwritten(error: unknown, folder: string): PlatterError {
  const known = failureOf(error, 'write', folder, 'file');
  return known.code === 'NO_SPACE' ? failure({ ...known, remedy: { kind: 'otherDownloadFolder' } }) : known;
}

/** Status codes of servers that are overloaded, or whose own server does not answer. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Most seconds to wait at a server's request. */
const MOST_WAIT = 60;

/** The fault in an answer without the file. `retryAfter`: its Retry-After header. */
export function statusFault(host: string, code: number, retryAfter: string | undefined): Fault {
  const reason: Reason = { kind: 'serverAnswered', host, status: `${String(code)} ${STATUS_CODES[code] ?? ''}`.trim() };
  if (code === 404 || code === 410) return new Fault(reason, 'no', { kind: 'checkUrl' });
  if (code === 401 || code === 403 || code === 407) return new Fault(reason, 'no', { kind: 'urlRights' });
  if (!PASSING.has(code)) return new Fault(reason);
  const seconds = /^\d+$/u.test(retryAfter ?? '') ? Math.min(Number(retryAfter), MOST_WAIT) : null;
  return new Fault(reason, 'yes', { kind: 'tryLater' }, seconds);
}

type Why = Extract<Reason, { kind: 'certificate' }>['why'];

/** Certificate errors by their names in Node and OpenSSL. */
const CERTIFICATES: Readonly<Record<string, Why>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'selfSigned',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknownIssuer',
  UNABLE_TO_GET_ISSUER_CERT: 'unknownIssuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknownIssuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknownIssuer',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'notYetValid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'otherName',
  HOSTNAME_MISMATCH: 'otherName',
};

/** The fault for an error of a connection to `host`. Rethrows any other error. */
export function connectionFault(host: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (!(error instanceof Error)) throw error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (code === null) throw error;
  const why = CERTIFICATES[code] ?? (/CERT|_CRL_/u.test(code) ? 'other' : null);
  if (why !== null)
    return new Fault({ kind: 'certificate', host, why, said: code }, 'no', { kind: 'checkCertificate' });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL')
    return new Fault({ kind: 'hostUnknown', host }, 'begun', { kind: 'checkUrl' });
  if (code.startsWith('HPE_'))
    return new Fault({ kind: 'notHttp', host, said: code }, 'begun', { kind: 'otherDownloader' });
  const isOfNetwork = errnoOf(error) !== null || /^(ERR_SSL_|ERR_TLS_|ERR_HTTP)/u.test(code);
  if (!isOfNetwork) throw error;
  return new Fault({ kind: 'notConnected', host, said: code }, 'begun');
}
