// A mounted disk of the lab.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { assertOwnLoop, type LabDisk } from '../../lab/lab.ts';
import type { Workbench } from '../job/support.ts';

/** Makes an ext4 with a label on a disk of the lab, mounts it and returns the mount point. */
export async function mounted(bench: Workbench, disk: LabDisk, name = 'platter'): Promise<string> {
  assertOwnLoop(disk.device);
  execFileSync('mkfs.ext4', ['-q', '-L', name, disk.device]);
  const target = await bench.path(name);
  mkdirSync(target);
  execFileSync('mount', [disk.device, target]);
  bench.finally(async () => {
    if (readFileSync('/proc/mounts', 'utf8').includes(` ${target} `)) execFileSync('umount', [target]);
    return Promise.resolve();
  });
  return target;
}
