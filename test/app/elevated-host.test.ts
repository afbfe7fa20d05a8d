// The host that root starts for an ordinary user, spoken to directly: what it keeps of root's rights, and that nobody gets
// at files through it that are not theirs.
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlatterError } from '../../app/contract/errors.ts';
import type { HostEvent } from '../../app/contract/host.ts';
import type { CopyRequest } from '../../app/contract/jobs.ts';
import { startEngine, type Engine } from '../../app/engine/client.ts';
import { askingUser } from '../../app/engine/elevated.ts';
import { encodeFrame } from '../../app/engine/frames.ts';
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { HOST, MiB, refused, requestOf } from './engine-support.ts';

const NOBODY = 65534;
const DAC_OVERRIDE = '0000000000000002';
const NONE = '0000000000000000';

it('who asked is who pkexec or sudo says, and nobody else', () => {
  expect(askingUser({ PKEXEC_UID: '1000' })).toEqual({ uid: 1000, gid: 1000 });
  expect(askingUser({ SUDO_UID: '1000', SUDO_GID: '100', PKEXEC_UID: '7' })).toEqual({ uid: 1000, gid: 100 });
  for (const env of [{}, { PKEXEC_UID: '' }, { PKEXEC_UID: '0' }, { SUDO_UID: 'root' }, { SUDO_UID: '-1' }, { PKEXEC_UID: '1.5' }]) expect(() => askingUser(env), JSON.stringify(env)).toThrow();
});

describe.skipIf(canLab() !== null || process.getuid?.() !== 0)('an elevated host', () => {
  let folder = '';
  let own = '';
  let host: ChildProcessByStdio<Writable, Readable, null>;
  let engine: Engine;
  const disks: LabDisk[] = [];
  const env = { PATH: process.env.PATH, PKEXEC_UID: String(NOBODY), PLATTER_STATE: '/nonexistent', HOME: '/root' };
  const command = (): string[] => [HOST, '--elevated', '--state', join(own, 'state')];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'platter-elevated-'));
    chmodSync(folder, 0o755);
    own = join(folder, 'own');
    mkdirSync(own);
    chownSync(own, NOBODY, NOBODY);
    host = spawn(process.execPath, command(), { stdio: ['pipe', 'pipe', 'inherit'], env });
    engine = startEngine({ streams: { readable: host.stdout, writable: host.stdin } });
  });
  afterEach(async () => {
    await engine.close();
    for (const disk of disks.splice(0)) await disk.close();
    rmSync(folder, { recursive: true });
  });

  const disk = async (): Promise<LabDisk> => {
    const made = await labdisk({ size: 2 * MiB });
    disks.push(made);
    return made;
  };
  /** A file of somebody. */
  const file = (name: string, uid: number, mode: number, size = MiB): string => {
    const path = join(folder, name);
    writeFileSync(path, seededBytes(size, 5), { mode });
    chownSync(path, uid, uid);
    return path;
  };
  const prepare = (request: Partial<CopyRequest>) => engine.call('prepare', requestOf(request));
  const refusing = (request: Partial<CopyRequest>): Promise<PlatterError[]> => refused(prepare(request));

  it('is the asking user in every thread, with one capability laid aside, and cannot be looked into', async () => {
    await engine.call('list', { all: false });
    const pid = host.pid!;
    const tasks = readdirSync(`/proc/${pid}/task`).map((task) => ({ main: task === String(pid), status: readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8') }));
    expect(tasks.length).toBeGreaterThan(1);
    for (const { main, status } of tasks) {
      const fact = (name: string): string | undefined => new RegExp(`^${name}:\\s+(.*?)\\s*$`, 'm').exec(status)?.[1];
      expect(fact('Uid')).toBe(Array(4).fill(NOBODY).join('\t'));
      expect(fact('Gid')).toBe(Array(4).fill(NOBODY).join('\t'));
      expect(fact('Groups')).toBe(String(NOBODY));
      expect([fact('CapEff'), fact('CapInh'), fact('CapAmb')]).toEqual([NONE, NONE, NONE]);
      expect([NONE, DAC_OVERRIDE]).toContain(fact('CapPrm'));
      if (main) expect([fact('CapPrm'), fact('CapBnd'), fact('NoNewPrivs')]).toEqual([DAC_OVERRIDE, DAC_OVERRIDE, '1']);
    }
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/^Max core file size\s+0\s+0\s/m);
    // One's own other processes are kept out (not dumpable): the files of /proc are root's, not the user's.
    expect(statSync(`/proc/${pid}/environ`).uid).toBe(0);
  });

  it('writes a disk that only root may open, and leaves an image and a log that are the user\'s', async () => {
    const target = await disk();
    const source = file('source.img', 0, 0o644);
    const image = join(own, 'copy.img');
    const manifest = join(own, 'copy.manifest');
    const plan = await prepare({ source, destinations: [target.device, image], saveManifest: manifest });
    const ended = new Promise<HostEvent>((resolve) => engine.onEvent((event) => event.event === 'result' && resolve(event)));
    await engine.call('start', {});
    const log = join(own, 'state/jobs', `${plan.job!}.log`);
    expect(statSync(log).uid).toBe(NOBODY);
    expect(await ended).toMatchObject({ result: { writeErr: 0, destinations: [{ state: 'done', verified: true }, { state: 'done', verified: true }] } });
    expect(readFileSync(target.backing).subarray(0, MiB).equals(seededBytes(MiB, 5))).toBe(true);
    for (const path of [image, manifest]) expect([statSync(path).uid, statSync(path).gid, statSync(path).mode & 0o777], path).toEqual([NOBODY, NOBODY, 0o644]);
    // And a disk is read as a source, read-only, with the same rights.
    expect(await prepare({ source: target.device, destinations: [join(own, 'back.img')] })).toMatchObject({ source: { kind: 'block' } });
    const modes = readdirSync(`/proc/${host.pid!}/fd`).flatMap((fd) => {
      const flags = parseInt(/^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${host.pid!}/fdinfo/${fd}`, 'utf8'))![1]!, 8);
      return readLink(`/proc/${host.pid!}/fd/${fd}`) === target.device ? [flags & 3] : [];
    });
    expect(modes.length).toBeGreaterThan(0);
    expect(new Set(modes)).toEqual(new Set([0]));
  });

  it('neither reads nor writes a file that the asking user may not, by whatever name', async () => {
    const target = await disk();
    const secret = file('secret', 0, 0o600);
    const locked = file('locked.img', 0, 0o644);
    const readable = file('readable.img', 0, 0o644);
    const before = readFileSync(locked);
    symlinkSync(secret, join(own, 'to-secret'));
    symlinkSync(locked, join(own, 'to-locked'));
    symlinkSync(join(folder, 'new.img'), join(own, 'to-new'));
    const roots = join(folder, 'new.img');
    for (const [what, request] of Object.entries({
      'a secret as the source': { source: secret, destinations: [target.device] },
      'a link to it': { source: join(own, 'to-secret'), destinations: [target.device] },
      'the password file as the destination': { source: readable, destinations: ['/etc/passwd'] },
      'a file of root': { source: readable, destinations: [locked] },
      'a link to one': { source: readable, destinations: [join(own, 'to-locked')] },
      'a new file in a folder of root': { source: readable, destinations: [roots] },
      'a manifest there': { source: readable, destinations: [target.device], saveManifest: join(folder, 'new.manifest') },
      'a secret as a manifest': { source: null, kind: 'verify' as const, destinations: [target.device], manifest: secret },
      'a secret as a map': { source: readable, destinations: [target.device], rescue: { retries: 0, map: secret } },
    })) {
      const outcome = await prepare(request).then(() => 'prepared', (error: unknown) => error);
      // What is only written at the end is prepared; starting it must not write it either.
      if (outcome === 'prepared') {
        expect(what).toBe('a manifest there');
        const ended = new Promise<HostEvent>((resolve) => engine.onEvent((event) => event.event === 'result' && resolve(event)));
        await engine.call('start', {});
        expect(await ended).toMatchObject({ result: { manifest: null } });
        continue;
      }
      expect(outcome, what).toMatchObject({ errors: [expect.objectContaining({ code: 'NOT_PERMITTED' })] });
    }
    expect(await refusing({ source: readable, destinations: [join(own, 'to-new')] })).toHaveLength(1);
    expect(readdirSync(folder).sort()).toEqual(['locked.img', 'own', 'readable.img', 'secret']);
    expect(readFileSync(locked).equals(before)).toBe(true);
  });

  it('refuses by itself what is mounted, the source, and what is gone', async () => {
    const [mounted, source] = [await disk(), await disk()];
    execFileSync('mkfs.ext4', ['-q', mounted.device]);
    const at = join(folder, 'mnt');
    mkdirSync(at);
    execFileSync('mount', [mounted.device, at]);
    try {
      expect(await refusing({ source: source.device, destinations: [mounted.device, source.device, '/dev/no-such-disk'] })).toMatchObject([
        { code: 'MOUNTED', device: mounted.device }, { code: 'IS_SOURCE', device: source.device }, { code: 'NOT_FOUND' },
      ]);
    } finally {
      execFileSync('umount', [at]);
    }
  });

  it('refuses a frame that is no request, and ends', async () => {
    const exited = once(host, 'exit');
    host.stdin.write(encodeFrame({ id: 1, method: 'list', params: { all: true, as: 'root' } }));
    expect(await exited).toEqual([1, null]);
  });

  it('ends with its parent, though its input stays open', async () => {
    // The shell is the parent; the pipe is held by this test, which outlives it.
    const script = `"$0" "$@" <&3 & echo $!; read line`;
    const shell = spawn('/bin/sh', ['-c', script, process.execPath, ...command()], { stdio: ['pipe', 'pipe', 'inherit', 'pipe'], env });
    const pid = Number(String((await once(shell.stdout!, 'data') as [Buffer])[0]));
    // Its name for itself comes after the hardening: the first answer does too.
    await until(() => /^Uid:\t65534/m.test(status(pid)) && /^NoNewPrivs:\t1/m.test(status(pid)) && ownedByRoot(pid));
    shell.kill('SIGKILL');
    await until(() => hasEnded(pid));
  });
});

it.runIf(process.getuid?.() === 0)('a host that nobody asked for is none', async () => {
  const host = spawn(process.execPath, [HOST, '--elevated'], { stdio: ['pipe', 'ignore', 'pipe'], env: { PATH: process.env.PATH } });
  let said = '';
  host.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  expect(await once(host, 'close')).toEqual([1, null]);
  expect(said).toContain('through pkexec or sudo');
});

const status = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');

/** True of a process that is gone, also when it goes while it is looked at, and of one that nobody has waited for. */
function hasEnded(pid: number): boolean {
  try {
    return /^State:\tZ/m.test(status(pid));
  } catch {
    return true;
  }
}

const ownedByRoot = (pid: number): boolean => statSync(`/proc/${pid}/environ`).uid === 0;

function readLink(path: string): string {
  return execFileSync('readlink', [path], { encoding: 'utf8' }).trim();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
