// The host of an ordinary user who may open none of the disks here, with platter-broker: what is opened, with whose
// rights, what is refused, and how often the user is asked.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RightsQuestion } from '../../../app/contract/host.ts';
import { canLab, seededBytes } from '../../lab/lab.ts';
import {
  BROKER,
  childrenOf,
  commandLine,
  finish,
  modesOf,
  prepare,
  USER,
  UsersPlace,
  type UsersHost,
} from './broker-support.ts';
import { MiB, refused } from '../job/support.ts';

const ADDON = fileURLToPath(new URL('../../../out/native/kcopyd.node', import.meta.url));

describe.skipIf(canLab() !== null || process.getuid?.() !== 0)('a host with a broker behind it', () => {
  let place: UsersPlace;
  beforeEach(() => {
    place = new UsersPlace();
  });
  afterEach(() => place.clear());

  it('S1 writes a disk that its user may not open, and leaves files of the user', async () => {
    const disk = await place.disk();
    const source = place.file('source.img', 0, 0o644);
    const [image, manifest] = [join(place.own, 'copy.img'), join(place.own, 'copy.manifest')];
    const { engine, pid } = place.host();
    const plan = await prepare(engine, { source, destinations: [disk.device, image], saveManifest: manifest });
    const status = readFileSync(`/proc/${pid()}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\t${Array(4).fill(USER).join('\t')}$`, 'm'));
    for (const set of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb'])
      expect(status).toMatch(new RegExp(`^${set}:\\t0{16}$`, 'm'));
    expect(await finish(engine)).toMatchObject({
      writeErr: 0,
      notes: [],
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true },
      ],
    });
    expect(readFileSync(disk.backing).subarray(0, MiB).equals(seededBytes(MiB, 5))).toBe(true);
    for (const path of [image, manifest, join(place.own, 'state/jobs', `${plan.job!}.log`)])
      expect([statSync(path).uid, statSync(path).gid], path).toEqual([USER, USER]);
  });

  it('reads a disk as a source through descriptors that cannot write', async () => {
    const disk = await place.disk();
    const { engine, pid } = place.host();
    expect(await prepare(engine, { source: disk.device, destinations: [join(place.own, 'back.img')] })).toMatchObject({
      source: { kind: 'block', diskSequence: expect.any(Number) as number },
    });
    expect(new Set(modesOf(pid(), disk.device))).toEqual(new Set([0]));
    expect(await finish(engine)).toMatchObject({ writeErr: 0 });
  });

  it('neither reads nor writes a file that its user may not, by whatever name', async () => {
    const disk = await place.disk();
    const [secret, locked, readable] = [
      place.file('secret', 0, 0o600),
      place.file('locked.img', 0, 0o644),
      place.file('readable.img', 0, 0o644),
    ];
    const before = readFileSync(locked);
    symlinkSync(secret, join(place.own, 'to-secret'));
    symlinkSync(locked, join(place.own, 'to-locked'));
    const { engine } = place.host();
    for (const request of [
      { source: secret, destinations: [disk.device] },
      { source: join(place.own, 'to-secret'), destinations: [disk.device] },
      { source: readable, destinations: ['/etc/passwd'] },
      { source: readable, destinations: [locked] },
      { source: readable, destinations: [join(place.own, 'to-locked')] },
      { source: readable, destinations: [join(place.folder, 'new.img')] },
      { source: null, kind: 'verify' as const, destinations: [disk.device], manifest: secret },
      { source: readable, destinations: [disk.device], rescue: { retries: 0, map: secret } },
    ])
      expect(await refused(prepare(engine, request)), JSON.stringify(request)).toMatchObject([
        { code: 'NOT_PERMITTED' },
      ]);
    expect(readdirSync(place.folder).sort()).toEqual(['locked.img', 'own', 'readable.img', 'secret']);
    expect(readFileSync(locked).equals(before)).toBe(true);
  });

  it('S12 ends the session with the job that it was approved for, and asks again for the next', async () => {
    const [one, two] = [await place.disk(), await place.disk()];
    const source = place.file('source.img', 0, 0o644);
    const { engine, process } = place.host();
    const sessions = (): number => childrenOf(process.pid!).filter((pid) => commandLine(pid).includes(BROKER)).length;
    await prepare(engine, { source, destinations: [one.device] });
    expect(sessions()).toBe(1);
    await finish(engine);
    await expect.poll(sessions).toBe(0);
    await prepare(engine, { source, destinations: [two.device] });
    expect(sessions()).toBe(1);
    await engine.call('cancel', {});
    await expect.poll(sessions).toBe(0);
    expect(readFileSync(two.backing).equals(Buffer.alloc(2 * MiB))).toBe(true);
  });

  it('S1 opens no port of the host on SIGUSR1, and the job goes on', async () => {
    const disk = await place.disk();
    const source = place.file('source.img', 0, 0o644);
    const { engine, pid } = place.host();
    await engine.call('list', { all: false });
    const before = listening();
    for (const signal of ['SIGUSR1', 'SIGPIPE', 'SIGCHLD', 'SIGURG', 'SIGWINCH', 'SIGSTOP', 'SIGCONT'] as const)
      process.kill(pid(), signal);
    await prepare(engine, { source, destinations: [disk.device] });
    process.kill(pid(), 'SIGUSR1');
    expect(await finish(engine)).toMatchObject({ writeErr: 0, destinations: [{ state: 'done', verified: true }] });
    expect(listening()).toEqual(before);
  });

  it('S1 keeps another process of the same user from taking a disk of the host', async () => {
    const disk = await place.disk();
    const { engine, pid } = place.host();
    await prepare(engine, { source: place.file('source.img', 0, 0o644), destinations: [disk.device] });
    const fds = readdirSync(`/proc/${pid()}/fd`).filter(
      (fd) => readlinkSync(`/proc/${pid()}/fd/${fd}`) === disk.device,
    );
    expect(fds.length).toBeGreaterThan(0);
    // 434: pidfd_open, 438: pidfd_getfd, on every architecture.
    const program = `import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, int(sys.argv[1]), 0)
for fd in sys.argv[2:]:
    print(libc.syscall(438, pidfd, int(fd), 0), os.strerror(ctypes.get_errno()))
try:
    print(os.listdir('/proc/' + sys.argv[1] + '/fd'))
except PermissionError:
    print('closed')`;
    const said = execFileSync('python3', ['-c', program, String(pid()), ...fds], {
      encoding: 'utf8',
      uid: USER,
      gid: USER,
    });
    expect(said.trim().split('\n')).toEqual([...fds.map(() => '-1 Operation not permitted'), 'closed']);
    expect(readFileSync(`/proc/${pid()}/limits`, 'utf8')).toMatch(/^Max core file size\s+0\s+0\s/m);
  });

  describe('a broker that the client starts by sudo', () => {
    /** Plays sudo: runs the command of a question. */
    const run = (
      { argv: [, , ...command] }: RightsQuestion,
      env: NodeJS.ProcessEnv = {},
    ): { code: number | null; said: string } => {
      const { status, stderr } = spawnSync(command[0]!, command.slice(1), {
        encoding: 'utf8',
        env: { SUDO_UID: String(USER), SUDO_GID: String(USER), ...env },
      });
      return { code: status, said: stderr };
    };
    const answering = (
      host: UsersHost,
      answer: (question: RightsQuestion) => { code: number | null; said: string },
    ): void => {
      host.engine.onRights((asking) => {
        if (asking !== null) void host.engine.call('rightsEnded', { question: asking.question, ...answer(asking) });
      });
    };

    it('S12 writes the disk behind sudo, and asks again for the next job', async () => {
      const disk = await place.disk();
      const source = place.file('source.img', 0, 0o644);
      const host = place.host({ broker: false, args: ['--sudo'] });
      answering(host, run);
      for (const question of [1, 2]) {
        await prepare(host.engine, { source, destinations: [disk.device] });
        expect(host.questions.at(-2)).toMatchObject({
          question,
          how: 'sudo',
          devices: [disk.device],
          argv: expect.arrayContaining(['--socket', '--write', disk.device.slice('/dev/'.length)]) as string[],
        });
        expect(host.questions.at(-1)).toBeNull();
        expect(await finish(host.engine)).toMatchObject({
          writeErr: 0,
          destinations: [{ state: 'done', verified: true }],
        });
      }
      expect(readdirSync(place.own).filter((name) => name.startsWith('platter-'))).toEqual([]);
    });

    it('says why there are no rights, and writes nothing', async () => {
      const disk = await place.disk();
      const source = place.file('source.img', 0, 0o644);
      const host = place.host({ broker: false, args: ['--sudo'] });
      answering(host, () => ({ code: 1, said: 'sudo: 3 incorrect password attempts\n' }));
      expect(await refused(prepare(host.engine, { source, destinations: [disk.device] }))).toMatchObject([
        { code: 'ELEVATION_DENIED', reason: { kind: 'sudoFailed', devices: [disk.device] } },
      ]);
      expect(await host.engine.call('list', { all: false })).toBeInstanceOf(Array);
      expect((await disk.counters()).writes).toBe(0);
    });

    it('withdraws a question that is given up', async () => {
      const disk = await place.disk();
      const host = place.host({ broker: false, args: ['--sudo'] });
      const preparing = refused(
        prepare(host.engine, { source: place.file('source.img', 0, 0o644), destinations: [disk.device] }),
      );
      await expect.poll(() => host.questions.length).toBe(1);
      await host.engine.call('cancel', {});
      expect(await preparing).toMatchObject([{ code: 'CANCELLED' }]);
      expect(host.questions.at(-1)).toBeNull();
    });

    it('refuses a disk that became another one while the question was open', async () => {
      const disk = await place.disk({ size: 2 * MiB, plain: true });
      const host = place.host({ broker: false, args: ['--sudo'] });
      answering(host, (question) => {
        execFileSync('truncate', ['--size', String(3 * MiB), disk.backing]);
        execFileSync('losetup', ['--set-capacity', disk.device]);
        return run(question);
      });
      expect(
        await refused(
          prepare(host.engine, { source: place.file('source.img', 0, 0o644), destinations: [disk.device] }),
        ),
      ).toMatchObject([{ code: 'CHANGED', device: disk.device }]);
    });
  });

  it('S5 finds through the broker an open partition, and shows the new partitions afterwards', async () => {
    const source = place.table('source.img', '2048,4096', '6144,4096');
    const device = place.partitioned(place.table('target.img', '2048,8192'));
    execFileSync('addpart', [device, '2', '16384', '4096']); // not every kernel reads tables
    const { engine } = place.host();
    const partition = openSync(`${device}p2`, 'r');
    try {
      expect(await refused(prepare(engine, { source, destinations: [device] }))).toMatchObject([
        { code: 'IN_USE', device, reason: { kind: 'partitionOpen' } },
      ]);
    } finally {
      closeSync(partition);
    }
    expect(await prepare(engine, { source, destinations: [device] })).toMatchObject({ notes: [] });
    expect(await finish(engine)).toMatchObject({
      writeErr: 0,
      notes: [],
      destinations: [{ state: 'done', verified: true }],
    });
    expect(partitionsOf(device)).toEqual(partitionsOf(place.partitioned(source)));
  });

  it('unmounts what was agreed to through the broker, and writes the disk', async () => {
    const disk = await place.disk({ size: 16 * MiB });
    execFileSync('mkfs.ext4', ['-q', disk.device]);
    const at = join(place.folder, 'mnt');
    mkdirSync(at);
    execFileSync('mount', [disk.device, at]);
    const { engine } = place.host();
    const source = place.file('source.img', 0, 0o644);
    expect(await refused(prepare(engine, { source, destinations: [disk.device] }))).toMatchObject([
      { code: 'MOUNTED' },
    ]);
    expect(await prepare(engine, { source, destinations: [disk.device], unmount: true })).toMatchObject({
      destinations: [{ mounts: [{ target: at }] }],
    });
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toContain(` ${at} `);
    expect(await finish(engine)).toMatchObject({ writeErr: 0, destinations: [{ state: 'done', verified: true }] });
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(` ${at} `);
    expect(readFileSync(disk.backing).subarray(0, MiB).equals(seededBytes(MiB, 5))).toBe(true);
  });

  it('says that the broker cannot switch off a disk without a switch, and leaves it as it is', async () => {
    const disk = await place.disk();
    expect(askBroker(disk.device, 2 * MiB, 'broker.powerOff(0)')).toMatchObject([
      { status: 'ok' },
      { status: 'unsupported' },
    ]);
    expect(statSync(disk.device).isBlockDevice()).toBe(true);
  });

  it('S16 opens no mounted disk for writing, whatever the program that asks believes', async () => {
    const disk = await place.disk({ size: 16 * MiB });
    execFileSync('mkfs.ext4', ['-q', disk.device]);
    const at = join(place.folder, 'mnt');
    mkdirSync(at);
    execFileSync('mount', [disk.device, at]);
    try {
      expect(askBroker(disk.device, 16 * MiB)).toMatchObject([
        { status: 'ok' },
        { status: 'mounted', detail: at, device: null },
      ]);
    } finally {
      execFileSync('umount', [at]);
    }
    expect(askBroker(disk.device, 16 * MiB)).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
    expect(askBroker(disk.device, 8 * MiB)).toMatchObject([{ status: 'ok' }, { status: 'changed', device: null }]);
  });
});

/**
 * Names a disk to the broker and asks for something, by default to open it for writing, as a user's program without
 * checks would. Returns the answers.
 */
function askBroker(device: string, size: number, asked = "broker.open(0, 'write', 'it', number)"): unknown {
  const { rdev } = statSync(device);
  const number = { major: (rdev >> 8) & 0xfff, minor: rdev & 0xff };
  const sequence = Number(readFileSync(`/sys/dev/block/${number.major}:${number.minor}/diskseq`, 'utf8'));
  const program = `
    const addon = require(${JSON.stringify(ADDON)});
    const number = ${JSON.stringify(number)};
    const broker = addon.brokerOver(Number(process.env.PLATTER_BROKER_FD));
    (async () => {
      const named = await broker.name([{ ...number, size: ${size}, diskSequence: ${sequence}, access: 'write' }]);
      console.log(JSON.stringify([named, await ${asked}]));
      broker.close();
    })();`;
  const answer = execFileSync(BROKER, ['--as', `${USER}:${USER}`, '--', process.execPath, '--eval', program], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  return JSON.parse(answer) as unknown;
}

/** Numbers of the partitions that the kernel shows on a loop device. */
const partitionsOf = (device: string): string[] =>
  readdirSync(`/sys/class/block/${basename(device)}`)
    .flatMap((name) => (name.startsWith(basename(device)) ? [name.slice(basename(device).length)] : []))
    .sort();

/** Local TCP ports on which a process listens. */
const listening = (): string[] =>
  ['tcp', 'tcp6']
    .flatMap((kind) =>
      readFileSync(`/proc/net/${kind}`, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[3] === '0A')
        .map((fields) => `${kind} ${fields[1]}`),
    )
    .sort();
