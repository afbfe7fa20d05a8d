// A map of used blocks is made for the review, and again when a job is continued. What is written to the source in
// between lies where the map has nothing.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canLab, seededBytes, type LabDisk } from '../../lab/lab.ts';
import { killedCopy, MiB, oneBench, refused, requestOf, resultOf, resume } from '../job/support.ts';
import { fragment, mounted, run, sums } from './support.ts';

const cannot = canLab();
if (cannot !== null) console.warn(`skipped: ${cannot}`);
const bench = oneBench();

it.skipIf(cannot !== null)(
  'a copy with --used tells that its source was written to between the review and the start',
  { timeout: 60_000 },
  async () => {
    const source = await bench.disk({ size: 64 * MiB });
    const copy = await bench.disk({ size: 64 * MiB });
    await run('mkfs.ext4', '-q', source.device);
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ source: source.device, destinations: [copy.device], used: true }));
    const folder = await bench.path('m');
    await mounted(source.device, folder, (at) => fragment(at, 20), 'rw');

    await session.engine.call('start', {});

    expect(await resultOf(session)).toMatchObject({
      sourceWritten: true,
    });
  },
);

describe.skipIf(cannot !== null)('an interrupted copy with --used', { timeout: 60_000 }, () => {
  /** A copy that was killed in the middle of an ext2, and the folder that its disks are mounted in. */
  async function interrupted(): Promise<{ source: LabDisk; copy: LabDisk; job: string; folder: string }> {
    const source = await bench.disk({ size: 64 * MiB });
    const copy = await bench.disk({ size: 64 * MiB });
    // Without a journal, a mount changes the first chunk alone, which a copy reads and writes last.
    await run('mkfs.ext2', '-q', '-b', '1024', source.device);
    const folder = await bench.path('m');
    const fill = async (at: string): Promise<void> => {
      for (let index = 0; index < 16; index += 1)
        await writeFile(join(at, `f${index}`), seededBytes(2 * MiB, index + 1));
    };
    await mounted(source.device, folder, fill, 'rw');
    await source.rule('stall r 30M 1M');
    const ask = { source: source.device, destinations: [copy.device], used: true, memory: 2 * MiB };
    const { job } = await killedCopy(bench, source, ask, 32);
    return { source, copy, job, folder };
  }

  it('is not continued when its file system has changed since', async () => {
    const { source, job, folder } = await interrupted();
    const change = async (at: string): Promise<void> => {
      await rm(join(at, 'f3'));
      await writeFile(join(at, 'new'), seededBytes(MiB, 99));
    };
    await mounted(source.device, folder, change, 'rw');

    const errors = await refused(resume(bench.session(), job));

    expect(errors).toMatchObject([
      { code: 'CHANGED', device: source.device, reason: { kind: 'fileSystemChanged' }, remedy: { kind: 'newCopy' } },
    ]);
  });

  it('is not continued while its file system can be written, and goes on when it is unmounted', async () => {
    const { source, copy, job, folder } = await interrupted();
    const errors = await mounted(source.device, folder, () => refused(resume(bench.session(), job)), 'rw');

    const result = await resume(bench.session(), job);

    expect(errors).toMatchObject([
      { code: 'MOUNTED', device: source.device, reason: { kind: 'usedMounted', targets: [folder] } },
    ]);
    expect(result).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    const before = await mounted(source.device, folder, sums, 'ro');
    expect(await mounted(copy.device, folder, sums, 'ro')).toBe(before);
  });
});
