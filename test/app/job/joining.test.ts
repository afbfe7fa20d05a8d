// Rolling batches: a drive that has its end is let go while others are written, and a fresh one joins the running job.
import { execFileSync, spawnSync } from 'node:child_process';
import { constants, readFileSync, realpathSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { canLab, type LabDisk } from '../../lab/lab.ts';
import { interrupted, MiB, oneBench, refused, requestOf, resultOf, resume, type Session } from './support.ts';

const noLab = canLab();
const SIZE = 8 * MiB;
const bench = oneBench();

interface Scene {
  session: Session;
  image: string;
  source: LabDisk;
  one: LabDisk;
  /** The slow one. */
  two: LabDisk;
}

/** A copy to two disks, of which the second waits in the middle until its rules are cleared. */
async function copying(rule = 'stall w 6M 1M'): Promise<Scene> {
  const image = await bench.image('disk.img', SIZE);
  const source = await bench.disk({ size: SIZE, file: image });
  const [one, two] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE })];
  await two.rule(rule);
  const session = bench.session();
  await session.engine.call('prepare', requestOf({ source: image, destinations: [one.device, two.device] }));
  await session.engine.call('start', {});
  await two.waitFor(({ stalled }) => stalled > 0);
  return { session, image, source, one, two };
}

const letGo = (session: Session, destination: number): Promise<unknown> =>
  session.until((event) => event.event === 'progress' && event.progress.destinations[destination]?.letGo === true);

const join = async (session: Session, { device }: LabDisk): Promise<void> => {
  await session.engine.call('prepareJoin', { path: device });
  await session.engine.call('join', {});
};

const content = (disk: LabDisk): Buffer => readFileSync(disk.backing).subarray(0, SIZE);

describe.skipIf(noLab !== null)('a drive that has its end', () => {
  it('can be claimed by others while the job goes on, and keeps its verdict when it is taken out', async () => {
    const { session, one, two } = await copying();

    await letGo(session, 0);
    const claimed = await open(one.device, constants.O_RDWR | constants.O_EXCL);
    await claimed.close();
    execFileSync('losetup', ['--detach', realpathSync(one.device)]);
    await two.rule('clear');

    const { destinations } = await resultOf(session);
    expect(destinations).toMatchObject([
      { state: 'done', verified: true, errors: [] },
      { state: 'done', verified: true, errors: [] },
    ]);
  });

  it('is no longer held against ejecting it, as the others are', async () => {
    const { session, one, two } = await copying();
    await letGo(session, 0);

    const kinds = [one, two].map(async ({ device }) =>
      (await refused(session.engine.call('eject', { path: device }))).map(({ reason }) => reason.kind),
    );
    // No loop device can be switched off.
    expect(await Promise.all(kinds)).toEqual([['loopDevice'], ['jobHasIt']]);
    await two.rule('clear');
    await resultOf(session);
  });
});

describe.skipIf(noLab !== null)('a drive that did not come to a good end', () => {
  it('stays claimed until the job ends, since it may be retried', async () => {
    const { session, two } = await copying();
    const three = await bench.disk({ size: SIZE });
    await three.rule('stall w 6M 1M');
    await join(session, three);
    await three.waitFor(({ stalled }) => stalled > 0);

    await session.engine.call('cancel', { destination: 2 });
    await three.rule('clear');
    await session.until((event) => event.event === 'progress' && event.progress.destinations[2]?.state === 'cancelled');
    const claim = open(three.device, constants.O_RDWR | constants.O_EXCL);

    await expect(claim).rejects.toMatchObject({ code: 'EBUSY' });
    await two.rule('clear');
    expect((await resultOf(session)).destinations.map(({ state }) => state)).toEqual(['done', 'done', 'cancelled']);
  });

  it('is stopped while an update compares, and the other drives go on', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [one, two] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE })];
    await two.rule('stall r 6M 1M');
    const session = bench.session();
    const destinations = [one.device, two.device];
    await session.engine.call('prepare', requestOf({ source, destinations, update: true }));
    await session.engine.call('start', {});
    await two.waitFor(({ stalled }) => stalled > 0);

    await session.engine.call('cancel', { destination: 0 });
    await session.until((event) => event.event === 'progress' && event.progress.destinations[0]?.state === 'cancelled');
    await two.rule('clear');

    expect((await resultOf(session)).destinations).toMatchObject([
      { state: 'cancelled' },
      { state: 'done', verified: true },
    ]);
  });
});

describe.skipIf(noLab !== null)('a drive that joins', () => {
  it('gets its own pass over the source while another one is written', async () => {
    const { session, image, two } = await copying();
    const three = await bench.disk({ size: SIZE });

    await join(session, three);
    await letGo(session, 2);
    await two.rule('clear');

    const { destinations } = await resultOf(session);
    expect(destinations.map(({ path }) => path)).toEqual([expect.any(String), two.device, three.device]);
    expect(destinations[2]).toMatchObject({ state: 'done', verified: true, errors: [] });
    expect(content(three).equals(readFileSync(image))).toBe(true);
    expect(session.events.filter(({ event }) => event === 'joined')).toHaveLength(1);
  });

  it('takes the place of one that was let go', async () => {
    const { session, one, two } = await copying();
    await letGo(session, 0);

    await join(session, one);
    await letGo(session, 2);
    await two.rule('clear');

    const { destinations } = await resultOf(session);
    expect(destinations.map(({ path, verified }) => [path, verified])).toEqual([
      [one.device, true],
      [two.device, true],
      [one.device, true],
    ]);
  });

  it('is unmounted first when the system has mounted it, which its plan says', async () => {
    const { session, image, two } = await copying();
    const three = await bench.disk({ size: SIZE });
    const folder = await bench.path('media');
    await mkdir(folder);
    execFileSync('mkfs.ext4', ['-q', three.device]);
    execFileSync('mount', [three.device, folder]);
    const left = (): number => spawnSync('mountpoint', ['-q', folder]).status ?? -1;
    bench.finally(() => Promise.resolve(left() === 0 ? execFileSync('umount', [folder]) : null));

    const plan = await session.engine.call('prepareJoin', { path: three.device });
    expect(plan).toMatchObject({ kind: 'copy', destinations: [{ mounts: [{ target: folder }] }] });
    expect(left(), 'still mounted before the consent').toBe(0);
    await session.engine.call('join', {});
    await letGo(session, 2);
    await two.rule('clear');
    await resultOf(session);

    expect(left()).not.toBe(0);
    expect(content(three).equals(readFileSync(image))).toBe(true);
  });

  it('fails alone', async () => {
    const { session, two } = await copying();
    const three = await bench.disk({ size: SIZE });
    await three.rule('eio w 4M 1M');

    await join(session, three);
    await session.until((event) => event.event === 'error' && event.error.destination === 2);
    await two.rule('clear');

    const { destinations } = await resultOf(session);
    expect(destinations.map(({ state }) => state)).toEqual(['done', 'done', 'failed']);
  });

  it('is refused when it is too small, in the job, or an image, and when the job has ended', async () => {
    const { session, image, two } = await copying();
    const small = await bench.disk({ size: 4 * MiB });
    const file = await bench.path('other.img');
    const folder = await bench.path('mnt');
    await mkdir(folder);

    const codes: (string | undefined)[] = [];
    for (const path of [small.device, two.device, image, file])
      codes.push((await refused(session.engine.call('prepareJoin', { path })))[0]?.code);
    await two.rule('clear');
    await resultOf(session);

    expect(codes).toEqual(['TOO_SMALL', 'DUPLICATE', 'BAD_ARGUMENT', 'NOT_FOUND']);
    expect(await refused(session.engine.call('prepareJoin', { path: small.device }))).toMatchObject([
      { code: 'BAD_ARGUMENT' },
    ]);
  });

  it('is let go when the job is cancelled before it has joined', async () => {
    const { session, two } = await copying();
    const three = await bench.disk({ size: SIZE });
    await session.engine.call('prepareJoin', { path: three.device });

    await session.engine.call('cancel', {});
    const claimed = await open(three.device, constants.O_RDWR | constants.O_EXCL);
    await claimed.close();

    expect(await refused(session.engine.call('join', {}))).toMatchObject([{ code: 'BAD_ARGUMENT' }]);
    await two.rule('clear');
    expect((await resultOf(session)).destinations).toHaveLength(2);
  });

  it('is continued with the others after an interruption', async () => {
    const { session, image, two } = await copying();
    const three = await bench.disk({ size: SIZE });
    await three.rule('stall w 6M 1M');
    await join(session, three);
    await three.waitFor(({ stalled }) => stalled > 0);

    await three.rule('clear');
    await session.kill(two);
    const again = bench.session();
    const [job] = await interrupted(again);
    const result = await resume(again, job!.id);

    expect(job!.destinations.map(({ path }) => path)).toContain(three.device);
    expect(result.destinations.at(-1)).toMatchObject({ path: three.device, state: 'done', verified: true });
    expect(content(three).equals(readFileSync(image))).toBe(true);
  });
});
