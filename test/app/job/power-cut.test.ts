// Images that were being written when the power failed. The file system under the image, with the state of the host in
// it, lies on a disk that loses what was not flushed. What it has afterwards is mounted again, as at the next start.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { assertOwnLoop, packableBytes, type LabDisk } from '../../lab/lab.ts';
import { blank } from '../used-blocks/support.ts';
import { skip } from './packed-files.ts';
import { interrupted, MiB, oneBench, resume, untilDurable, type Session } from './support.ts';

const bench = oneBench();
const SIZE = 24 * MiB;
const ROOM = 96 * MiB;

interface Kind {
  what: string;
  name: string;
  used: boolean;
}
const KINDS: readonly Kind[] = [
  { what: 'a packed image', name: 'copy.img.zst', used: false },
  { what: 'a packed image of used blocks', name: 'copy.img.zst', used: true },
  { what: 'a raw image', name: 'copy.img', used: false },
  { what: 'a raw image of used blocks', name: 'copy.img', used: true },
];

/** A disk with an ext4 whose free blocks are zeros. */
async function source(): Promise<{ disk: LabDisk; file: string }> {
  const file = await blank(await bench.path('disk.img'), SIZE);
  const files = await bench.path('files');
  await mkdir(files);
  for (let i = 0; i < 6; i += 1) await writeFile(`${files}/${i}`, packableBytes(3 * MiB, i + 1));
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', files, file]);
  return { disk: await bench.disk({ size: SIZE, file }), file };
}

/** A file system on a disk with a write cache, in which the hosts of this test keep their state from now on. */
async function volatileFolder(): Promise<LabDisk> {
  const disk = await bench.disk({ size: ROOM, mkfs: 'ext4' });
  bench.state = `${disk.tree}/state`;
  execFileSync('sync', ['-f', disk.tree]);
  await disk.rule('volatile on', 'reset');
  return disk;
}

/**
 * Ends the host, loses what `disk` had not flushed (with a seed: about half of it), and mounts again what is left. The
 * host gets no answer to its last I/O, as it would not without power.
 */
async function cutPower(disk: LabDisk, session: Session, seed = ''): Promise<void> {
  assertOwnLoop(disk.device);
  session.host.kill('SIGKILL');
  await disk.rule('dead', `powercut ${seed}`);
  await session.exited;
  // The kernel closes the files of an io_uring a moment after its process.
  await expect.poll(() => spawnSync('umount', [disk.tree], { encoding: 'utf8' }).stderr).toBe('');
  execFileSync('blockdev', ['--flushbufs', disk.device], { stdio: 'ignore' }); // what is left of it, it cannot write
  await disk.rule('clear');
  execFileSync('mount', [disk.device, disk.tree]);
}

/** Throws unless the finished image at `path` is whole, by other people's tools. */
function mustBeWhole(path: string, original: string): void {
  const unpack = path.endsWith('.zst') ? 'zstd -dc' : 'cat';
  execFileSync('bash', ['-c', `set -o pipefail; ${unpack} "$0" | cmp - "$1"`, path, original]);
}

describe.skipIf(skip !== null)(`an image after a power cut${skip === null ? '' : ` (${skip})`}`, () => {
  it.each(KINDS)('that is $what is finished by a resume behind what was flushed', async ({ name, used }) => {
    const { disk: from, file } = await source();
    await from.rule('stall r 17M 1M');
    const disk = await volatileFolder();
    const image = `${disk.tree}/${name}`;
    const session = bench.session();
    const { job, log } = await session.begin({ source: from.device, destinations: [image], memory: 8 * MiB, used });
    await untilDurable(log, 4);
    await from.waitFor(({ stalled }) => stalled > 0);

    session.host.kill('SIGKILL');
    await from.rule('clear');
    await cutPower(disk, session);

    expect([existsSync(image), existsSync(`${image}.part`)]).toEqual([false, true]);
    const next = bench.session();
    expect(await interrupted(next)).toMatchObject([{ id: job, destinations: [{ path: image, finished: false }] }]);
    const result = await resume(next, job);
    expect(result.destinations).toMatchObject([{ path: image, state: 'done', verified: true }]);
    expect(result.destinations[0]!.kept).toBeGreaterThanOrEqual(4 * MiB);
    mustBeWhole(image, file);
  });

  it.each([KINDS[0]!, KINDS[3]!])(
    'that is $what has its name only when it is whole, wherever the cut was',
    async ({ name, used }) => {
      const { disk: from, file } = await source();
      await from.rule('rate r 16M');
      let all = 0; // bytes that an undisturbed job writes to the disk
      for (const [seed, share] of [1, 0.6, 0.97, 0.995, 0.999].entries()) {
        const disk = await volatileFolder();
        const image = `${disk.tree}/${name}`;
        if (share < 1) await disk.rule(`after w ${Math.floor(all * share)} stall wf`);
        const session = bench.session();
        await session.begin({ source: from.device, destinations: [image], memory: 8 * MiB, used });
        const ended = session.until(({ event }) => event === 'result').catch(() => null);
        await Promise.race([ended, disk.waitFor(({ stalled }) => stalled > 0)]);
        if (share === 1) all = (await disk.counters()).bytesWritten;

        await cutPower(disk, session, share === 1 ? '' : String(seed));

        if (share === 1) expect(existsSync(image)).toBe(true);
        if (existsSync(image)) mustBeWhole(image, file);
        const next = bench.session();
        for (const { id } of await interrupted(next)) {
          const result = await resume(next, id);
          expect(result.destinations).toMatchObject([{ path: image, state: 'done', verified: true }]);
          mustBeWhole(image, file);
        }
      }
    },
  );
});
