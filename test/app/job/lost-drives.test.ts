// The error of a drive that fails or goes away while it is written: real loop devices, through a real host.
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LocalEngine } from '../../../app/engine/engine.ts';
import { loadAddon, type NativeUevent } from '../../../app/engine/native/addon.ts';
import { signOfRemoval } from '../../../app/engine/job/removals.ts';
import { canLab } from '../../lab/lab.ts';
import { oneBench, MiB, requestOf } from './support.ts';

const noLab = canLab();
const ADDON = new URL('../../../out/native/kcopyd.node', import.meta.url).pathname;
const bench = oneBench();

describe.skipIf(noLab !== null)('the error of a drive that fails or goes away', () => {
  const endOf = async (...rules: string[]): Promise<{ codes: string[]; message: string }> => {
    const disk = await bench.disk({ size: 8 * MiB });
    await disk.rule(...rules);
    const result = await bench
      .session()
      .run({ source: await bench.image('disk.img', 8 * MiB), destinations: [disk.device] });
    const [end] = result.destinations;
    expect(end!.state).toBe('failed');
    return { codes: end!.errors.map(({ code }) => code), message: end!.errors.at(-1)!.message };
  };

  it('reports EIO in the middle of the medium as MEDIUM_ERROR', async () =>
    expect((await endOf('eio w 2M 4K')).codes).toEqual(['MEDIUM_ERROR']));
  it('reports EIO for everything from a drive that is still there as MEDIUM_ERROR', async () =>
    expect(new Set((await endOf('after w 2M dead')).codes)).toEqual(new Set(['MEDIUM_ERROR'])));
  it('reports ENOSPC of a block device as NO_SPACE', async () =>
    expect(new Set((await endOf('eio w 2M end ENOSPC')).codes)).toEqual(new Set(['NO_SPACE'])));
  it('reports a drive that is unplugged while it is written as DEVICE_GONE', async () =>
    expect((await endOf('after w 2M gone')).codes).toContain('DEVICE_GONE'));
  it('reports a disk whose server was killed as DEVICE_GONE and never as MEDIUM_ERROR', async () => {
    const disk = await bench.disk({ size: 16 * MiB });
    await disk.rule('rate w 4M');
    const session = bench.session();
    await session.begin({ source: await bench.image('disk.img', 16 * MiB), destinations: [disk.device] });
    await session.until((event) => event.event === 'progress' && event.progress.destinations[0]!.written > 0);
    const server = Number(execFileSync('pgrep', ['--parent', String(disk.pid)], { encoding: 'utf8' }));
    process.kill(disk.pid, 'SIGSTOP'); // otherwise it would clean up after its server
    for (const pid of [server, disk.pid]) process.kill(pid, 'SIGKILL');
    const end = await session.until(({ event }) => event === 'result');
    if (end.event !== 'result') throw new Error('impossible');
    expect(end.result.destinations[0]).toMatchObject({
      state: 'failed',
      errors: expect.arrayContaining([expect.objectContaining({ code: 'DEVICE_GONE' })]) as unknown,
    });
    expect(end.result.destinations[0]!.errors.map(({ code }) => code)).not.toContain('MEDIUM_ERROR');
  });

  it('reports a drive that shrinks to nothing as DEVICE_GONE', async () =>
    expect((await endOf('after w 2M resize 0')).codes).toContain('DEVICE_GONE'));

  it('ends a paused drive at once when the kernel removes it, and finishes the others', async () => {
    const source = await bench.image('disk.img', 4 * MiB);
    const [one, two] = [
      await bench.disk({ size: 4 * MiB, plain: true }),
      await bench.disk({ size: 4 * MiB, plain: true }),
    ];
    // No loop device can be removed while it is open, so this uevent is made up. Everything else is real.
    const addon = loadAddon(ADDON);
    let tell: (news: NativeUevent) => void = () => undefined;
    const ends: unknown[] = [];
    let ended: () => void = () => undefined;
    const end = new Promise<void>((resolve) => (ended = resolve));
    const engine = new LocalEngine(
      () => ({
        ...addon,
        watchUevents: (listener) => {
          tell = listener;
          return { close: () => undefined };
        },
      }),
      (event) => {
        if (event.event !== 'result') return;
        ends.push(...event.result.destinations);
        ended();
      },
      () => undefined,
      (error) => expect.unreachable(String(error)),
    );
    bench.finally(() => engine.stop());
    await engine.prepare(requestOf({ source, destinations: [one.device, two.device] }));
    await engine.start();
    engine.pause(0, true);
    tell({ action: 'remove', name: basename(one.device), number: `7:${basename(one.device).slice('loop'.length)}` });
    await end;
    expect(ends).toMatchObject([
      {
        state: 'failed',
        errors: [
          { code: 'DEVICE_GONE', message: 'The drive was removed during the job: the system no longer has it.' },
        ],
      },
      { state: 'done', verified: true, errors: [] },
    ]);
  });

  it('tells by sysfs whether a drive is gone, not by the errno of a request', async () => {
    const disk = await bench.disk({ size: MiB });
    const number = `7:${basename(disk.device).slice('loop'.length)}`;
    expect(signOfRemoval(number)).toBeNull();
    await disk.rule('resize 0');
    execFileSync('losetup', ['--set-capacity', disk.device]);
    expect(signOfRemoval(number)).toBe('noSize');
    expect(signOfRemoval('4095:77')).toBe('removed');
  });
});
