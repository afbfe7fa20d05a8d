// A job from a packed image: its tiles and its header name the step, and show its one bar.
import { expect, test } from 'vitest';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';

const open = oneWindow();

const UNPACKS = {
  kind: 'unpacks',
  path: '/home/me/raspios.img.xz',
  format: 'xz',
  bytes: 5.9e9,
  size: 1.1e9,
} as const;

/** Drives halfway through a copy of a packed image. Every third one reads back. */
function halfway(n: number) {
  const of = make.plan(
    make.sticks(n).map((disk) => make.endpoint(disk)),
    { notes: [UNPACKS] },
  );
  return make.job(
    of,
    of.destinations.map((_, i) => ({
      state: i % 3 === 2 ? 'verifying' : 'copying',
      written: i % 3 === 2 ? of.bytes : of.bytes / 2,
      bytesPerSecond: 31.4e6,
      secondsLeft: 120,
    })),
  );
}

const tiles = () => open.page.getByRole('list', { name: /^(Destinations|Ziele)$/ }).getByRole('listitem');

test.each([
  [1, 'en', 'Unpacking', '1 unpacking and writing', 'light', 1200, 800],
  [8, 'de', 'Entpacken', '6 werden entpackt und geschrieben', 'dark', 1200, 800],
  [8, 'fr', 'Décompression', '6 en décompression et écriture', 'light', 800, 600],
  [32, 'en', 'Unpacking', '22 unpacking and writing', 'light', 1200, 800],
] as const)('names its step on %d tiles (%s)', async (n, language, word, counted, scheme, width, height) => {
  await open.start({ state: { job: halfway(n), language }, scheme, width, height });
  await open.page.getByRole('heading', { level: 2 }).filter({ hasText: counted }).waitFor();
  await open.picture(`unpacking-${String(n)}-${language}-${width}`);
  expect(await tiles().filter({ hasText: word }).count()).toBe(Math.ceil((n / 3) * 2));
  const bars = await tiles().evaluateAll((all) =>
    all.map((each) => each.querySelectorAll('[role=progressbar]').length),
  );
  expect(new Set(bars)).toEqual(new Set([1]));
  // The word is inside its tile and above its figure, and every button is inside the window.
  const crowded = await tiles().evaluateAll(
    (all) =>
      all.filter((each) => {
        const [box, word, figure] = [each, each.querySelector('h2 span')!, each.querySelector('.figure')!].map((part) =>
          part.getBoundingClientRect(),
        );
        return word!.right > box!.right || word!.bottom > figure!.top + figure!.height / 4;
      }).length,
  );
  expect(crowded).toBe(0);
  const buttons = await open.page
    .locator('header button')
    .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().right));
  expect(Math.max(...buttons)).toBeLessThanOrEqual(width);
});
