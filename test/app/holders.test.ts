// Who holds a drive, and what keeps it from being unmounted: real loop devices, mounts and processes, through a real host.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertOwnLoop, canLab, type LabDisk } from '../lab/lab.ts';
import { MiB, refused, requestOf, resultOf, Workbench } from './engine-support.ts';

const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

let bench: Workbench;
beforeEach(() => { bench = new Workbench(); });
afterEach(() => bench.clear());

/** A loop device with an ext4 on it. */
async function formatted(): Promise<LabDisk> {
  const disk = await bench.disk({ size: 8 * MiB, plain: true });
  assertOwnLoop(disk.device);
  execFileSync('mkfs.ext4', ['-q', disk.device]);
  return disk;
}

/** Mounts a device; what the test leaves mounted is unmounted after it, the last one first. */
function mount(device: string, target: string): void {
  mkdirSync(target, { recursive: true });
  execFileSync('mount', [device, target]);
  bench.finally(() => {
    if (isMounted(device, target)) execFileSync('umount', [target]);
    return Promise.resolve();
  });
}

const isMounted = (device: string, target: string): boolean => readFileSync('/proc/mounts', 'utf8').includes(`${device} ${target} `);

describe.skipIf(noLab !== null)('F10 --unmount takes off nothing but what the review names:', () => {
  it.each([
    ['another device mounted over it', '', 'over'],
    ['another device mounted in a folder of it', '/lost+found', 'in'],
  ])('F10 %s is named in a refusal and stays mounted', async (_, folder, where) => {
    const [disk, other] = [await formatted(), await formatted()];
    const target = await bench.path('m');
    mount(disk.device, target);
    mount(other.device, target + folder);
    const errors = await refused(bench.session().engine.call('prepare', requestOf({ source: await bench.image('a.img', MiB), destinations: [disk.device], unmount: true })));
    expect(errors).toMatchObject([{
      code: 'MOUNTED', device: disk.device, reason: { kind: 'mountedOver', device: disk.device, target, where, other: other.device, at: target + folder },
      advice: `Unmount ${target + folder} first, then try again.`,
    }]);
    expect([isMounted(disk.device, target), isMounted(other.device, target + folder)]).toEqual([true, true]);
  });

  it('F10 another device mounted over a folder above it is named in a refusal and stays mounted', async () => {
    const [disk, other] = [await formatted(), await formatted()];
    const above = await bench.path('m');
    const target = `${above}/lost+found`;
    mount(disk.device, target);
    mount(other.device, above);
    const errors = await refused(bench.session().engine.call('prepare', requestOf({ source: await bench.image('a.img', MiB), destinations: [disk.device], unmount: true })));
    expect(errors).toMatchObject([{ code: 'MOUNTED', device: disk.device, reason: { kind: 'mountedOver', where: 'over', other: other.device, at: above } }]);
    expect(isMounted(other.device, above)).toBe(true);
  });

  it('F10 another device mounted over it after the review stays mounted, and nothing is written', async () => {
    const [disk, other] = [await formatted(), await formatted()];
    const target = await bench.path('m');
    mount(disk.device, target);
    const { engine } = bench.session();
    const plan = await engine.call('prepare', requestOf({ source: await bench.image('a.img', MiB), destinations: [disk.device], unmount: true }));
    expect(plan.destinations).toMatchObject([{ mounts: [{ device: disk.device, target }] }]);
    mount(other.device, target);
    expect(await refused(engine.call('start', {}))).toMatchObject([{ code: 'MOUNTED', op: 'unmount', reason: { kind: 'mountedOver', other: other.device } }]);
    expect([isMounted(disk.device, target), isMounted(other.device, target)]).toEqual([true, true]);
  });

  it('F10 a device below it at the same place stays mounted; its own mounts are taken off', async () => {
    const [disk, other] = [await formatted(), await formatted()];
    const [target, second] = [await bench.path('m'), await bench.path('n')];
    mount(other.device, target);
    mount(disk.device, target);
    mount(disk.device, second);
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ source: await bench.image('a.img', MiB), destinations: [disk.device], unmount: true }));
    await session.engine.call('start', {});
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    expect([isMounted(other.device, target), isMounted(disk.device, target), isMounted(disk.device, second)]).toEqual([true, false, false]);
  });
});
