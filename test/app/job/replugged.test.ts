// A drive that was unplugged and comes back under another node is found by its identity, retried during the job and
// resumed afterwards. Another drive in its place is not taken for it.
import { execFileSync } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canLab, withIdentities, type LabDisk } from '../../lab/lab.ts';
import {
  HOST_ARGV,
  interrupted,
  MiB,
  refused,
  requestOf,
  resultOf,
  resume,
  oneBench,
  type Session,
} from './support.ts';

const noLab = canLab();
const SIZE = 8 * MiB;
const STICK = { model: 'Ultra', serial: '4C53' };
const bench = oneBench();

interface Scene {
  session: Session;
  source: LabDisk;
  other: LabDisk;
  stick: LabDisk;
  /** Puts the stick in again: under another node, because the host still holds the old one. */
  plugIn: () => Promise<LabDisk>;
  /** Sets the identities behind loop devices. */
  name: (...named: [LabDisk, { model: string; serial: string }][]) => void;
}

/**
 * A copy to a disk and to a stick with a serial number. The source waits after part of it is on the stick's medium,
 * unless `rule` forbids that.
 */
async function copying(rule?: string): Promise<Scene> {
  const folder = await bench.path('identities');
  await mkdir(folder);
  const { argv, name } = withIdentities(folder, HOST_ARGV);
  const named: Scene['name'] = (...all) =>
    name(Object.fromEntries(all.map(([disk, identity]) => [join(dirname(disk.ctl), 'disk'), identity])));
  const source = await bench.disk({ size: SIZE, file: await bench.image('disk.img', SIZE) });
  const file = await bench.image('stick', SIZE, 2);
  const [other, stick] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE, file })];
  named([stick, STICK]);
  await source.rule('stall r 6M 1M');
  if (rule !== undefined) await stick.rule(rule);
  const session = bench.session(argv);
  const plan = await session.engine.call(
    'prepare',
    requestOf({ source: source.device, destinations: [other.device, stick.device] }),
  );
  expect(plan.destinations[1]).toMatchObject(STICK);
  await session.engine.call('start', {});
  // The first flush is that of the blank head. At the third, the job knows that the second has ended.
  await stick.waitFor(({ bytesWritten, flushes, stalled }) => stalled > 0 || (bytesWritten >= 3 * MiB && flushes > 2));
  bench.keep(await open(stick.device, 'r')); // keeps its number from the next disk
  return { session, source, other, stick, plugIn: () => bench.disk({ size: SIZE, file }), name: named };
}

const failed = (session: Session): Promise<unknown> =>
  session.until((event) => event.event === 'progress' && event.progress.destinations[1]!.state === 'failed');

describe.skipIf(noLab !== null)(
  `a drive that comes back under another node${noLab === null ? '' : ` (${noLab})`}`,
  () => {
    it('retries a drive that comes back during the job, and refuses another one', async () => {
      const { session, source, other, stick, plugIn, name } = await copying();
      await other.rule('stall w'); // the job goes on until it answers
      await stick.rule('gone');
      await source.rule('clear');
      await failed(session);
      const again = (): Promise<unknown> => session.engine.call('retry', { destination: 1 });
      expect(await refused(again())).toMatchObject([{ code: 'DEVICE_GONE', device: stick.device }]);

      const back = await plugIn();
      expect(back.device).not.toBe(stick.device);
      name([back, { ...STICK, serial: 'another' }]);
      expect(await refused(again())).toMatchObject([{ code: 'DEVICE_GONE', device: stick.device }]);
      name([back, STICK]);
      await again();
      await other.rule('go');
      const result = await resultOf(session);
      expect(result).toMatchObject({
        writeErr: 0,
        destinations: [{ state: 'done' }, { path: stick.device, state: 'done', verified: true, errors: [] }],
      });
      execFileSync('cmp', [source.backing, back.backing]);
    });

    it('S11 refuses a drive that was away before anything on it could be compared', async () => {
      const { session, source, other, stick, plugIn, name } = await copying('stall w');
      await other.rule('stall w');
      await stick.rule('gone');
      await source.rule('clear');
      await failed(session);
      const back = await plugIn();
      name([back, STICK]);
      expect(await refused(session.engine.call('retry', { destination: 1 }))).toMatchObject([
        { code: 'CHANGED', device: stick.device, reason: { kind: 'mediumUnknown' } },
      ]);
      expect((await back.counters()).writes).toBe(0);
      await other.rule('go');
      expect((await resultOf(session)).destinations).toMatchObject([{ state: 'done' }, { state: 'failed' }]);
    });

    it('resumes a drive under its new node, and refuses another one in its place by both names', async () => {
      const { session, source, stick, plugIn, name } = await copying();
      await stick.rule('eio w 0 1M'); // its head, which is written last
      await source.rule('clear');
      expect((await resultOf(session)).destinations).toMatchObject([{ state: 'done' }, { state: 'failed' }]);
      const [job] = await interrupted(session);
      expect(job!.destinations[1]).toMatchObject({ ...STICK, finished: false });
      const { durable } = job!.destinations[1]!;
      expect(durable).toBeGreaterThan(0);
      expect((await resultOf(session)).destinations.map((end) => end.durable)).toEqual([undefined, durable]);

      name([stick, { model: 'Cruzer', serial: 'another' }]);
      const asked = requestOf({ kind: 'resume', source: null, destinations: [], job: job!.id });
      expect(await refused(session.engine.call('prepare', asked))).toMatchObject([
        {
          code: 'CHANGED',
          device: stick.device,
          message:
            'It is another drive: Cruzer, serial number another, 8.4 MB. ' +
            'The job began with Ultra, serial number 4C53, 8.4 MB.',
        },
      ]);
      const back = await plugIn();
      name([stick, { model: 'Cruzer', serial: 'another' }], [back, STICK]);
      await stick.rule('reset');
      expect((await resume(session, job!.id)).destinations).toMatchObject([
        { path: back.device, state: 'done', verified: true, kept: durable, written: SIZE - durable },
      ]);
      execFileSync('cmp', [source.backing, back.backing]);
      expect((await stick.counters()).writes).toBe(0);
    });

    it('knows a drive without a serial number by its model, also before anything is written', async () => {
      const folder = await bench.path('identities');
      await mkdir(folder);
      const { argv, name } = withIdentities(folder, HOST_ARGV);
      const [source, disk] = [await bench.image('disk.img', MiB), await bench.disk({ size: MiB })];
      const is = (model: string): void => name({ [join(dirname(disk.ctl), 'disk')]: { model, serial: '' } });
      is('Ultra');
      const first = bench.session(argv);
      await first.begin({ source, destinations: [disk.device], throttle: 65536 });
      await first.kill();
      const session = bench.session(argv);
      const [job] = await interrupted(session);
      expect(job!.destinations).toMatchObject([{ model: 'Ultra', serial: null, durable: 0 }]);
      is('Cruzer');
      expect(await refused(resume(session, job!.id))).toMatchObject([
        {
          code: 'CHANGED',
          device: disk.device,
          message:
            'It is another drive: Cruzer, no serial number, 1.0 MB. ' +
            'The job began with Ultra, no serial number, 1.0 MB.',
        },
      ]);
      is('Ultra');
      expect(await resume(session, job!.id)).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    });
  },
);
