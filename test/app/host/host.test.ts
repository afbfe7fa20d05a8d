// The host as a process, with a client that breaks the protocol, leaves, kills it or changes its mind; and the client
// of such a host.
import { existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PROTOCOL } from '../../../app/contract/host.ts';
import { startEngine } from '../../../app/client/client.ts';
import { encodeFrame, FrameDecoder } from '../../../app/client/frames.ts';
import { canLab, seededBytes, type LabDisk } from '../../lab/lab.ts';
import { disk, endpoint, job, midway, plan, result, writeError } from '../../renderer/support/fixtures.ts';
import { HOST, MiB, refused, requestOf, oneBench, type Session } from '../job/support.ts';

const noLab = canLab();
const bench = oneBench();

const list = { id: 1, method: 'list', params: { all: false } };

/** A copy that takes some seconds, in the middle: its source is slow. */
async function running(): Promise<{ session: Session; source: LabDisk; disk: LabDisk; copy: string }> {
  const source = await bench.disk({ size: 24 * MiB, file: await bench.image('disk.img', 24 * MiB) });
  const disk = await bench.disk({ size: 24 * MiB });
  await source.rule('rate r 8M');
  const copy = await bench.path('copy.img');
  const session = bench.session();
  await session.begin({ source: source.device, destinations: [disk.device, copy] });
  await disk.waitFor(({ bytesWritten }) => bytesWritten >= 4 * MiB);
  return { session, source, disk, copy };
}

/** Throws EBUSY when somebody holds the device. */
async function openExclusively(device: string): Promise<void> {
  const file = await open(device, 0o2 | 0o200); // O_RDWR | O_EXCL
  await file.close();
}

describe('a client that breaks the protocol', () => {
  const header = (length: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    return bytes;
  };
  const framed = (text: string): Buffer => Buffer.concat([header(Buffer.byteLength(text)), Buffer.from(text)]);

  /** What the host answers to these bytes after its greeting, and its exit code. */
  async function conversation(...bytes: Buffer[]): Promise<{ said: unknown[]; code: number | null }> {
    const { host, exited } = rawHost();
    const decoder = new FrameDecoder();
    const said: unknown[] = [];
    host.stdout.on('data', (chunk: Buffer) => said.push(...decoder.push(chunk)));
    for (const chunk of bytes) host.stdin.write(chunk);
    const [code] = await exited;
    expect(said.shift()).toEqual({ event: 'hello', protocol: PROTOCOL });
    return { said, code };
  }

  // A session whose input the test writes itself.
  function rawHost(): Pick<Session, 'host' | 'exited'> {
    const { host, exited, engine } = bench.session();
    void engine.closed; // it ends on frames that it did not ask for; that is not tested here
    host.stdout.removeAllListeners('data');
    return { host, exited };
  }

  it.each<[string, Buffer]>([
    ['a frame of 1 GiB', header(2 ** 30)],
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an empty frame', header(0)],
    ['what is not JSON', framed('{"id":1,')],
    ['what is not UTF-8', Buffer.concat([header(3), Buffer.from([0x22, 0xff, 0x22])])],
    ['another kind of value', encodeFrame(['list'])],
  ])('%s: an error, and an end', async (_what, bytes) => {
    const { said, code } = await conversation(bytes);
    expect(said).toMatchObject([{ event: 'error', error: { code: 'BAD_ARGUMENT', op: 'host' } }]);
    expect(code).toBe(1);
  });

  it.each<[string, object]>([
    ['an unknown method', { id: 7, method: 'format', params: {} }],
    ['a parameter too many', { id: 7, method: 'list', params: { all: true, as: 'root' } }],
    [
      'a parameter too few',
      {
        id: 7,
        method: 'prepare',
        params: { kind: 'copy', source: '/a', destinations: ['/b'], verify: true, io: 'auto' },
      },
    ],
    [
      'a path with a NUL',
      { id: 7, method: 'prepare', params: { ...requestOf({ source: '/a', destinations: ['/b'] }), source: '/a\0b' } },
    ],
    [
      'an empty path',
      { id: 7, method: 'prepare', params: { ...requestOf({ source: '/a', destinations: ['/b'] }), source: '' } },
    ],
    ['a field too many', { ...list, id: 7, sudo: true }],
  ])('%s: the question is refused, and the conversation ends', async (_what, request) => {
    const { said, code } = await conversation(encodeFrame(request));
    expect(said).toMatchObject([{ id: 7, ok: false, errors: [{ code: 'BAD_ARGUMENT' }] }]);
    expect(code).toBe(1);
  });

  it('ends the host when its input ends inside a frame', async () => {
    const { host, exited } = rawHost();
    host.stdin.end(encodeFrame(list).subarray(0, 9));
    expect(await exited).toEqual([1, null]);
  });

  it('ends in order when the client leaves without a word', async () => {
    const { host, exited } = rawHost();
    host.stdin.end();
    expect(await exited).toEqual([0, null]);
  });
});

describe.skipIf(noLab !== null)('one job at a time', () => {
  it('refuses a second job while one is prepared or runs, and accepts it afterwards', async () => {
    const { session, source } = await running();
    const other = requestOf({ source: source.device, destinations: [await bench.path('other.img')] });
    expect(await refused(session.engine.call('prepare', other))).toMatchObject([{ code: 'BAD_ARGUMENT' }]);
    expect(await refused(session.engine.call('start', {}))).toMatchObject([{ code: 'BAD_ARGUMENT' }]);
    await source.rule('clear');
    expect(await session.until(({ event }) => event === 'result')).toMatchObject({ result: { writeErr: 0 } });
    await session.engine.call('prepare', other);
    expect(await refused(session.engine.call('prepare', other))).toMatchObject([{ code: 'BAD_ARGUMENT' }]);
    await session.engine.call('cancel', {});
    await session.engine.call('prepare', other);
  });

  it('starts nothing that was not prepared, and allows cancelling nothing', async () => {
    const { engine } = bench.session();
    expect(await refused(engine.call('start', {}))).toMatchObject([{ code: 'BAD_ARGUMENT' }]);
    await engine.call('cancel', {});
  });

  it('holds what is prepared, and releases it when the job is given up', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: MiB });
    const [one, two] = [bench.session(), bench.session()];
    const request = requestOf({ source, destinations: [disk.device] });
    await one.engine.call('prepare', request);
    await expect(openExclusively(disk.device)).rejects.toThrow('EBUSY');
    expect(await refused(two.engine.call('prepare', request))).toMatchObject([
      { code: 'IN_USE', device: disk.device, errno: 'EBUSY' },
    ]);
    await one.engine.call('cancel', {});
    await two.engine.call('prepare', request);
  });

  it('holds nothing after a job was given up while its devices were being opened', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: MiB });
    const { engine } = bench.session();
    const preparing = engine.call('prepare', requestOf({ source, destinations: [disk.device] }));
    const cancelling = engine.call('cancel', {});
    expect(await refused(preparing)).toMatchObject([{ code: 'CANCELLED' }]);
    await cancelling;
    await openExclusively(disk.device);
  });

  it('refuses a second copy to an image before and after the first one has started', async () => {
    const { copy, source } = await running();
    await source.rule('stall r 20M 1M');
    const other = bench.session();
    expect(
      await refused(other.engine.call('prepare', requestOf({ source: source.device, destinations: [copy] }))),
    ).toMatchObject([{ code: 'IN_USE', device: copy }]);

    const [first, second] = [bench.session(), bench.session()];
    const request = requestOf({ source: source.device, destinations: [await bench.path('race.img')] });
    await first.engine.call('prepare', request);
    await second.engine.call('prepare', request);
    await first.engine.call('start', {});
    expect(await refused(second.engine.call('start', {}))).toMatchObject([{ code: 'IN_USE' }]);
    await source.rule('clear');
    await first.until(({ event }) => event === 'result');
    expect(readFileSync(await bench.path('race.img')).equals(seededBytes(24 * MiB, 1))).toBe(true);
  });
});

describe.skipIf(noLab !== null)('stopping in the middle', () => {
  /** Checks that nothing is in flight or held, what was written is durable and right, and the image has no name. */
  async function expectOrder(disk: LabDisk, copy: string): Promise<void> {
    const { bytesWritten, flushes, inFlight } = await disk.counters();
    expect(inFlight).toBe(0);
    expect(flushes).toBeGreaterThan(0);
    expect(bytesWritten).toBeLessThan(24 * MiB);
    const medium = readFileSync(disk.backing);
    // Any of the chunks in flight can have been read first.
    const copied = Array.from({ length: 23 }, (_, i) => (i + 1) * MiB).filter((at) =>
      medium.subarray(at, at + MiB).equals(seededBytes(MiB, 1, at)),
    );
    expect(copied.length).toBeGreaterThanOrEqual(2);
    expect(medium.subarray(0, MiB).equals(Buffer.alloc(MiB))).toBe(true); // so it is not taken for a whole one
    expect([existsSync(copy), existsSync(`${copy}.part`)]).toEqual([false, true]);
    await openExclusively(disk.device);
  }

  it('says in the result that the job was cancelled, and what is kept of an image', async () => {
    const { session, disk, copy } = await running();
    await session.engine.call('cancel', {});
    const last = await session.until(({ event }) => event === 'result');
    expect(last).toMatchObject({
      result: {
        cancelled: true,
        destinations: [
          { state: 'cancelled', verified: null, errors: [{ code: 'CANCELLED', device: disk.device }] },
          {
            state: 'cancelled',
            verified: null,
            errors: [
              {
                code: 'CANCELLED',
                message: `Cancelled before it was complete (the incomplete image is kept as ${copy}.part).`,
              },
            ],
          },
        ],
      },
    });
    expect(session.errors()).toHaveLength(2);
    await expectOrder(disk, copy);
    expect(await session.engine.close()).toBeNull();
  });

  it('stops the job and ends well when the input of the host ends', async () => {
    const { session, disk, copy } = await running();
    session.host.stdin.end();
    expect(await session.exited).toEqual([0, null]);
    expect(session.events.at(-1)).toMatchObject({ event: 'result', result: { cancelled: true } });
    await expectOrder(disk, copy);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s, twice: the same, and not in the middle of a write',
    async (signal) => {
      const { session, disk } = await running();
      await disk.rule('stall w');
      await disk.waitFor(({ stalled }) => stalled > 0);
      session.host.kill(signal);
      await sleep(200);
      session.host.kill(signal);
      await sleep(200);
      expect(session.host.exitCode).toBeNull();
      await disk.rule('go');
      expect(await session.exited).toEqual([0, null]);
      expect((await disk.counters()).inFlight).toBe(0);
      expect(session.events.at(-1)).toMatchObject({ event: 'result', result: { cancelled: true } });
    },
  );
});

describe.skipIf(noLab !== null)('SIGHUP', () => {
  it('F9 does not end the host: its client decides whether a closed terminal stops the job', async () => {
    const { session } = await running();
    session.host.kill('SIGHUP');
    for (let samples = 0; samples < 3; samples += 1) await session.until(({ event }) => event === 'progress');
    expect(session.host.exitCode).toBeNull();
    session.host.stdin.end();
    expect(await session.exited).toEqual([0, null]);
  });
});

describe('a host that breaks down', () => {
  const greeting = { event: 'hello', protocol: PROTOCOL };
  const broken = { code: 'HOST_FAILED', op: 'host' };

  it.skipIf(noLab !== null)('fails every waiting call when the host is killed in the middle of a job', async () => {
    const { session, copy } = await running();
    const pending = refused(session.engine.call('list', { all: false })); // may be answered before the kill
    session.host.kill('SIGKILL');
    expect(await session.engine.closed).toMatchObject({ ...broken, remedy: { kind: 'HOST_FAILED' } });
    await pending.catch(() => undefined);
    expect(await refused(session.engine.call('list', { all: false }))).toMatchObject([broken]);
    expect(existsSync(copy)).toBe(false);
    expect(existsSync(`${copy}.part`)).toBe(true);
  });

  it.each<[string, string, RegExp]>([
    [
      'ends with a code and a word',
      'console.error("first\\nno disks today"); process.exit(3)',
      /exit code 3, saying "no disks today"/,
    ],
    ['is killed', 'process.kill(process.pid, "SIGKILL")', /SIGKILL/],
    ['ends without an answer', 'process.stdin.once("data", () => process.exit(0))', /before it was done/],
    ['says garbage', 'process.stdin.once("data", () => console.log("hello, this is no frame"))', /broke the protocol/],
    [
      'says what is in no protocol',
      'const b = Buffer.from(JSON.stringify({ event: "party" })); const h = Buffer.alloc(4); ' +
        'h.writeUInt32BE(b.length); process.stdout.write(Buffer.concat([h, b])); process.stdin.resume()',
      /that the protocol does not have/,
    ],
    ['closes its output and stays', 'require("fs").closeSync(1); process.stdin.resume()', /closed its output/],
  ])('%s', async (_what, script, reason) => {
    const engine = startEngine({ command: [process.execPath, '-e', script] });
    const [error] = await refused(engine.call('list', { all: false }));
    expect(error).toMatchObject(broken);
    expect(error!.message).toMatch(reason);
    expect(error!.advice, 'V7').toBe('Nothing was being written. Try again.');
    expect(await engine.closed).toEqual(error);
  });

  it('reports a host that cannot be started', async () => {
    const engine = startEngine({ command: ['/no/such/program'] });
    expect(await refused(engine.call('list', { all: false }))).toMatchObject([
      { ...broken, message: expect.stringContaining('could not be started') as string },
    ]);
  });

  it.each<[string, ...unknown[]]>([
    ['does not greet first', { id: 1, ok: true, result: [] }],
    ['greets twice', greeting, greeting],
    ['is of another version', { ...greeting, protocol: PROTOCOL + 1 }],
    ['sends a value that is no message', greeting, 'hello'],
    ['sends an answer that is none', greeting, { id: 1, ok: 'yes' }],
    ['answers what was not asked', greeting, { id: 7, ok: true, result: {} }],
  ])('a host that %s has failed', async (_what, ...said) => {
    const [readable, writable] = [new PassThrough(), new PassThrough()];
    const engine = startEngine({ streams: { readable, writable } });
    const asked = refused(engine.call('list', { all: false }));
    for (const message of said) readable.write(encodeFrame(message));
    expect(await asked).toMatchObject([broken]);
    expect(await engine.closed).toMatchObject(broken);
  });

  it('recognises a host of another version by its protocol', async () => {
    const [readable, writable] = [new PassThrough(), new PassThrough()];
    const engine = startEngine({ streams: { readable, writable } });
    readable.write(encodeFrame({ ...greeting, protocol: 99 }));
    expect((await engine.closed)?.message).toMatch(/another version of Platter \(protocol 99\)/);
  });

  it('loses neither a sample nor an error of a host that sends more than it is read', async () => {
    const [readable, writable] = [new PassThrough(), new PassThrough()];
    const engine = startEngine({ streams: { readable, writable } });
    const heard: string[] = [];
    const end = new Promise<void>((resolve) =>
      engine.onEvent(({ event }) => {
        heard.push(event);
        if (event === 'result') resolve();
      }),
    );
    const to = plan([endpoint(disk('/dev/sdb'))]);
    const sample = { event: 'progress', progress: job(to, midway(to)).progress };
    const error = { event: 'error', error: writeError(0, '/dev/sdb') };
    const messages = [
      ...Array.from({ length: 300 }, () => sample),
      error,
      sample,
      { event: 'result', result: result(to, []) },
    ];
    readable.write(Buffer.concat([greeting, ...messages].map(encodeFrame)));
    await end;
    expect(heard).toEqual(messages.map(({ event }) => event));
    readable.end();
    await engine.closed;
  });

  it('tells a host that broke down from one that was closed in order, even when asked again', async () => {
    const engine = startEngine({ command: [process.execPath, HOST] });
    expect(await engine.call('list', { all: false })).toBeInstanceOf(Array);
    expect(await engine.close()).toBeNull();
    expect(await refused(engine.call('list', { all: false }))).toMatchObject([broken]);
    expect(await engine.close()).toBeNull();
  });
});
