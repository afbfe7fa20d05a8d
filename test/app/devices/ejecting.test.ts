// Ejecting, and unmounting or ejecting a drive that does not answer.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlatterError } from '../../../app/contract/errors.ts';
import { disksOf } from '../../../app/engine/devices/disks.ts';
import { againstEjecting, eject } from '../../../app/engine/access/eject.ts';
import { readBlocks } from '../../../app/engine/devices/lsblk.ts';
import { whenStuck } from '../../../app/engine/devices/drive-waits.ts';
import { unmount } from '../../../app/engine/access/unmount.ts';
import { canLab } from '../../lab/lab.ts';
import { oneBench, MiB, refused } from '../job/support.ts';
import { mounted } from './mounted.ts';
import { laptop, picture, server, type Machine } from './machines.ts';

const noLab = canLab();
const bench = oneBench();

describe('a drive that does not answer', () => {
  it.skipIf(noLab !== null)(
    'gives up unmounting and ejecting a drive that does not answer, and names who has it open',
    async () => {
      const disk = await bench.disk({ size: 8 * MiB });
      const target = await mounted(bench, disk);
      const block = (await readBlocks()).all.find(({ path }) => path === disk.device)!;
      const user = spawn('sleep', ['600'], { stdio: [openSync(disk.device, 'r'), 'ignore', 'ignore'] });
      await once(user, 'spawn');
      bench.finally(() => disk.rule('go'));
      await disk.rule('stall w');
      writeFileSync(join(target, 'last words'), 'written later');
      const [error] = await refused(unmount({ path: disk.device, realPath: disk.device, block }, { patience: 400 }));
      expect(error).toMatchObject({ code: 'STALLED', op: 'unmount', device: disk.device });
      expect(error!.message).toContain(
        `${disk.device} has not been unmounted from ${target}: the drive has not answered`,
      );
      expect(error!.message).toMatch(new RegExp(`; open by .*sleep \\(${user.pid}\\)`));
      user.kill();
      await once(user, 'exit');
      await disk.rule('go');
      await expect
        .poll(async () => (await open(disk.device, constants.O_RDONLY | constants.O_EXCL)).close().then(() => 'free'))
        .toBe('free');
      execFileSync('e2fsck', ['-fn', disk.device], { stdio: 'ignore' });

      // Now the flush before ejecting hangs.
      const sys = await bench.path('sys');
      const file = await open(disk.device, 'r+');
      await file.write(Buffer.alloc(4096, 1), 0, 4096, 1024);
      await disk.rule('stall w');
      expect(await refused(eject(disk.device, block, { sys, patience: 400 }))).toMatchObject([
        { code: 'STALLED', op: 'eject' },
      ]);
      await disk.rule('go');
      await file.close();
    },
  );

  it('waits for a drive as long as it ends requests', async () => {
    let looks = 0;
    await new Promise<void>((resolve) => void whenStuck(() => String(Math.min(++looks, 20)), 40, resolve));
    expect(looks).toBeGreaterThan(20);
  });
});

describe('ejecting', () => {
  const machine: Machine = { ...laptop, ejectable: ['sda', 'sdb', 'nvme0n1'] };
  const codes = (of: Machine, path: string, held = new Set<string>()): PlatterError['code'][] =>
    againstEjecting(path, picture(of).all.find((block) => block.path === path) ?? null, held).map(({ code }) => code);

  it("ejects removable drives only: not the system's, none in use or in a job, no loop device", () => {
    expect([codes(machine, '/dev/sda'), codes(machine, '/dev/sdb')]).toEqual([[], []]);
    expect(codes(machine, '/dev/nvme0n1')).toContain('IS_SYSTEM');
    expect(codes(server, '/dev/sdc')).toEqual(['IN_USE']);
    expect(codes(machine, '/dev/sdb', new Set(['8:16']))).toEqual(['IN_USE']);
    expect(codes(laptop, '/dev/sdb')).toEqual(['NOT_EJECTABLE']);
    expect(codes(laptop, '/dev/nothing')).toEqual(['NOT_EJECTABLE']);
    expect(disksOf(picture(machine), false).map(({ path, ejectable }) => [path, ejectable])).toEqual([
      ['/dev/nvme0n1', false],
      ['/dev/sda', true],
      ['/dev/sdb', true],
      ['/dev/sr0', false],
    ]);
  });

  it.skipIf(noLab !== null)(
    'unmounts and flushes before ejecting, and reports a drive that the system keeps',
    async () => {
      const disk = await bench.disk({ size: 8 * MiB, plain: true });
      const target = await mounted(bench, disk);
      writeFileSync(join(target, 'last words'), 'kept');
      expect(await refused(bench.session().engine.call('eject', { path: disk.device }))).toMatchObject([
        { code: 'NOT_EJECTABLE', message: 'It is a loop device, so there is nothing to take out.' },
      ]);
      const name = basename(disk.device);
      const sys = await bench.path('sys');
      mkdirSync(join(sys, 'block', name, 'device'), { recursive: true });
      const block = (await readBlocks()).all.find(({ path }) => path === disk.device)!;
      await eject(disk.device, block, { sys });
      expect(readFileSync(join(sys, 'block', name, 'device/delete'), 'utf8')).toBe('1');
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(target);
      execFileSync('e2fsck', ['-fn', disk.device], { stdio: 'ignore' });
      mkdirSync(join(sys, 'dev/block', block.majorMinor), { recursive: true });
      expect(await refused(eject(disk.device, block, { sys }))).toMatchObject([{ code: 'IO_ERROR', op: 'eject' }]);
    },
  );
});
