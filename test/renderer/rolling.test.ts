// Rolling batches: finished drives are taken out while the job goes on for others.
import { describe, expect, test } from 'vitest';
import type { DestinationProgress } from '../../app/contract/jobs.ts';
import type { JobView } from '../../app/contract/window.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';

const open = oneWindow();

const stickIn = (bay: number) => ({
  ...make.sticks(bay)[bay - 1]!,
  port: make.usbPort(1, bay, bay),
});
const bays = [1, 2, 3, 4, 5].map(stickIn);
const planOf = (count: number) => make.plan(bays.slice(0, count).map((disk) => make.endpoint(disk)));
const done = (bytes: number): Partial<DestinationProgress> => ({
  state: 'done',
  written: bytes,
  verified: bytes,
  letGo: true,
});
/** Bays 1 and 2 are done, the others are written. */
const rolling = (count: number): JobView => {
  const plan = planOf(count);
  return make.job(plan, [done(plan.bytes), done(plan.bytes)]);
};

const tile = (bay: number) =>
  open.page
    .getByRole('listitem')
    .filter({ has: open.page.getByRole('button', { name: `Details of Bay ${bay}`, exact: true }) });
const headerName = () => open.page.locator('header h2').getAttribute('aria-label');

describe('a finished drive of a running job', () => {
  test.each([
    ['rows', 3],
    ['tiles', 5],
  ])('is named on %s as one to take out, in the good colour, and counted in the header', async (_, count) => {
    await open.start({ state: { disks: bays, job: rolling(count) } });

    await tile(1).getByRole('heading', { name: 'Bay 1, Verified, Take it out', exact: true }).waitFor();
    const word = tile(1).getByText('Take it out', { exact: true });
    const { colour, size } = await word.evaluate((node) => {
      const style = getComputedStyle(node);
      return { colour: style.color, size: parseFloat(style.fontSize) };
    });
    expect(colour).toBe(
      await tile(1)
        .locator('h2')
        .evaluate((node) => getComputedStyle(node).color),
    );
    expect(size).toBeGreaterThanOrEqual(18);
    expect(await headerName()).toMatch(/^2 ready to take out, 2 verified/);
    await open.page.getByText('Bay 1 and Bay 2 are done: take them out.').waitFor();
    expect(await tile(3).getByText('Take it out').count()).toBe(0);
  });

  test('is not counted any more once it is out, and must be ejected first when it is mounted again', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });

    await open.main.push({
      disks: bays.slice(1).map((disk, i) => (i === 0 ? { ...disk, mountedAt: ['/media/x'] } : disk)),
    });

    await tile(1).getByRole('heading', { name: 'Bay 1, Verified, Taken out', exact: true }).waitFor();
    await tile(2).getByRole('heading', { name: 'Bay 2, Verified, Eject first', exact: true }).waitFor();
    expect(await headerName()).toMatch(/^2 verified/);
    await open.page.getByText('The system has mounted Bay 2 again').waitFor();
  });

  test('can be ejected while the others are written', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });

    await open.page.getByRole('button', { name: 'Eject 2 finished drives' }).click();

    expect(open.main.asked('eject')).toEqual([[[bays[0]!.path, bays[1]!.path]]]);
    await expect.poll(() => open.page.getByRole('button', { name: /^Eject/ }).count()).toBe(0);
    // Switched off, it must still be taken out.
    await tile(1).getByText('Take it out', { exact: true }).waitFor();
    expect(await open.page.evaluate(() => document.activeElement?.textContent)).toBe('Job details');
  });
});
