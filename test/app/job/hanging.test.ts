// What the engine of a running job does while a drive hangs, and what it refuses for the job's disks.
import { execFileSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import type { HostEvent } from '../../../app/contract/host.ts';
import { LocalEngine } from '../../../app/engine/engine.ts';
import { loadAddon, type NativeAddon } from '../../../app/engine/native/addon.ts';
import { canLab } from '../../lab/lab.ts';
import { MiB, refused, requestOf, resultOf, oneBench } from './support.ts';

const addon = loadAddon(fileURLToPath(new URL('../../../out/native/kcopyd.node', import.meta.url)));

describe.skipIf(canLab() !== null)('a running job beside a drive that hangs', () => {
  const bench = oneBench();
  beforeEach(() => bench.holdState());

  it('S24 sends samples and cancels while a retried drive hangs in open(2)', async () => {
    const source = await bench.image('disk.img', 32 * MiB);
    const [one, two] = [
      await bench.disk({ size: 32 * MiB, plain: true }),
      await bench.disk({ size: 32 * MiB, plain: true }),
    ];
    let hangs = false;
    const slow: NativeAddon = {
      ...addon,
      openDevice: (path, options) => (hangs ? new Promise(() => undefined) : addon.openDevice(path, options)),
    };
    const events: HostEvent[] = [];
    const engine = new LocalEngine(
      () => slow,
      (event) => events.push(event),
      () => undefined,
      (error) => {
        throw error;
      },
    );
    await engine.prepare(requestOf({ source, destinations: [one.device, two.device], throttle: 2 * MiB }));
    await engine.start();
    const stateOf = (destination: number): string | undefined => {
      const last = events.findLast((event) => event.event === 'progress');
      return last?.event === 'progress' ? last.progress.destinations[destination]?.state : undefined;
    };
    await expect.poll(() => stateOf(0)).toBe('copying');
    engine.cancelOne(0);
    await expect.poll(() => stateOf(0)).toBe('cancelled');
    hangs = true;
    const retrying = refused(engine.retry(0));
    const heard = events.length;
    await expect.poll(() => events.length).toBeGreaterThan(heard);

    await engine.cancel();
    expect(await retrying).toMatchObject([{ code: 'CANCELLED', device: one.device }]);
    await engine.stop();
    expect(events.at(-1)).toMatchObject({ event: 'result', result: { cancelled: true } });
  });

  it('S24 opens a device outside the JavaScript thread', async () => {
    const source = await bench.image('disk.img', MiB);
    const opening = addon.openDevice(source);
    expect(opening).toBeInstanceOf(Promise);
    (await opening).close();
    await expect(addon.openDevice(`${source}.missing`)).rejects.toMatchObject({
      name: 'EngineError',
      code: 'ENOENT',
      op: 'open',
    });
  });

  it('S19 refuses to eject a disk of a running job, whatever path names it', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: 2 * MiB });
    const engine = new LocalEngine(
      () => addon,
      () => undefined,
      () => undefined,
      (error) => {
        throw error;
      },
    );
    await engine.prepare(requestOf({ source, destinations: [disk.device] }));
    await symlink(disk.device, await bench.path('link'));
    for (const path of [disk.device, await bench.path('link'), `/dev/../dev/${disk.device.slice('/dev/'.length)}`]) {
      expect(await refused(engine.eject(path)), path).toMatchObject([{ code: 'IN_USE', reason: { kind: 'jobHasIt' } }]);
    }
    await engine.stop();
  });

  it('F12 ends with its verdict when the disk of its log hangs, and says that the log is incomplete', async () => {
    const home = await bench.disk({ size: 32 * MiB });
    execFileSync('mkfs.ext4', ['-q', home.device]);
    execFileSync('mount', [home.device, bench.state]);
    bench.keep({
      close: async () => {
        await home.rule('clear');
        execFileSync('umount', [bench.state]);
      },
    });
    const [source, copy] = [await bench.image('disk.img', 8 * MiB), await bench.path('copy.img')];
    const session = bench.session();
    bench.keep({
      close: async () => {
        await home.rule('clear');
        await session.engine.close();
      },
    });
    await session.begin({ source, destinations: [copy], throttle: 4 * MiB, stallTimeout: 2 });
    await session.until(({ event }) => event === 'progress');
    await home.rule('stall w', 'stall f');
    const result = await resultOf(session);
    expect(result).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    expect(result.notes).toContainEqual(
      expect.objectContaining({ kind: 'logNotWritten', reason: { kind: 'fileSilent', seconds: 2 } }),
    );
    execFileSync('cmp', [source, copy]);
  });
});
