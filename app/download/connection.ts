// One GET request: through the environment's proxy, across redirects, always with certificate checks.
import { existsSync, readFileSync } from 'node:fs';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { isIP, type Socket } from 'node:net';
import tls, { type SecureContext } from 'node:tls';
import { isWeb, shownUrl, urlIn } from './addresses.ts';
import { connectionFault, Fault, statusFault } from './faults.ts';
import { proxyFor } from './proxy.ts';

/** Most redirects of one request, as in browsers. */
const MOST_REDIRECTS = 20;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** How requests are made. */
export interface ConnectionOptions {
  /** Seconds without an answer after which a server counts as silent; 0: wait forever. */
  patience: number;
  /** The variables with the proxies and with the paths of more certificates. */
  env: NodeJS.ProcessEnv;
  /** "platter 0.1.0" */
  program: string;
}

/** An answer whose body has not been read yet. */
export interface Answer {
  response: IncomingMessage;
  /** The server, for messages. */
  host: string;
  /** An error on the connection after the announced end of the body; null when there was none. */
  afterwards: () => unknown;
  close: () => void;
}

/** Requests `url` and follows redirects. Rejects with a Fault. */
export async function get(url: URL, headers: Record<string, string>, options: ConnectionOptions): Promise<Answer> {
  let at = url;
  for (let count = 0; count <= MOST_REDIRECTS; count += 1) {
    const answer = await ask(at, headersFor(at, url, headers, options), options);
    const { statusCode = 0, headers: given } = answer.response;
    if (!REDIRECTS.has(statusCode) || given.location === undefined) return answer;
    answer.close();
    at = redirected(at, given.location);
  }
  throw new Fault({ kind: 'tooManyRedirects', host: url.host, most: MOST_REDIRECTS }, 'no', { kind: 'checkUrl' });
}

function redirected(from: URL, location: string): URL {
  const to = urlIn(location, from);
  if (to === null || !isWeb(to))
    throw new Fault({ kind: 'oddRedirect', host: from.host, to: location.slice(0, 200) }, 'no', { kind: 'checkUrl' });
  // An attacker between us and the server can change what http carries.
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new Fault({ kind: 'insecureRedirect', host: from.host, to: shownUrl(to) }, 'no', { kind: 'checkUrl' });
  return to;
}

/** Sends the user name and password of the user's URL only to that URL's server. */
function headersFor(
  at: URL,
  given: URL,
  headers: Record<string, string>,
  { program }: ConnectionOptions,
): Record<string, string> {
  const own = at.origin === given.origin ? given : at;
  return {
    'user-agent': program.replace(' ', '/'),
    accept: '*/*',
    'accept-encoding': 'identity',
    connection: 'close',
    ...headers,
    ...authorization('authorization', own),
  };
}

function authorization(name: string, { username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const words = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return { [name]: `Basic ${words}` };
}

/** Sends one request, and waits for the head of the answer. */
async function ask(url: URL, headers: Record<string, string>, { patience, env }: ConnectionOptions): Promise<Answer> {
  const proxy = proxyOf(url, env);
  // Until a server answers through a proxy, any error is the proxy's.
  const host = proxy !== null && url.protocol === 'http:' ? proxy.host : url.host;
  const patient = new Patience(url.host, patience);
  try {
    const request = await requestOf(url, headers, proxy, env, patient);
    let later: unknown = null;
    const response = await patient.of(
      new Promise<IncomingMessage>((resolve, reject) => {
        request.once('response', resolve);
        request.on('error', (error) => {
          later = error;
          reject(error);
        });
        request.end();
      }),
      () => request.destroy(),
    );
    return { response, host: url.host, afterwards: () => later, close: () => void request.destroy() };
  } catch (error) {
    throw connectionFault(host, error);
  }
}

function proxyOf(url: URL, env: NodeJS.ProcessEnv): URL | null {
  try {
    const proxy = proxyFor(url, env);
    if (proxy === null || isWeb(proxy)) return proxy;
    throw proxyFault(proxy.protocol + '//' + proxy.host, 'only http and https proxies are known');
  } catch (error) {
    if (error instanceof TypeError) throw proxyFault(`${url.protocol.slice(0, -1)}_proxy`, 'it is no URL');
    throw error;
  }
}

const proxyFault = (proxy: string, said: string): Fault =>
  new Fault({ kind: 'proxyFailed', proxy, said }, 'no', { kind: 'checkProxy' });

async function requestOf(
  url: URL,
  headers: Record<string, string>,
  proxy: URL | null,
  env: NodeJS.ProcessEnv,
  patient: Patience,
): Promise<ClientRequest> {
  const own: RequestOptions = { headers, agent: false };
  if (url.protocol === 'http:') {
    if (proxy === null) return http.request(plain(url), own);
    // A proxy takes the whole URL as the path.
    return moduleOf(proxy).request({
      ...own,
      ...secured(proxy, env),
      hostname: hostOf(proxy),
      port: proxy.port,
      path: plain(url).href,
      headers: { ...headers, host: url.host, ...authorization('proxy-authorization', proxy) },
    });
  }
  if (proxy === null) return https.request(plain(url), { ...own, ...secured(url, env) });
  const socket = await tunnel(url, proxy, env, patient);
  // With `agent`, even false, Node would connect by itself.
  return https.request(plain(url), {
    headers,
    createConnection: () => tls.connect({ socket, host: hostOf(url), ...secured(url, env) }),
  });
}

/** Without name and password, which are sent in a header, and without the fragment, which is for the reader only. */
function plain(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  return bare;
}

const moduleOf = ({ protocol }: URL): typeof http | typeof https => (protocol === 'https:' ? https : http);

/** Has the proxy connect to the server of `url`. */
function tunnel(url: URL, proxy: URL, env: NodeJS.ProcessEnv, patient: Patience): Promise<Socket> {
  const target = `${url.hostname}:${url.port === '' ? '443' : url.port}`;
  const request = moduleOf(proxy).request({
    ...secured(proxy, env),
    method: 'CONNECT',
    hostname: hostOf(proxy),
    port: proxy.port,
    path: target,
    headers: { host: target, ...authorization('proxy-authorization', proxy) },
    agent: false,
  });
  const connected = new Promise<Socket>((resolve, reject) => {
    request.once('connect', ({ statusCode = 0 }: IncomingMessage, socket: Socket) => {
      if (statusCode === 200) {
        resolve(socket);
        return;
      }
      socket.destroy();
      const { again, reason, wait } = statusFault(proxy.host, statusCode, undefined);
      reject(new Fault(reason, again, { kind: 'checkProxy' }, wait));
    });
    request.once('error', (error) => reject(connectionFault(proxy.host, error)));
    request.end();
  });
  return patient.of(connected, () => request.destroy());
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/u, '$1');

/** TLS options for the server of `url`; none for http. NODE_TLS_REJECT_UNAUTHORIZED has no effect here. */
function secured(url: URL, env: NodeJS.ProcessEnv): tls.ConnectionOptions {
  if (url.protocol !== 'https:') return {};
  const host = hostOf(url);
  return {
    secureContext: authorities(env),
    rejectUnauthorized: true,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  };
}

/** The paths where distributions keep the certificates that they and the administrator trust. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

let known: { of: string; context: SecureContext } | null = null;

/** The authorities of Node, of the system, and of the files in SSL_CERT_FILE and NODE_EXTRA_CA_CERTS. */
function authorities({ SSL_CERT_FILE: file = '', NODE_EXTRA_CA_CERTS: extra = '' }: NodeJS.ProcessEnv): SecureContext {
  const files = [BUNDLES.find((path) => existsSync(path)) ?? '', file, extra].filter((path) => path !== '');
  const of = files.join('\n');
  if (known?.of !== of) {
    const ca = [...tls.rootCertificates, ...files.map((path) => readFileSync(path, 'utf8'))];
    known = { of, context: tls.createSecureContext({ ca }) };
  }
  return known.context;
}

/** Limits the wait for a server. */
export class Patience {
  readonly #host: string;
  readonly #seconds: number;

  /** `seconds`: 0 for no limit. */
  constructor(host: string, seconds: number) {
    this.#host = host;
    this.#seconds = seconds;
  }

  /** `work`, or a Fault when it takes too long; `giveUp` then ends it. */
  of<T>(work: Promise<T>, giveUp: () => void): Promise<T> {
    if (this.#seconds === 0) return work;
    const silent = new Fault({ kind: 'serverSilent', host: this.#host, seconds: this.#seconds }, 'yes');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(silent);
        giveUp();
      }, this.#seconds * 1000);
      void work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
