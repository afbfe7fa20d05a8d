// A check names the sectors that differ, and knows a file system that was only mounted from a bad copy.
import { execFileSync } from 'node:child_process';
import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { differingSectors } from '../../../app/engine/job/differing-sectors.ts';
import type { NativeDevice, NativeError } from '../../../app/engine/native/addon.ts';
import { MiB, spoil, oneBench } from './support.ts';

const bench = oneBench();

const chunk: NativeError = {
  side: 'verify',
  destination: 0,
  cause: 'mismatch',
  errno: null,
  flush: false,
  offset: 2 * MiB,
  length: MiB,
};
const device = (bytes: Buffer): Pick<NativeDevice, 'peek'> => ({
  peek: (offset, length) => Promise.resolve(bytes.subarray(offset - 2 * MiB, offset - 2 * MiB + length)),
});
/** The ranges that are found when a chunk of zeros has other bytes at these offsets. */
async function found(...offsets: number[]): Promise<[offset: number, length: number][]> {
  const other = Buffer.alloc(MiB);
  for (const offset of offsets) other[offset] = 1;
  return (await differingSectors(chunk, device(Buffer.alloc(MiB)), device(other))).map(
    ({ entry: { offset, length } }) => [offset - 2 * MiB, length],
  );
}

describe('sectors that differ within a chunk', () => {
  it('F26 names the sectors that differ, joins near ones, and counts many as one range', async () => {
    expect(await found(1024)).toEqual([[1024, 512]]);
    expect(await found(0, 1500, 700_000, MiB - 1)).toEqual([
      [0, 1536],
      [699_904, 512],
      [MiB - 512, 512],
    ]);
    expect(await found(...Array.from({ length: 20 }, (_, index) => index * 50_000))).toEqual([
      [0, 19 * 50_000 - ((19 * 50_000) % 512) + 512],
    ]);
  });

  it('F26 names the chunk when nothing differs any more', async () => {
    expect(await found()).toEqual([[0, MiB]]);
  });
});

describe('the report of a check', () => {
  it('F26 names the sectors that differ, with the advice of a bad copy', async () => {
    const [source, copy] = [await bench.image('disk.img', 4 * MiB), await bench.image('copy.img', 4 * MiB)];
    await spoil(copy, MiB + 5000, 3 * MiB);
    const result = await bench.session().run({ kind: 'verify', source, destinations: [copy] });
    const places = result.destinations[0]!.errors.map(({ offset, length, remedy }) => [offset, length, remedy.kind]);
    expect(places).toEqual([
      [MiB + 4608, 512, 'repairIt'],
      [3 * MiB, 512, 'repairIt'],
    ]);
  });

  it.each([
    ['ext4', ['-q', '-F'], 1024 + 0x34, [1024, 512]],
    ['vfat', [], 0x25, [0, 512]],
  ] as const)(
    'F26 says that a %s was mounted since when its superblock differs',
    async (type, options, byte, place) => {
      const [source, copy] = [await bench.path('disk.img'), await bench.path('copy.img')];
      await writeFile(source, '');
      await truncate(source, 16 * MiB);
      execFileSync(`mkfs.${type}`, [...options, source], { stdio: 'ignore' });
      await writeFile(copy, await readFile(source));
      // A mount by the kernel changes a count of mounts and a mark that the file system is in use.
      const file = await open(copy, 'r+');
      await file.write(Buffer.from([0x77]), 0, 1, byte);
      await file.close();
      const result = await bench.session().run({ kind: 'verify', source, destinations: [copy] });
      expect(result.destinations[0]).toMatchObject({
        state: 'failed',
        errors: [{ code: 'VERIFY_MISMATCH', offset: place[0], length: place[1], remedy: { kind: 'mountedSince' } }],
      });
    },
  );
});
