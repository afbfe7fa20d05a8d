// `copy --used` by a user who is not root: the programs of the file systems get what the user may read.
import { chown, chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { serverLacks } from '../../../build/native.mjs';
import { canLab } from '../../lab/lab.ts';
import { Bench, MiB, PLATTER, type JsonObject } from '../cli/support.ts';
import { lacks } from '../parsers/source-files.ts';
import { blank, run } from './support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const NOBODY = 65_534;
const headers = serverLacks().join(', ');
const cannot =
  canLab() ?? (headers === '' ? null : `platter-serve lacks ${headers}`) ?? lacks('setpriv') ?? lacks('fusermount3');
if (cannot !== null) console.warn(`skipped: ${cannot}`);

/** The parts of the plan of a copy that nobody makes of `image`, a file in `folder`, which is nobody's. */
async function partsFor(folder: string, image: string): Promise<unknown> {
  const own = ['HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'XDG_STATE_HOME', 'PLATTER_STATE'].map(
    (name) => `${name}=${folder}`,
  );
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', ...own];
  const command = ['copy', image, join(folder, 'out.img'), '--used', '--yes', '--json'];
  const printed = await run('setpriv', ...user, process.execPath, PLATTER, ...command);
  return (JSON.parse(printed.split('\n')[0]!) as JsonObject).parts;
}

describe.skipIf(cannot !== null)('copy --used by a user', { timeout: 120_000 }, () => {
  test('finds what the file systems in the partitions of an image use', async () => {
    const folder = await bench.directory();
    const own = join(folder, 'own');
    await mkdir(own);
    const image = await blank(join(own, 'disk.img'), 260 * MiB);
    await run('sgdisk', '-n', '1:2048:+110M', '-n', '2:0:+60M', '-n', '3:0:+60M', image);
    for (const [mkfs, at, size] of [
      ['mkfs.btrfs -q', 1, 110],
      ['mkfs.ntfs -q -F', 111, 60],
      ['mkfs.ext4 -q', 171, 60],
    ] as const) {
      const part = await blank(join(folder, `${at}.img`), size * MiB);
      await run('bash', '-c', `${mkfs} "$0" && dd if="$0" of="$1" bs=1M seek=${at} conv=notrunc`, part, image);
    }
    await chmod(folder, 0o711);
    for (const path of [own, image]) await chown(path, NOBODY, NOBODY);

    const parts = await partsFor(own, image);

    expect(parts).toMatchObject([
      { signatures: ['btrfs'], whole: null },
      { signatures: ['ntfs'], whole: null },
      { signatures: ['ext4'], whole: null },
    ]);
  });
});
