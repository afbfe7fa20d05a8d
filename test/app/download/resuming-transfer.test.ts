// A download with as many requests as it takes, from servers that break off, lie, change the file, or do not answer.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Validators } from '../../../app/download/answers.ts';
import { Fault } from '../../../app/download/faults.ts';
import { transfer, type Start } from '../../../app/download/resuming-transfer.ts';
import { seededBytes } from '../../lab/lab.ts';
import { answerWith, cutAfter, ignoreRanges, Proxy, serve, stall, WebServer, type Behaviour } from './web-server.ts';

const SIZE = 300_000;
const content = seededBytes(SIZE, 1);
const nothing: Start = { has: 0, isWhole: false, etag: null, lastModified: null, length: null };

/** The result of a download. */
interface Came {
  end: number | 'unchanged' | Fault;
  bytes: Buffer;
  /** The offsets at which bodies began. */
  begun: number[];
  /** The reason for each repeated request, and the pause before it. */
  again: [string, number][];
}

async function fetched(
  url: string,
  {
    start = nothing,
    had = Buffer.alloc(0),
    env = {},
    patience = 5,
    most = null,
  }: { start?: Start; had?: Buffer; env?: NodeJS.ProcessEnv; patience?: number; most?: number | null } = {},
): Promise<Came> {
  let bytes = Buffer.from(had);
  const begun: number[] = [];
  const again: [string, number][] = [];
  const sink = {
    write: (piece: Uint8Array, at: number) => {
      expect(at).toBe(bytes.length);
      bytes = Buffer.concat([bytes, piece]);
      return Promise.resolve();
    },
    empty: () => {
      bytes = Buffer.alloc(0);
      return Promise.resolve();
    },
  };
  const listener = {
    begins: (from: number, _file: Validators) => {
      begun.push(from);
      return Promise.resolve();
    },
    progress: () => undefined,
    again: ({ reason }: Fault, _attempt: number, seconds: number) => void again.push([reason.kind, seconds]),
  };
  const conditions = { patience, most, env, program: 'platter 1', pause: () => Promise.resolve() };
  try {
    return { end: await transfer(new URL(url), start, sink, listener, conditions), bytes, begun, again };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { end: error, bytes, begun, again };
  }
}

const kindOf = ({ end }: Came): string => (end instanceof Fault ? end.reason.kind : String(end));

/** A server that answers its first requests in these ways. */
async function serverWith(...behaviours: Behaviour[]): Promise<WebServer> {
  const server = await WebServer.start(content);
  server.next.push(...behaviours);
  return server;
}

describe('a download', () => {
  test('fetches the whole file, asks for no encoding and names the client', async () => {
    await using server = await serverWith();
    const came = await fetched(server.url());
    expect([came.end, came.bytes.equals(content), came.begun, came.again]).toEqual([SIZE, true, [0], []]);
    expect(server.requests[0]!.headers).toMatchObject({ 'accept-encoding': 'identity', 'user-agent': 'platter/1' });
  });

  test('takes a file of unknown length to its end', async () => {
    await using server = await serverWith((_request, response) => {
      response.write(content.subarray(0, 1000));
      response.end(content.subarray(1000));
    });
    const came = await fetched(server.url());
    expect([came.end, came.bytes.equals(content)]).toEqual([SIZE, true]);
  });

  test('resumes after each cut, on the condition that the file is unchanged', async () => {
    await using server = await serverWith(cutAfter(100_000), cutAfter(50_000));
    const came = await fetched(server.url());
    expect([came.end, came.bytes.equals(content)]).toEqual([SIZE, true]);
    expect(came.again.map(([kind]) => kind)).toEqual(['cutShortOf', 'cutShortOf']);
    expect(server.ranges).toEqual([null, 'bytes=100000-', 'bytes=150000-']);
    expect(server.requests[1]!.headers['if-range']).toBe(server.etag);
  });

  test('starts over when the server ignores ranges', async () => {
    await using server = await serverWith(cutAfter(100_000), ignoreRanges);
    const came = await fetched(server.url());
    expect([came.end, came.bytes.equals(content), came.begun]).toEqual([SIZE, true, [0, 0]]);
  });

  test('starts over when the file changed between two ranges', async () => {
    await using server = await serverWith(cutAfter(100_000), (request, response, self) => {
      self.content = seededBytes(SIZE, 2);
      serve(request, response, self);
    });
    const came = await fetched(server.url());
    expect([came.end, came.bytes.equals(seededBytes(SIZE, 2)), came.begun]).toEqual([SIZE, true, [0, 0]]);
  });

  test.each([
    ['another place', { 'content-range': `bytes 5-${String(SIZE - 1)}/${String(SIZE)}` }],
    ['a file of another length', { 'content-range': `bytes 100000-${String(SIZE)}/${String(SIZE + 1)}` }],
    ['another file', { 'content-range': `bytes 100000-${String(SIZE - 1)}/${String(SIZE)}`, etag: '"other"' }],
    ['nobody knows what', {}],
  ])('does not take a range of %s', async (_what, headers) => {
    await using server = await serverWith(cutAfter(100_000), (_request, response) => {
      response.writeHead(206, headers).end(Buffer.alloc(SIZE - 100_000));
    });
    const came = await fetched(server.url());
    expect([came.end, came.bytes.equals(content)]).toEqual([SIZE, true]);
    expect(server.ranges).toEqual([null, 'bytes=100000-', null]);
  });

  test('resumes after a range that ends early', async () => {
    await using server = await serverWith(cutAfter(100_000), (_request, response, { etag }) => {
      response.writeHead(206, { 'content-range': `bytes 100000-${String(SIZE - 1)}/${String(SIZE)}`, etag });
      response.end(content.subarray(100_000, 150_000));
    });
    const came = await fetched(server.url());
    expect([came.end, came.bytes.equals(content)]).toEqual([SIZE, true]);
    expect(server.ranges).toEqual([null, 'bytes=100000-', 'bytes=150000-']);
  });

  test('resumes where an earlier run stopped', async () => {
    await using server = await serverWith();
    const start = { ...nothing, has: 70_000, etag: server.etag, length: SIZE };
    const came = await fetched(server.url(), { start, had: content.subarray(0, 70_000) });
    expect([came.end, came.bytes.equals(content), came.begun]).toEqual([SIZE, true, [70_000]]);
  });

  test('keeps a complete file that has not changed, and fetches one that has', async () => {
    await using server = await serverWith();
    const start = { ...nothing, has: SIZE, isWhole: true, etag: server.etag, length: SIZE };
    expect((await fetched(server.url(), { start, had: content })).end).toBe('unchanged');
    const changed = await fetched(server.url(), { start: { ...start, etag: '"old"' }, had: seededBytes(SIZE, 3) });
    expect([changed.end, changed.bytes.equals(content), changed.begun]).toEqual([SIZE, true, [0]]);
  });

  test('fetches a file again when the server gives nothing to identify it by', async () => {
    await using server = await serverWith();
    const came = await fetched(server.url(), { start: { ...nothing, has: 1000 }, had: Buffer.alloc(1000) });
    expect([came.end, came.bytes.equals(content), server.ranges]).toEqual([SIZE, true, [null]]);
  });

  test('ignores a weak ETag', async () => {
    await using server = await serverWith();
    const came = await fetched(server.url(), {
      start: { ...nothing, has: 1000, etag: `W/${server.etag}` },
      had: content.subarray(0, 1000),
    });
    expect([came.end, server.ranges]).toEqual([SIZE, [null]]);
  });
});

describe('a download fails', () => {
  test('after six cuts in a row with almost no new bytes', async () => {
    await using server = await serverWith(...Array<Behaviour>(20).fill(cutAfter(10)));
    const came = await fetched(server.url());
    expect([kindOf(came), came.again.length, server.requests.length]).toEqual(['cutShortOf', 5, 6]);
    expect(came.again.map(([, seconds]) => seconds)).toEqual([1, 2, 4, 8, 16]);
  });

  test('when the file changes again and again', async () => {
    const change: Behaviour = (request, response, self) => {
      self.content = seededBytes(SIZE, self.requests.length);
      cutAfter(100_000)(request, response, self);
    };
    await using server = await serverWith(...Array<Behaviour>(20).fill(change));
    const came = await fetched(server.url());
    expect(came.end).toBeInstanceOf(Fault);
    expect(server.requests.length).toBeLessThan(20);
  });

  test('when the server sends more than it announced', async () => {
    await using server = await serverWith((_request, response) => {
      response.socket!.end(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1001)}`);
    });
    expect(kindOf(await fetched(server.url()))).toBe('downloadTooLong');
  });

  test('when a range is longer than it says', async () => {
    await using server = await serverWith(cutAfter(100_000), (_request, response, { etag }) => {
      response.writeHead(206, { 'content-range': `bytes 100000-${String(SIZE - 1)}/${String(SIZE)}`, etag });
      response.end(Buffer.alloc(SIZE));
    });
    expect(kindOf(await fetched(server.url()))).toBe('downloadTooLong');
  });

  test('when the file exceeds the limit, announced or not', async () => {
    await using server = await serverWith();
    expect(await fetched(server.url(), { most: SIZE - 1 })).toMatchObject({ bytes: Buffer.alloc(0) });
    server.next.push((_request, response) => {
      response.write(content.subarray(0, 1000));
      response.end(content.subarray(1000));
    });
    expect(kindOf(await fetched(server.url(), { most: SIZE - 1 }))).toBe('downloadLimit');
  });

  test('when the server is silent, before its answer or within it', async () => {
    const half: Behaviour = (_request, response) => {
      response.writeHead(200, { 'content-length': SIZE });
      response.write(content.subarray(0, 1000));
    };
    await using server = await serverWith(stall, half);
    const came = await fetched(server.url(), { patience: 0.3 });
    expect([came.end, came.again.map(([kind]) => kind)]).toEqual([SIZE, ['serverSilent', 'serverSilent']]);
    server.next.push(...Array<Behaviour>(6).fill(stall));
    expect(kindOf(await fetched(server.url(), { patience: 0.1 }))).toBe('serverSilent');
  });

  test('with an error status, and retries a temporary one', async () => {
    await using server = await serverWith(answerWith(404));
    const missing = await fetched(server.url());
    expect(missing.end).toMatchObject({
      reason: { kind: 'serverAnswered', status: '404 Not Found' },
      remedy: { kind: 'checkUrl' },
    });
    server.next.push(answerWith(503, { 'retry-after': '7' }), answerWith(500));
    const busy = await fetched(server.url());
    expect([busy.end, busy.again]).toEqual([
      SIZE,
      [
        ['serverAnswered', 7],
        ['serverAnswered', 2],
      ],
    ]);
  });

  test.each([
    ['a length below zero', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n'],
    ['headers without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('when the answer has %s', async (_what, text) => {
    await using server = await serverWith((_request, response) => response.socket!.end(text));
    const came = await fetched(server.url());
    expect(came.end).toMatchObject({ reason: { kind: 'notHttp' }, remedy: { kind: 'otherDownloader' } });
    expect(came.again).toEqual([]);
  });

  test('when the port is closed or the name is unknown', async () => {
    const server = await serverWith();
    const url = server.url();
    await server[Symbol.asyncDispose]();
    const came = await fetched(url);
    expect(came.end).toMatchObject({ reason: { kind: 'notConnected', said: 'ECONNREFUSED' } });
    expect(came.again).toEqual([]);
    expect(kindOf(await fetched('http://nowhere.invalid/'))).toBe('hostUnknown');
  });
});

describe('redirects', () => {
  const to = (location: string): Behaviour => answerWith(302, { location });

  test('are followed, without the password at another server', async () => {
    await using other = await serverWith();
    await using server = await serverWith(to('/second'), to(other.url('/third')));
    const came = await fetched(server.url().replace('//', '//me:p%40ss@'));
    expect([came.end, other.requests.map(({ url }) => url)]).toEqual([SIZE, ['/third']]);
    const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([basic, basic]);
    expect(other.requests[0]!.headers.authorization).toBeUndefined();
  });

  test('stop when they loop', async () => {
    await using server = await serverWith(...Array<Behaviour>(100).fill(to('/again')));
    const came = await fetched(server.url());
    expect([kindOf(came), server.requests.length]).toEqual(['tooManyRedirects', 21]);
  });

  test('to anything but http and https are not followed', async () => {
    await using server = await serverWith(to('file:///etc/passwd'));
    expect(kindOf(await fetched(server.url()))).toBe('oddRedirect');
  });
});

describe('with TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'platter-tls-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'].concat([
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', file('key'), '-out', file('cert')],
    ]),
    { stdio: 'ignore' },
  );
  const secrets = { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('cert'), 'utf8') };

  test('a self-signed certificate is refused, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    await using server = await WebServer.start(content, secrets);
    const came = await fetched(server.url('/', 'localhost'));
    expect(came.end).toMatchObject({ reason: { kind: 'certificate', why: 'selfSigned' } });
    expect(server.requests).toEqual([]);
  });

  test('an authority in SSL_CERT_FILE is trusted, for its own name only', async () => {
    await using server = await WebServer.start(content, secrets);
    const env = { SSL_CERT_FILE: file('cert') };
    const came = await fetched(server.url('/', 'localhost'), { env });
    expect([came.end, came.bytes.equals(content)]).toEqual([SIZE, true]);
    expect((await fetched(server.url(), { env })).end).toMatchObject({
      reason: { kind: 'certificate', why: 'otherName' },
    });
  });

  test('the server is asked through the tunnel of a proxy', async () => {
    await using server = await WebServer.start(content, secrets);
    await using proxy = await Proxy.start(server);
    const env = { SSL_CERT_FILE: file('cert'), https_proxy: proxy.url };
    const came = await fetched('https://localhost/disk.img', { env });
    expect([came.end, came.bytes.equals(content), proxy.asked]).toEqual([SIZE, true, ['CONNECT localhost:443']]);
  });

  test('a redirect to http is not followed', async () => {
    await using server = await WebServer.start(content, secrets);
    server.next.push(answerWith(302, { location: 'http://127.0.0.1:9/disk.img?key=1' }));
    const came = await fetched(server.url('/', 'localhost'), { env: { SSL_CERT_FILE: file('cert') } });
    expect(came.end).toMatchObject({ reason: { kind: 'insecureRedirect', to: 'http://127.0.0.1:9/disk.img?...' } });
  });
});

describe('a proxy', () => {
  test('of http is asked for the whole URL, with its own password', async () => {
    await using server = await serverWith();
    await using proxy = await Proxy.start(server);
    const came = await fetched('http://images.invalid/disk.img?key=1', {
      env: { http_proxy: proxy.url.replace('//', '//you:word@') },
    });
    expect([came.end, came.bytes.equals(content)]).toEqual([SIZE, true]);
    expect(proxy.asked).toEqual(['GET http://images.invalid/disk.img?key=1']);
    expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('you:word').toString('base64')}`]);
  });

  test('that refuses, or is not a proxy, is reported', async () => {
    await using server = await serverWith();
    await using proxy = await Proxy.start(server, 407);
    const tunnel = await fetched('https://images.invalid/', { env: { https_proxy: proxy.url } });
    expect(tunnel.end).toMatchObject({
      reason: { kind: 'serverAnswered', status: '407 Proxy Authentication Required' },
      remedy: { kind: 'checkProxy' },
    });
    expect(proxy.asked).toEqual(['CONNECT images.invalid:443']);
    for (const value of ['socks5://127.0.0.1:1', 'http://'])
      expect(kindOf(await fetched('http://images.invalid/', { env: { http_proxy: value } }))).toBe('proxyFailed');
  });
});
