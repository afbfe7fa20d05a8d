// A forged broker gives a real session one answer of each kind that breaks the protocol.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errnoOf } from '../../../app/base/errors.ts';
import type { NativeAddon, NativeBroker } from '../../../app/engine/native/addon.ts';
import { canLab } from '../../lab/lab.ts';
import { MiB } from '../job/support.ts';

const noLab = canLab();
const addon = createRequire(import.meta.url)(
  fileURLToPath(new URL('../../../out/native/kcopyd.node', import.meta.url)),
) as NativeAddon;

/** Reads one request, and answers with the message and the descriptors that its arguments describe. */
const PEER = `
import array, os, socket, struct, sys
words, detail, length, files = sys.argv[1].split(','), sys.argv[2].encode(), int(sys.argv[3]), sys.argv[4:]
end = socket.socket(fileno=0)
end.recv(4096)
if length == 0: sys.exit()
fds = [os.open(name, eval(mode, vars(os))) for mode, name in (file.split(':', 1) for file in files)]
reply = struct.pack('IIIIi', *map(int, words)) + detail.ljust(256, b'\\0')
rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
end.sendmsg([reply.ljust(length, b'\\0')[:length]], rights)
end.recv(4096)
`;
const MAGIC = 0x42544c50;
const [NAME, OPEN] = [1, 2];
const OK = 0;
const LENGTH = 276;
/** Flags of the three descriptors that a device for writing is made of. */
const FOR_WRITING = ['O_RDONLY', 'O_RDWR|O_DIRECT', 'O_RDWR'];

interface Answer {
  magic?: number;
  version?: number;
  verb?: number;
  status?: number;
  error?: number;
  detail?: string;
  /** Length of the message in bytes. 0: the peer ends without an answer. */
  length?: number;
  /** Attached descriptors, as "FLAGS:PATH". */
  files?: readonly string[];
}

/** Counts the descriptors that this process has open on a path. */
const descriptorsOf = (path: string): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // the descriptor by which the folder was read
    }
  }).length;

describe('an answer that no broker gives', () => {
  let folder: string;
  let file: string;
  let peers: ChildProcess[];
  /** A session that is collected ends. */
  let sessions: NativeBroker[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'platter-replies-'));
    file = join(folder, 'file');
    writeFileSync(file, '');
    truncateSync(file, MiB);
    peers = [];
    sessions = [];
  });
  afterEach(async () => {
    for (const session of sessions) session.close();
    for (const peer of peers) {
      if (peer.exitCode === null) await once(peer, 'exit');
    }
    rmSync(folder, { recursive: true });
  });

  /** A session whose first request gets this answer. */
  function answered({
    magic = MAGIC,
    version = 1,
    verb = OPEN,
    status = OK,
    error = 0,
    detail = '',
    length = LENGTH,
    files = [],
  }: Answer): NativeBroker {
    const { broker, peer } = addon.brokerPair();
    peers.push(
      spawn(
        'python3',
        ['-c', PEER, [magic, version, verb, status, error].join(','), detail, String(length), ...files],
        { stdio: [peer, 'inherit', 'inherit'] },
      ),
    );
    closeSync(peer);
    sessions.push(broker);
    return broker;
  }

  const naming = (broker: NativeBroker): Promise<unknown> =>
    broker.name([{ major: 7, minor: 0, size: MiB, diskSequence: 1, access: 'write' }]);
  const opening = (broker: NativeBroker, number = { major: 7, minor: 0 }): Promise<unknown> =>
    broker.open(0, 'write', 'it', number);
  const errnoFrom = async (asking: Promise<unknown>): Promise<string | null> =>
    errnoOf(
      await asking.then(
        () => null,
        (reason: unknown) => reason,
      ),
    );

  it.each<[string, Answer]>([
    ['is too short', { length: LENGTH - 1 }],
    ['is too long', { length: LENGTH + 1 }],
    ['has one byte', { length: 1 }],
    ['has another magic number', { magic: MAGIC + 1 }],
    ['is of another version', { version: 2 }],
    ['answers another request', { verb: NAME }],
    ['has a status that is not known', { status: 15 }],
    ['has a negative errno', { status: 14, error: -5 }],
    ['has a text without an end', { status: 14, detail: 'x'.repeat(256) }],
    ['says that a device is open, and brings none', {}],
  ])('%s: the request fails with EPROTO and the session ends', async (_what, answer) => {
    const broker = answered(answer);
    expect(await errnoFrom(opening(broker))).toBe('EPROTO');
    expect(await errnoFrom(opening(broker))).toBe('ECONNRESET');
  });

  it('reports a broker that ends without an answer', async () => {
    const broker = answered({ length: 0 });
    expect(await errnoFrom(opening(broker))).toBe('ECONNRESET');
  });

  it('closes and refuses descriptors that are too few, too many, or beside a refusal or another request', async () => {
    const some = (count: number): string[] => Array.from({ length: count }, () => `O_RDWR:${file}`);
    for (const files of [some(2), some(4), some(8), some(60)])
      expect(await errnoFrom(opening(answered({ files }))), `${files.length}`).toBe('EPROTO');
    expect(await errnoFrom(opening(answered({ status: 8, files: some(3) })))).toBe('EPROTO');
    expect(await errnoFrom(naming(answered({ verb: NAME, files: some(1) })))).toBe('EPROTO');
    expect(descriptorsOf(file)).toBe(0);
  });

  it('closes and refuses descriptors of a file when a device was asked for', async () => {
    expect(
      await errnoFrom(
        opening(answered({ files: FOR_WRITING.map((flags) => `${flags.replace('|O_DIRECT', '')}:${file}`) })),
      ),
    ).toBe('ENOTBLK');
    expect(descriptorsOf(file)).toBe(0);
  });

  it.skipIf(noLab !== null)(
    'closes and refuses descriptors of another device, or opened in another way' +
      (noLab === null ? '' : ` (${noLab})`),
    async () => {
      const device = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
      try {
        const { rdev } = statSync(device);
        const number = { major: (rdev >> 8) & 0xfff, minor: rdev & 0xff };
        const of = (flags: readonly string[]): string[] => flags.map((one) => `${one}:${device}`);
        expect(
          await errnoFrom(
            opening(answered({ files: of(FOR_WRITING) }), { major: number.major, minor: number.minor + 1 }),
          ),
        ).toBe('ESTALE');
        expect(await errnoFrom(opening(answered({ files: of(['O_RDONLY', 'O_RDWR', 'O_RDWR']) }), number))).toBe(
          'EINVAL',
        );
        expect(
          await errnoFrom(opening(answered({ files: of(['O_RDONLY', 'O_RDWR|O_DIRECT', 'O_RDONLY']) }), number)),
        ).toBe('EINVAL');
        expect(descriptorsOf(device)).toBe(0);
        const opened = (await opening(answered({ files: of(FOR_WRITING) }), number)) as {
          status: string;
          device: { close(): void } | null;
        };
        expect(opened).toMatchObject({ status: 'ok' });
        opened.device!.close();
      } finally {
        execFileSync('losetup', ['--detach', device]);
      }
    },
  );
});
