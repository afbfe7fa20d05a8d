// Getting the rights to open disks: which command asks for them, what its end means, and the engine that asks only when it
// has to. The prompts themselves are in test/electron/elevation.test.ts.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sudoCommand } from '../../app/cli/rights.ts';
import { startEngine, type Engine } from '../../app/engine/client.ts';
import { elevatingEngine } from '../../app/engine/elevating-engine.ts';
import { disksToOpen, elevate, elevatedCommand, elevationFailure, LAUNCHER, type ElevatedCommand, type Means } from '../../app/engine/elevation.ts';
import { failure } from '../../app/engine/errors.ts';
import { canLab, seededBytes } from '../lab/lab.ts';
import { HOST, MiB, refused, requestOf, Workbench } from './engine-support.ts';

const means: Means = { launcher: true, pkexec: '/usr/bin/pkexec', sudo: '/usr/bin/sudo', terminal: false };

describe('the command', () => {
  it('is a function of the one without', () => {
    const argv = ['/a/node', '/a b/host.js'];
    expect(elevate('none', argv, means)).toEqual(argv);
    expect(elevate('pkexec', argv, means)).toEqual(['/usr/bin/pkexec', '--disable-internal-agent', ...argv]);
    expect(elevate('sudo', argv, means)).toEqual(['/usr/bin/sudo', '--', ...argv]);
  });

  const launcher = [LAUNCHER, '--state', '/home/u/state'];
  const host = ['/a/node', '/a/host.js', '--elevated', '--state', '/home/u/state'];
  it.each<[string, Partial<Means>, ElevatedCommand | null]>([
    ['polkit without a terminal', {}, { how: 'pkexec', argv: ['/usr/bin/pkexec', '--disable-internal-agent', ...launcher] }],
    ['sudo on a terminal', { terminal: true }, { how: 'sudo', argv: ['/usr/bin/sudo', '--', ...launcher] }],
    ['polkit on a terminal without sudo', { terminal: true, sudo: null }, { how: 'pkexec', argv: ['/usr/bin/pkexec', '--disable-internal-agent', ...launcher] }],
    ['sudo of the host itself in a checkout', { terminal: true, launcher: false }, { how: 'sudo', argv: ['/usr/bin/sudo', '--', ...host] }],
    ['never polkit of anything but the launcher', { launcher: false }, null],
    ['nobody without pkexec', { pkexec: null }, null],
  ])('%s', (_what, some, expected) => {
    expect(elevatedCommand({ ...means, ...some }, '/home/u/state', ['/a/node', '/a/host.js'])).toEqual(expected);
  });

  it('is said so that a shell takes it, where nobody can be asked', () => {
    expect(sudoCommand(['/usr/bin/node', '/opt/platter.js', 'copy', "it's.img", '/dev/sdb'])).toBe("sudo /usr/bin/node /opt/platter.js copy 'it'\\''s.img' /dev/sdb");
    expect(sudoCommand(['/opt/p', 'cli.js', 'copy', 'a b', '/dev/sdb'], true)).toBe("sudo platter copy 'a b' /dev/sdb");
  });
});

describe('the end of the command before its host began', () => {
  const says = (how: ElevatedCommand['how'], code: number | null, said: string) => elevationFailure(how, { how: { kind: 'early' }, code, said, lastWords: '' }, ['/dev/sdb', '/dev/sdc']);
  it.each<[string, ElevatedCommand['how'], number | null, string, string | null]>([
    ['dismissed', 'pkexec', 126, 'Error executing command as another user: Request dismissed\n', 'ELEVATION_CANCELLED'],
    ['denied', 'pkexec', 127, 'Error executing command as another user: Not authorized\n\nThis incident has been reported.\n', 'ELEVATION_DENIED'],
    ['agentless', 'pkexec', 127, 'Error executing command as another user: No authentication agent found.\n', 'NO_AGENT'],
    ['without a polkit', 'pkexec', 127, 'Error getting authority: Error initializing authority: Could not connect\n', 'ELEVATION_DENIED'],
    ['wrong passwords', 'sudo', 1, 'Sorry, try again.\nsudo: 3 incorrect password attempts\n', 'ELEVATION_DENIED'],
    ['no sudoer', 'sudo', 1, 'u is not in the sudoers file.\n', 'ELEVATION_DENIED'],
    ['a host that broke', 'pkexec', 1, 'Error: cannot find module\n', null],
    ['a host that broke, of sudo', 'sudo', 1, 'Error: cannot find module\n', null],
    ['killed', 'pkexec', null, '', null],
  ])('%s', (_what, how, code, said, expected) => {
    const error = says(how, code, said);
    expect(error?.code ?? null).toBe(expected);
    if (error !== null) expect(error.message).toContain('/dev/sdb, /dev/sdc');
  });
});

describe('rights are asked for', () => {
  const isDisk = (path: string): boolean => path.startsWith('/dev/');
  const closed = (device: string) => failure({ code: 'NOT_PERMITTED', op: 'open', device, reason: { kind: 'accessRefused' } });
  const small = failure({ code: 'TOO_SMALL', op: 'check', device: '/dev/sdc', reason: { kind: 'tooSmall', holds: 1, missing: 1, writing: 'yes' } });
  it('only for disks, and only where nothing else is wrong', () => {
    expect(disksToOpen([closed('/dev/sdb'), closed('/dev/sdc'), closed('/dev/sdb')], isDisk)).toEqual(['/dev/sdb', '/dev/sdc']);
    expect(disksToOpen([closed('/dev/sdb'), closed('/home/u/x.img')], isDisk)).toEqual([]);
    expect(disksToOpen([closed('/dev/sdb'), small], isDisk)).toEqual([]);
    expect(disksToOpen([], isDisk)).toEqual([]);
  });
});

describe.skipIf(canLab() !== null || process.getuid?.() !== 0)('the engine that asks', () => {
  let bench: Workbench;
  beforeEach(() => { bench = new Workbench(); });
  afterEach(() => bench.clear());
  const NOBODY = 65534;

  /** An engine with an ordinary user's host, and `argv` to be elevated with. */
  function asking(argv: readonly string[] | null): { engine: Engine; told: (string | null)[]; asked: () => number } {
    const host = spawn(process.execPath, [HOST], { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env.PATH, PLATTER_STATE: '/nonexistent' }, uid: NOBODY, gid: NOBODY });
    const told: (string | null)[] = [];
    let asked = 0;
    const engine = elevatingEngine(startEngine({ streams: { readable: host.stdout, writable: host.stdin } }), {
      elevated: () => {
        asked += 1;
        return argv === null ? { how: 'none', remedy: { kind: 'said', text: 'Ask somebody.' } } : { how: 'pkexec', argv };
      },
      tell: (sentence) => told.push(sentence),
    });
    bench.finally(() => engine.close());
    return { engine, told, asked: () => asked };
  }

  async function readable(name: string): Promise<string> {
    const image = await bench.image(name, MiB, 3);
    chmodSync(image, 0o644);
    chmodSync(await bench.path('.'), 0o755);
    return image;
  }

  it('gets a host with rights for a disk that was refused, for one batch; the next one asks again', async () => {
    const image = await readable('a.img');
    const disk = await bench.disk({ size: MiB });
    const { engine, told, asked } = asking([process.execPath, HOST]);
    for (const round of [1, 2]) {
      const plan = await engine.call('prepare', requestOf({ source: image, destinations: [disk.device] }));
      expect(plan.destinations[0]).toMatchObject({ kind: 'block', size: MiB });
      const ended = new Promise((resolve) => engine.onEvent((event) => event.event === 'result' && resolve(event.result)));
      await engine.call('start', {});
      expect(await ended).toMatchObject({ writeErr: 0, destinations: [{ state: 'done', verified: true }] });
      expect(asked()).toBe(round);
    }
    expect(readFileSync(disk.backing).equals(seededBytes(MiB, 3))).toBe(true);
    expect(told).toEqual([expect.stringContaining(disk.device), null, expect.stringContaining(disk.device), null]);
    // A review that is given up lets the disk go, and the host with it.
    await engine.call('prepare', requestOf({ source: image, destinations: [disk.device] }));
    await engine.call('cancel', {});
    await engine.call('prepare', requestOf({ source: image, destinations: [disk.device] }));
    expect(await engine.close()).toBeNull();
  });

  it('tells why there is none, and goes on as it was; where nobody can be asked, what to do', async () => {
    const image = await readable('b.img');
    const disk = await bench.disk({ size: MiB });
    const request = requestOf({ source: image, destinations: [disk.device] });
    const { engine } = asking(['/bin/sh', '-c', 'echo "Error executing command as another user: Request dismissed" >&2; exit 126']);
    expect(await refused(engine.call('prepare', request))).toMatchObject([{ code: 'ELEVATION_CANCELLED' }]);
    expect(await engine.call('list', { all: false })).toBeInstanceOf(Array);
    const none = asking(null).engine;
    expect(await refused(none.call('prepare', request))).toMatchObject([{ code: 'NOT_PERMITTED', device: disk.device, advice: 'Ask somebody.' }]);
    expect((await disk.counters()).writes).toBe(0);
  });

  it('a question that is still open does not keep anybody from leaving', async () => {
    const image = await readable('e.img');
    const disk = await bench.disk({ size: MiB });
    const { engine, told } = asking(['/bin/sleep', 'infinity']);
    const preparing = refused(engine.call('prepare', requestOf({ source: image, destinations: [disk.device] })));
    await expect.poll(() => told.length).toBe(1);
    expect(await engine.close()).toBeNull();
    expect(await preparing).toHaveLength(1);
  });

  it('a disk that became another one while the question was open is not written', async () => {
    const image = await readable('d.img');
    const backing = await bench.path('backing');
    writeFileSync(backing, Buffer.alloc(2 * MiB));
    const device = execFileSync('losetup', ['--find', '--show', backing], { encoding: 'utf8' }).trim();
    bench.finally(() => Promise.resolve(execFileSync('losetup', ['--detach', device])));
    const { engine } = asking(['/bin/sh', '-c', `truncate -s 3M ${backing} && losetup --set-capacity ${device} && exec "$0" "$1"`, process.execPath, HOST]);
    expect(await refused(engine.call('prepare', requestOf({ source: image, destinations: [device] })))).toMatchObject([{ code: 'CHANGED', device }]);
    expect(readFileSync(backing).equals(Buffer.alloc(3 * MiB))).toBe(true);
  });

  it('a host that dies with its review, or its job, is a failure of the engine', async () => {
    const image = await readable('c.img');
    const disk = await bench.disk({ size: MiB });
    const { engine } = asking(['/bin/sh', '-c', `echo $$ > ${await bench.path('pid')}; exec "$0" "$1"`, process.execPath, HOST]);
    await engine.call('prepare', requestOf({ source: image, destinations: [disk.device] }));
    process.kill(Number(readFileSync(await bench.path('pid'), 'utf8')), 'SIGKILL');
    expect(await engine.closed).toMatchObject({ code: 'HOST_FAILED' });
  });
});
