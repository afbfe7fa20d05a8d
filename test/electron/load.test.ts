// The cost of a busy job with 32 destinations for the window: at the rate of the engine host, and at a rate that no
// host reaches. It is printed and never asserted.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { launchApp, picture } from './support/app.ts';
import { chooseImage, holdToStart, review, tiles } from './support/steps.ts';

/** Seconds to measure. */
const SECONDS = 5;
/** Ticks of a process's clock in a second. */
const TICKS = 100;

/** Processor time of a process in seconds. */
function used(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number);
  return (fields[11]! + fields[12]!) / TICKS;
}

/** Samples a minute: as many as the engine host sends, and a flood of them. */
const RATES = [600, 10_000];

it.runIf(process.getuid?.() === 0).each(RATES)(
  'receives %i samples a minute of 32 destinations, and prints what they cost',
  async (rate) => {
    await using app = await launchApp({
      env: {
        PLATTER_TEST_HOST: join(import.meta.dirname, 'support/busy-host.ts'),
        PLATTER_TEST_RATE: String(rate),
      },
    });
    const { page } = app;
    await chooseImage(app, '/busy.img');
    await page.getByRole('button', { name: /^Select all/ }).click();
    await review(app);
    await holdToStart(app);
    await expect.poll(() => tiles(page).count()).toBe(32);
    await tiles(page, 'copying').first().getByText(/\d\s%/).waitFor();
    await sleep(1500); // start-up is over
    const processes = await app.electron.evaluate(({ app: main }) =>
      main.getAppMetrics().map(({ pid, type }) => ({ pid, type })),
    );
    const before = processes.map(({ pid }) => used(pid));
    const begin = performance.now();
    await sleep(SECONDS * 1000);
    const seconds = (performance.now() - begin) / 1000;
    const share = (type: string): number =>
      processes.reduce(
        (sum, { pid, type: of }, index) => sum + (of === type ? (100 * (used(pid) - before[index]!)) / seconds : 0),
        0,
      );
    const [main, pageShare, gpu] = ['Browser', 'Tab', 'GPU'].map(share) as [number, number, number];
    console.log(
      `${rate} samples a minute, 32 destinations: main ${main.toFixed(1)} %, ` +
        `page ${pageShare.toFixed(1)} %, together ${(main + pageShare).toFixed(1)} % of a core` +
        ` (bar: 5 %); drawing in software, as without a graphics card, ${gpu.toFixed(1)} %`,
    );
    await picture(page, '12-busy');
    expect(await tiles(page, 'verifying').count()).toBe(8);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByRole('heading', { name: '32 cancelled' }).waitFor();
  },
);
