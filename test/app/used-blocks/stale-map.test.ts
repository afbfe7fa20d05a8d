// A map of used blocks is made for the review. What is written to the source between then and the start lies where the
// map has nothing.
import { expect, it } from 'vitest';
import { canLab } from '../../lab/lab.ts';
import { MiB, oneBench, requestOf, resultOf } from '../job/support.ts';
import { fragment, mounted, run } from './support.ts';

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
