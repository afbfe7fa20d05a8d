// `copy --used` of file systems whose maps are wrong although all of their own counts are right.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab } from '../../lab/lab.ts';
import { Bench, MiB, resultOf } from '../cli/support.ts';
import { lacks } from '../parsers/source-files.ts';
import { copied, notesOf } from './copying.ts';
import { blank, fragment, mounted, run, sums } from './support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const cannot = canLab() ?? lacks('debugfs') ?? lacks('xfs_db');
if (cannot !== null) console.warn(`skipped: ${cannot}`);

/** An ext4 whose bitmap has a block of a file as free, and a free block of the same group as used instead. */
async function damagedExt(folder: string): Promise<string> {
  const image = await blank(join(folder, 'e.img'), 64 * MiB);
  await run('mkfs.ext4', '-q', '-b', '1024', image);
  await mounted(image, join(folder, 'm'), (at) => fragment(at, 6, 9000));
  const debugfs = async (command: string): Promise<string> => {
    const printed = await run('debugfs', '-w', '-R', command, image);
    return printed
      .split('\n')
      .filter((line) => !line.startsWith('debugfs '))
      .join('\n')
      .trim();
  };
  const [used] = (await debugfs('blocks /f1')).split(' ');
  const free = /found: (\d+)/.exec(await debugfs(`ffb 1 ${Number(used) + 100}`))![1]!;
  expect(Math.floor((Number(used) - 1) / 8192)).toBe(Math.floor((Number(free) - 1) / 8192));
  await debugfs(`freeb ${used!}`);
  await debugfs(`setb ${free}`);
  return image;
}

/** An XFS whose trees of free extents begin one block early in a group, and end one block early. */
async function damagedXfs(folder: string): Promise<string> {
  const image = await blank(join(folder, 'x.img'), 320 * MiB);
  await run('mkfs.xfs', '-q', image);
  await mounted(image, join(folder, 'm'), (at) => fragment(at, 6));
  const tree = (root: string): string[] => ['-c', 'agf 0', '-c', `addr ${root}`];
  const records = async (root: string): Promise<string[]> => {
    const printed = await run('xfs_db', '-r', ...tree(root), '-c', 'p recs', image);
    return [...printed.matchAll(/\d+:\[(\d+),\d+\]/g)].map(([, start]) => start!);
  };
  const largest = (await records('cntroot')).at(-1)!;
  for (const root of ['bnoroot', 'cntroot']) {
    const index = (await records(root)).indexOf(largest) + 1;
    const write = `write -d recs[${index}].startblock ${Number(largest) - 1}`;
    await run('xfs_db', '-x', ...tree(root), '-c', write, image);
  }
  return image;
}

const KINDS = [
  { name: 'an ext4', size: 64 * MiB, damaged: damagedExt, program: 'e2fsck' },
  { name: 'an XFS', size: 320 * MiB, damaged: damagedXfs, program: 'xfs_repair' },
];

describe.skipIf(cannot !== null)('copy --used of a damaged file system', { timeout: 120_000 }, () => {
  test.for(KINDS)(
    'copies $name as a whole whose map is wrong in one group with a right count',
    async ({ size, damaged, program }) => {
      const folder = await bench.directory();
      const image = await damaged(folder);

      const { ran, copy } = await copied(bench, image, size);

      expect(notesOf(ran)).toMatch(/is copied as a whole, although [\d,]+ bytes of it look free/);
      expect(notesOf(ran)).toContain(`${program} finds errors in it. Repair it first.`);
      expect(resultOf(ran).destinations).toMatchObject([{ verdict: 'verified' }]);
      await run('cmp', image, copy);
    },
  );

  test('copies what an ext4 uses whose trees of extents e2fsck would only make smaller', async () => {
    const folder = await bench.directory();
    const image = await blank(join(folder, 'e.img'), 64 * MiB);
    await run('mkfs.ext4', '-q', '-b', '1024', image);
    const before = await mounted(image, join(folder, 'm'), async (at) => {
      // An extent for each second block, and then only one of them.
      const script = `cd "$0"; for i in $(seq 0 2 1000); do
        dd if=/dev/urandom of=f bs=1k count=1 seek=$i conv=notrunc status=none; done; sync; truncate -s 9k f; sync`;
      await run('bash', '-c', script, at);
      return sums(at);
    });
    await expect(run('e2fsck', '-fn', image)).resolves.toContain('Optimize?');

    const { ran, copy } = await copied(bench, image, 64 * MiB);

    expect(resultOf(ran).mapped, notesOf(ran)).toBeLessThan(32 * MiB);
    await mkdir(join(folder, 'copy'));
    expect(await mounted(copy, join(folder, 'copy'), sums, 'loop,ro')).toBe(before);
  });
});
