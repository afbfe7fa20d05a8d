// What the window asks before a job: how much of a source its file systems use.
import { expect, it } from 'vitest';
import { outcome } from '../../../app/base/errors.ts';
import { lacks } from '../parsers/source-files.ts';
import { MiB, oneBench, requestOf } from '../job/support.ts';
import { blank, run } from './support.ts';

const bench = oneBench();
const cannot = lacks('mkfs.ext4') ?? lacks('dumpe2fs');

/** An image with an empty ext4. */
async function ext4(): Promise<string> {
  const path = await blank(await bench.path('disk.img'), 64 * MiB);
  await run('mkfs.ext4', '-q', path);
  return path;
}

it.skipIf(cannot !== null)('gives up what it looks for when it is told to', async () => {
  const path = await ext4();
  const { engine } = bench.session();

  const asked = [1, 2].map(() => outcome(() => engine.call('usage', { path })));
  await engine.call('stopUsage', {});

  for (const ended of await Promise.all(asked)) expect(ended).toMatchObject({ errors: [{ code: 'CANCELLED' }] });
});

it.skipIf(cannot !== null)('gives up what it looks for when a job is prepared, which finds the same', async () => {
  const path = await ext4();
  const { engine } = bench.session();

  const asked = outcome(() => engine.call('usage', { path }));
  const plan = await engine.call(
    'prepare',
    requestOf({ source: path, destinations: [await bench.path('copy.img')], used: true }),
  );

  expect(await asked).toMatchObject({ errors: [{ code: 'CANCELLED' }] });
  expect(plan.parts).toMatchObject([{ signatures: ['ext4'], whole: null }]);
});
