// Measures the time from `platter mount` until the first file of a packed image is read, by the size of the image.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLATTER } from './contenders.ts';
import { GiB } from './figures.ts';
import type { Say } from './run.ts';
import type { Plot } from './series.ts';

const SIZES = [1, 20, 100] as const;
const CONTENT = 'the first file\n';

const platter = (...args: string[]): void =>
  void execFileSync(process.execPath, [PLATTER, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });

/** Makes the packed image of an ext4 of `gibibytes`, which has one file, in `folder`. */
function makeImage(folder: string, gibibytes: number): string {
  const [image, packed] = [join(folder, 'disk.img'), join(folder, `${String(gibibytes)}.img.zst`)];
  const script = 'rm -f "$1"; truncate -s "$2" "$1"; mke2fs -q -t ext4 -d "$0" "$1"';
  execFileSync('sh', ['-ec', script, join(folder, 'files'), image, String(gibibytes * GiB)]);
  platter('copy', image, packed, '--used', '--yes', '--json', '--no-verify');
  return packed;
}

/** Seconds until the first file of the image is read. */
function timeToFile(packed: string, view: string): number {
  const began = performance.now();
  platter('mount', packed, view);
  try {
    const text = readFileSync(join(view, 'disk/first'), 'utf8');
    if (text !== CONTENT) throw new Error(`the first file of ${packed} is wrong`);
    return (performance.now() - began) / 1000;
  } finally {
    platter('unmount', view);
  }
}

/** Time to the first file against the size of the image. All sizes take turns. */
export function overImageSizes(rounds: number, say: Say): Plot {
  const folder = mkdtempSync(join(tmpdir(), 'platter-first-file-'));
  try {
    mkdirSync(join(folder, 'files'));
    writeFileSync(join(folder, 'files/first'), CONTENT);
    const points = SIZES.map((x) => ({ x, packed: makeImage(folder, x), seconds: [] as number[] }));
    for (let round = 0; round < rounds; round += 1) {
      for (const { x, packed, seconds } of points) {
        seconds.push(timeToFile(packed, join(folder, 'view')));
        say(
          `first file of ${String(x)} GiB, round ${String(round + 1)}/${String(rounds)}: ${seconds.at(-1)!.toFixed(3)} s`,
        );
      }
    }
    return {
      id: 'first-file',
      title: 'Time from platter mount to the first file of a packed image, against its size',
      x: 'GiB',
      series: [{ name: 'platter mount', points: points.map(({ x, seconds }) => ({ x, seconds })) }],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
