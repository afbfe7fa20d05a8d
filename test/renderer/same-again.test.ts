// "Same again": another batch of an ended job, with the drives that come after it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../app/contract/disks.ts';
import type { DestinationResult, Plan } from '../../app/contract/jobs.ts';
import type { JobView } from '../../app/contract/window.ts';
import { changed } from '../requests.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import type { WindowOptions } from './support/window.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const open = oneWindow();

const old = make.sticks(3);
const planOf = (disks: readonly Disk[], more: Partial<Plan> = {}): Plan =>
  make.plan(
    disks.map((disk) => make.endpoint(disk)),
    { name: 'Room 12', ...more },
  );
const ended = (plan: Plan, more: Partial<Record<number, Partial<DestinationResult>>> = {}): JobView =>
  make.job(plan, [], {
    phase: 'ended',
    result: make.result(
      plan,
      plan.destinations.map((_, index) => make.end(plan, index, more[index] ?? {})),
    ),
  });
/** The second of the three drives failed. */
const partly = (plan: Plan): JobView => ended(plan, { 1: { state: 'failed', verified: null } });
/** A drive that is plugged in where another was. */
const next = (at: Disk, more: Partial<Disk> = {}): Disk => ({ ...at, serial: `NEXT-${at.path}`, ...more });

const again = () => open.page.getByRole('button', { name: 'Same again' });
const waiting = () => open.page.getByRole('region', { name: /^Batch \d/u });
const row = (path: string) => open.page.getByRole('checkbox', { name: new RegExp(`, ${path}$`, 'u') });
const chosen = () =>
  open.page
    .getByRole('checkbox', { checked: true })
    .evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')?.split(', ').at(-1)));
const start = (job: JobView, options: WindowOptions = {}): Promise<void> =>
  open.start({ ...options, state: { disks: old, ...options.state, job } });

describe('another batch of an ended job', () => {
  test('keeps source and options, counts the name up, and chooses the drives that come, and only those', async () => {
    await start(partly(planOf(old)));
    await again().click();
    await waiting().getByRole('heading', { name: 'Batch 2: waiting for new drives' }).waitFor();
    expect(open.main.names()).toEqual(['dismissJob']);
    expect(await chosen()).toEqual([]);
    expect(await open.page.getByRole('textbox', { name: /name/iu }).first().inputValue()).toBe('Room 12 (2)');
    await row('/dev/sdb').getByText('Done in batch 1').waitFor();
    await row('/dev/sdc').getByText('Not completed in batch 1').waitFor();

    const fixed = make.disk('/dev/sdq', { removable: false, transport: 'sata' });
    const locked = make.disk('/dev/sdr', { locked: { code: 'READ_ONLY', reason: { kind: 'writeProtected' } } });
    const fresh = make.disk('/dev/sdm');
    // The first drive is replaced in its socket, and the third is plugged in elsewhere.
    const moved = { ...old[2]!, path: '/dev/sdz', majorMinor: '8:99' };
    await open.main.push({ disks: [next(old[0]!), moved, old[1]!, fresh, fixed, locked] });
    await waiting().getByRole('heading', { name: 'Batch 2: 2 drives are ready' }).waitFor();
    expect(await chosen()).toEqual(['/dev/sdb', '/dev/sdm']);
    await row('/dev/sdz').getByText('Done in batch 1').waitFor();

    // What the user drops stays dropped, and "select all" leaves the drives of the last batch alone.
    await row('/dev/sdm').click();
    await open.page.getByRole('button', { name: 'Select all (2)' }).waitFor();
    await open.main.push({ disks: [next(old[0]!), moved, old[1]!, fresh, next(old[2]!)] });
    await expect.poll(chosen).toEqual(['/dev/sdb', '/dev/sdd']);
    await open.page.getByRole('button', { name: 'Review', exact: true }).click();
    await expect
      .poll(() => open.main.lastRequest())
      .toMatchObject({
        source: '/home/me/images/station-42.img',
        name: 'Room 12 (2)',
        destinations: ['/dev/sdb', '/dev/sdd'],
      });
  });

  test('says which batch it is, and counts on', async () => {
    await start(ended(planOf(old)));
    await again().click();
    const second = old.map((disk) => next(disk));
    await open.main.push({ disks: second });
    await expect.poll(chosen).toHaveLength(3);
    const plan = planOf(second, { name: 'Room 12 (2)' });
    const running = make.job(plan, make.midway(plan), { startedAt: 1_700_000_900_000 });
    await open.main.push({ job: running });
    await open.page.getByText('Batch 2', { exact: true }).waitFor();
    await open.main.push({ job: { ...ended(plan), startedAt: running.startedAt } });
    expect(await open.page.locator('header h2').getAttribute('aria-label')).toMatch(/^Batch 2: 3 verified/u);
    await again().click();
    await waiting().getByRole('heading', { name: 'Batch 3: waiting for new drives' }).waitFor();
    // Drives of either batch are known.
    await open.main.push({ disks: [old[0]!, second[1]!] });
    await row('/dev/sdb').getByText('Done in batch 1').waitFor();
    await row('/dev/sdc').getByText('Done in batch 2').waitFor();
    expect(await chosen()).toEqual([]);
  });

  test('tells drives without a serial number apart by having been taken out', async () => {
    const bare = old.map((disk) => ({ ...disk, serial: null }));
    await start(ended(planOf(bare)), { state: { disks: bare } });
    // One is replaced before the button is pressed. The next one looks the same.
    await open.main.push({ disks: bare.slice(1) });
    await open.main.push({ disks: bare });
    await again().click();
    await expect.poll(chosen).toEqual(['/dev/sdb']);
    await open.main.push({ disks: bare.slice(0, 2) });
    await open.main.push({ disks: bare });
    await expect.poll(chosen).toEqual(['/dev/sdb', '/dev/sdd']);
    await row('/dev/sdc').getByText('Done in batch 1').waitFor();
  });

  test('chooses nothing while a review is open, and everything that came when it is left', async () => {
    await start(ended(planOf(old)));
    await again().click();
    await open.main.push({ disks: [next(old[0]!)] });
    await expect.poll(chosen).toEqual(['/dev/sdb']);
    await open.main.push({ review: { id: 'review 1', plan: planOf([next(old[0]!)]) } });
    await open.page.getByRole('button', { name: 'Back' }).waitFor();
    await open.main.push({ disks: [next(old[0]!), next(old[1]!)] });
    expect(open.main.asked('dismissReview')).toEqual([]);
    await open.page.getByRole('button', { name: 'Back' }).click();
    await expect.poll(chosen).toEqual(['/dev/sdb', '/dev/sdc']);
  });

  test('stops waiting on request: nothing more is chosen, and the name of the batch goes', async () => {
    await start(ended(planOf(old)));
    await again().click();
    await open.page.getByRole('button', { name: 'Stop waiting' }).click();
    await waiting().waitFor({ state: 'detached' });
    await open.main.push({ disks: [next(old[0]!)] });
    await row('/dev/sdb').waitFor();
    expect(await chosen()).toEqual([]);
    expect(await open.page.getByText(/^Done in batch/u).count()).toBe(0);
    expect(await open.page.getByRole('textbox', { name: /name/iu }).first().inputValue()).toBe('');
  });
});

describe('what an ended job offers next', () => {
  const plan = planOf(old);
  test.each<[string, JobView, boolean]>([
    ['a copy that went well', ended(plan), true],
    ['a copy that went well in part', partly(plan), true],
    ['a copy that failed everywhere', ended(plan, { 0: bad(), 1: bad(), 2: bad() }), false],
    ['a check', ended({ ...plan, kind: 'verify' }), false],
    ['a repair', ended({ ...plan, kind: 'repair' }), false],
    ['a continued job', ended({ ...plan, kind: 'resume' }), false],
    ['a rescue', ended({ ...plan, request: changed(plan.request, { rescue: { retries: 1, map: null } }) }), false],
    ['a job whose engine broke down', make.broken(make.job(plan, make.midway(plan))), false],
    ['a copy to a file', ended(make.plan([make.imageEndpoint('/x/copy.img', 31e9)])), false],
  ])('decides about the same again after %s', async (_what, job, isOffered) => {
    await start(job);
    await open.page.getByRole('button', { name: 'New job' }).waitFor();
    expect(await again().count()).toBe(isOffered ? 1 : 0);
    expect(await open.page.locator('button.primary').allInnerTexts()).toEqual([isOffered ? 'Same again' : 'New job']);
  });
});

describe('the screen that waits for drives', () => {
  test.each([
    [800, 600, 'light', 'en'],
    [1280, 800, 'dark', 'de'],
    [1920, 1080, 'light', 'en'],
  ] as const)('fits a window of %i x %i (%s, %s) and is accessible', async (width, height, scheme, language) => {
    await start(partly(planOf(old)), { width, height, scheme, state: { language } });
    await open.page.locator('button.again').click();
    const strip = open.page.locator('section', { has: open.page.locator('#next-batch-heading') });
    await strip.waitFor();
    expect(await open.page.evaluate(() => document.activeElement?.id)).toBe('next-batch-heading');
    await open.picture(`next-batch-waiting-${width}`);
    await open.main.push({ disks: [next(old[0]!), old[1]!, old[2]!] });
    await open.page.getByRole('checkbox', { checked: true }).waitFor();
    await open.page.evaluate(axeSource);
    const { violations } = await open.page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
    expect(violations.map(({ id }) => id)).toEqual([]);
    expect(
      await open.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    ).toBe(0);
    await open.picture(`next-batch-${width}`);
  });
});

function bad(): Partial<DestinationResult> {
  return { state: 'failed', verified: null };
}
