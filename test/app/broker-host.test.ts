// The host of an ordinary user, who may open none of the disks here, and platter-broker behind it: what is opened, with whose rights,
// what is refused, and how often somebody is asked.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canLab, seededBytes } from '../lab/lab.ts';
import { BROKER, childrenOf, commandLine, finish, modesOf, prepare, USER, UsersPlace } from './broker-support.ts';
import { MiB, refused } from './engine-support.ts';

const ADDON = fileURLToPath(new URL('../../out/native/kcopyd.node', import.meta.url));

describe.skipIf(canLab() !== null || process.getuid?.() !== 0)('a host with a broker behind it', () => {
  let place: UsersPlace;
  beforeEach(() => { place = new UsersPlace(); });
  afterEach(() => place.clear());

  it('S1 writes a disk that its user may not open, with no right but that, and leaves files that are the user\'s', async () => {
    const disk = await place.disk();
    const source = place.file('source.img', 0, 0o644);
    const [image, manifest] = [join(place.own, 'copy.img'), join(place.own, 'copy.manifest')];
    const { engine, pid } = place.host();
    const plan = await prepare(engine, { source, destinations: [disk.device, image], saveManifest: manifest });
    const status = readFileSync(`/proc/${pid()}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\t${Array(4).fill(USER).join('\t')}$`, 'm'));
    for (const set of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb']) expect(status).toMatch(new RegExp(`^${set}:\\t0{16}$`, 'm'));
    expect(await finish(engine)).toMatchObject({ writeErr: 0, notes: [], destinations: [{ state: 'done', verified: true }, { state: 'done', verified: true }] });
    expect(readFileSync(disk.backing).subarray(0, MiB).equals(seededBytes(MiB, 5))).toBe(true);
    for (const path of [image, manifest, join(place.own, 'state/jobs', `${plan.job!}.log`)]) expect([statSync(path).uid, statSync(path).gid], path).toEqual([USER, USER]);
  });

  it('reads a disk as a source through descriptors that cannot write', async () => {
    const disk = await place.disk();
    const { engine, pid } = place.host();
    expect(await prepare(engine, { source: disk.device, destinations: [join(place.own, 'back.img')] })).toMatchObject({ source: { kind: 'block', diskSequence: expect.any(Number) as number } });
    expect(new Set(modesOf(pid(), disk.device))).toEqual(new Set([0]));
    expect(await finish(engine)).toMatchObject({ writeErr: 0 });
  });

  it('neither reads nor writes a file that its user may not, by whatever name', async () => {
    const disk = await place.disk();
    const [secret, locked, readable] = [place.file('secret', 0, 0o600), place.file('locked.img', 0, 0o644), place.file('readable.img', 0, 0o644)];
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
    ]) expect(await refused(prepare(engine, request)), JSON.stringify(request)).toMatchObject([{ code: 'NOT_PERMITTED' }]);
    expect(readdirSync(place.folder).sort()).toEqual(['locked.img', 'own', 'readable.img', 'secret']);
    expect(readFileSync(locked).equals(before)).toBe(true);
  });

  it('S12 an approval is for the disks of one job: the session ends with it, and the next job gets another one', async () => {
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

  it('S16 a session opens no mounted disk for writing, whatever the program believes that asks for it', async () => {
    const disk = await place.disk({ size: 16 * MiB });
    execFileSync('mkfs.ext4', ['-q', disk.device]);
    const at = join(place.folder, 'mnt');
    mkdirSync(at);
    execFileSync('mount', [disk.device, at]);
    try {
      expect(askBroker(disk.device, 16 * MiB)).toMatchObject([{ status: 'ok' }, { status: 'mounted', detail: at, device: null }]);
    } finally {
      execFileSync('umount', [at]);
    }
    expect(askBroker(disk.device, 16 * MiB)).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
    expect(askBroker(disk.device, 8 * MiB)).toMatchObject([{ status: 'ok' }, { status: 'changed', device: null }]);
  });
});

/** What a session answers to a program of the user that names a disk and opens it for writing, without any check of its own. */
function askBroker(device: string, size: number): unknown {
  const { rdev } = statSync(device);
  const number = { major: (rdev >> 8) & 0xfff, minor: rdev & 0xff };
  const program = `
    const addon = require(${JSON.stringify(ADDON)});
    const broker = addon.brokerOver(Number(process.env.PLATTER_BROKER_FD));
    (async () => {
      const named = await broker.name([{ ...${JSON.stringify(number)}, size: ${size}, diskSequence: 0, access: 'write' }]);
      const opened = await broker.open(0, 'write', 'it', ${JSON.stringify(number)});
      console.log(JSON.stringify([named, opened]));
      broker.close();
    })();`;
  const answer = execFileSync(BROKER, ['--as', `${USER}:${USER}`, '--', process.execPath, '--eval', program], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  return JSON.parse(answer) as unknown;
}
