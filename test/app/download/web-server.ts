// A web server on this machine that behaves like real ones, good and bad.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** Answers one request. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, server: WebServer) => void;

/** Serves `content` at every path, with ranges, an ETag and a date. A request can get another behaviour. */
export class WebServer implements AsyncDisposable {
  content: Buffer;
  /** The behaviours for the next requests, in order. */
  readonly next: Behaviour[] = [];
  /** That for all others. */
  otherwise: Behaviour = serve;
  /** The requests so far. */
  readonly requests: IncomingMessage[] = [];
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();
  readonly #scheme: string;

  private constructor(content: Buffer, secrets: { key: string; cert: string } | null) {
    this.content = content;
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.requests.push(request);
      (this.next.shift() ?? this.otherwise)(request, response, this);
    };
    this.#scheme = secrets === null ? 'http' : 'https';
    this.#server = secrets === null ? http.createServer(answer) : https.createServer(secrets, answer);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    });
  }

  static async start(content: Buffer, secrets: { key: string; cert: string } | null = null): Promise<WebServer> {
    const server = new WebServer(content, secrets);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = '/disk.img', host = '127.0.0.1'): string {
    return `${this.#scheme}://${host}:${String(this.port)}${path}`;
  }

  get etag(): string {
    return `"${createHash('sha256').update(this.content).digest('hex').slice(0, 16)}"`;
  }

  /** The requested ranges; null for a whole file. */
  get ranges(): (string | null)[] {
    return this.requests.map(({ headers }) => headers.range ?? null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Answers as a normal web server. */
export const serve: Behaviour = (request, response, { content, etag }) => {
  const { range, 'if-range': condition, 'if-none-match': known } = request.headers;
  if (known === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  const [, first = NaN, last = ''] = /^bytes=(\d+)-(\d*)$/u.exec(range ?? '') ?? [];
  const from = Number(first);
  if (!Number.isNaN(from) && from >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${String(content.length)}` }).end();
    return;
  }
  const isPart = !Number.isNaN(from) && (condition === undefined || condition === etag);
  const end = last === '' ? content.length : Math.min(Number(last) + 1, content.length);
  const body = isPart ? content.subarray(from, end) : content;
  response.writeHead(isPart ? 206 : 200, {
    etag,
    'content-length': body.length,
    ...(isPart ? { 'content-range': `bytes ${String(from)}-${String(end - 1)}/${String(content.length)}` } : {}),
  });
  response.end(body);
};

/** Breaks the connection after `count` bytes of the body. */
export const cutAfter =
  (count: number): Behaviour =>
  (request, response, server) => {
    const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? '')?.[1] ?? 0);
    const { content, etag } = server;
    response.writeHead(from === 0 ? 200 : 206, {
      etag,
      'content-length': content.length - from,
      ...(from === 0
        ? {}
        : { 'content-range': `bytes ${String(from)}-${String(content.length - 1)}/${String(content.length)}` }),
    });
    response.write(content.subarray(from, from + count), () => setTimeout(() => response.socket?.destroy(), 20));
  };

/** Supports no ranges and sends no validators. */
export const ignoreRanges: Behaviour = (_request, response, { content }) => {
  response.writeHead(200, { 'content-length': content.length }).end(content);
};

/** Answers with a status and an empty body. */
export const answerWith =
  (status: number, headers: http.OutgoingHttpHeaders = {}): Behaviour =>
  (_request, response) => {
    response.writeHead(status, headers).end();
  };

/** Accepts the request and never answers. */
export const stall: Behaviour = () => undefined;

/** A proxy that forwards requests and makes tunnels. */
export class Proxy implements AsyncDisposable {
  /** The request lines: "GET http://...", "CONNECT host:443". */
  readonly asked: string[] = [];
  readonly authorizations: (string | null)[] = [];
  readonly #server: http.Server;

  private constructor(target: WebServer, refuses: number | null) {
    this.#server = http.createServer((request, response) => {
      this.#note(request);
      if (refuses !== null) {
        response.writeHead(refuses).end();
        return;
      }
      const { pathname } = new URL(request.url!);
      const onward = http.request(
        { host: '127.0.0.1', port: target.port, path: pathname, headers: request.headers, agent: false },
        (answer) => {
          response.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(response);
        },
      );
      onward.end();
    });
    this.#server.on('connect', (request: IncomingMessage, socket: Socket) => {
      this.#note(request);
      if (refuses !== null) {
        socket.end(`HTTP/1.1 ${String(refuses)} Refused\r\n\r\n`);
        return;
      }
      const onward = new http.Agent().createConnection(
        { host: '127.0.0.1', port: target.port },
        () => undefined,
      ) as Socket;
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      socket.pipe(onward).pipe(socket);
      // A pipe does not pass on an end by an error, and the other end would stay half open.
      for (const [end, other] of [
        [socket, onward],
        [onward, socket],
      ] as const)
        end.on('error', () => undefined).on('close', () => other.destroy());
    });
  }

  /** A proxy that leads to `target`, whatever host is requested. `refuses`: the status of every answer. */
  static async start(target: WebServer, refuses: number | null = null): Promise<Proxy> {
    const proxy = new Proxy(target, refuses);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  #note({ method, url, headers }: IncomingMessage): void {
    this.asked.push(`${method!} ${url!}`);
    this.authorizations.push(headers['proxy-authorization'] ?? null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
