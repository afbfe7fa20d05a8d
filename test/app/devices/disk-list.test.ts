// The list of disks follows drives as they come and go: real loop devices, through a real host.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Disk } from '../../../app/contract/disks.ts';
import type { DisksEvent } from '../../../app/contract/host.ts';
import { parseBlkid } from '../../../app/engine/devices/probe.ts';
import { assertOwnLoop, canLab } from '../../lab/lab.ts';
import { oneBench, MiB, requestOf } from '../job/support.ts';

const noLab = canLab();
const bench = oneBench();

/** The first list of disks after `begin` that satisfies `condition`. */
function listWith(
  engine: { onDisks(listener: (disks: DisksEvent['disks']) => void): () => void },
  condition: (disks: Disk[]) => boolean,
): Promise<Disk[]> {
  return new Promise((resolve, reject) => {
    const stop = engine.onDisks((disks) => {
      if (!disks.ok) reject(new Error(disks.errors[0]?.message));
      else if (condition(disks.value)) {
        stop();
        resolve(disks.value);
      }
    });
  });
}

describe.skipIf(noLab !== null)('the list of disks', () => {
  it('sends a new list of disks with their content when a drive comes or goes, without udev', async () => {
    const { engine } = bench.session();
    expect(await engine.call('watch', { all: true })).toEqual({});
    const file = await bench.path('stick.img');
    execFileSync('truncate', ['-s', '8M', file]);
    execFileSync('mkfs.ext4', ['-q', '-L', 'my stick', file]);
    const came = listWith(engine, (disks) => disks.some(({ backingFile }) => backingFile === file));
    const device = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
    let attached = true;
    const detach = (): void => {
      if (attached) execFileSync('losetup', ['--detach', device]);
      attached = false;
    };
    bench.finally(async () => {
      detach();
      return Promise.resolve();
    });
    expect((await came).find(({ path }) => path === device)).toMatchObject({
      fileSystem: 'ext4',
      label: 'my stick',
      locked: null,
      ejectable: false,
    });
    const went = listWith(engine, (disks) => disks.every(({ path }) => path !== device));
    detach();
    await went;
  });

  it('names a FAT file system in the review', async () => {
    const disk = await bench.disk({ size: 4 * MiB, plain: true });
    // The first sector of a FAT16 file system, as mkfs.fat writes it.
    const sector = Buffer.alloc(512);
    sector.write('\xeb\x3c\x90mkfs.fat', 0, 'latin1');
    for (const [offset, value] of [
      [11, 512],
      [14, 4],
      [17, 512],
      [19, 8192],
      [22, 8],
    ] as const)
      sector.writeUInt16LE(value, offset);
    sector[13] = 4;
    sector[16] = 2;
    sector[21] = 0xf8;
    sector[38] = 0x29;
    sector.write('NO NAME    FAT16   ', 43, 'latin1');
    sector.writeUInt16LE(0xaa55, 510);
    assertOwnLoop(disk.device);
    writeFileSync(disk.backing, sector, { flag: 'r+' });
    const { engine } = bench.session();
    const plan = await engine.call(
      'prepare',
      requestOf({ source: await bench.image('a.img', MiB), destinations: [disk.device] }),
    );
    expect(plan.destinations[0]!.contents).toEqual([
      { kind: 'fileSystem', fileSystem: 'vfat', path: disk.device, size: 4 * MiB },
    ]);
  });
});

it('parses the output of blkid', () => {
  expect(parseBlkid('DEVNAME=/dev/sdb\nLABEL=my\\ stick\\\\\nTYPE=ext4\nUSAGE=filesystem\n')).toEqual({
    fileSystem: 'ext4',
    label: 'my stick\\',
    partitionTable: null,
    signatures: ['ext4'],
  });
  expect(parseBlkid('DEVNAME=/dev/sdb\nPTTYPE=gpt\n')).toEqual({
    fileSystem: null,
    label: null,
    partitionTable: 'gpt',
    signatures: ['gpt'],
  });
  expect(parseBlkid('')).toBeNull();
});
