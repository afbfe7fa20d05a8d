// A person's control of a running job and of its destinations, and the states of a destination.
import { describe, expect, test } from 'vitest';
import type { AppState, JobView } from '../../app/contract/window.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { drives, half, plan, running } from './support/running-job.ts';
import { refuse, type WindowOptions } from './support/window.ts';
import { changed } from '../requests.ts';

const open = oneWindow();

const show = (job: JobView, state: Partial<AppState> = {}, options: WindowOptions = {}): Promise<void> =>
  open.start({ ...options, state: { disks: drives, job, ...state } });
const button = (name: string) => open.page.getByRole('button', { name, exact: true });
const tile = (name: string) => open.page.getByRole('listitem').filter({ has: button(`Details of ${name}`) });

/** The tiles when the job, or one of them, is paused. */
const pausedAt = (...which: number[]): JobView => ({
  ...running,
  progress: {
    ...running.progress,
    destinations: running.progress.destinations.map((each, i) =>
      which.includes(i) ? { ...each, state: 'paused', paused: true, bytesPerSecond: 0, secondsLeft: null } : each,
    ),
  },
});

describe('the controls of the whole job', () => {
  test('pauses and continues the job, and the button says which', async () => {
    await show(running);
    await button('Pause').click();
    await expect.poll(() => open.main.asked('pause')).toEqual([[null, true]]);
    await open.main.push({ job: pausedAt(0, 1, 3) });
    await button('Continue').waitFor();
    await open.page
      .getByText('Paused: nothing is written')
      .or(open.page.getByText('Set sdd (hub 1 · 3) aside.'))
      .first()
      .waitFor();
    expect(await tile('sdb').locator('h2').innerText()).toBe('Paused');
    expect(await tile('sdb').locator('.figure').innerText()).toContain('50');
    expect(await tile('sdb').innerText()).not.toContain('MB/s');
    await open.picture('paused-light');
    await button('Continue').click();
    await expect
      .poll(() => open.main.asked('pause'))
      .toEqual([
        [null, true],
        [null, false],
      ]);
    await expect.poll(() => open.page.locator('[role=status][aria-live=polite]').innerText()).toBe('Paused.');
  });

  test('sets, changes and removes the speed limit beside the speed, and shows it below the bay', async () => {
    await show(running);
    expect(await open.page.getByRole('textbox').count()).toBe(0);
    await button('Job details').click();
    const field = open.page.getByRole('textbox', { name: 'Speed limit' });
    expect(await button('Set').isDisabled()).toBe(true);
    await field.fill('20');
    await open.main.push({ job: { ...running, progress: { ...running.progress, seconds: 301 } } });
    expect(await field.inputValue(), 'what is typed stays while the job goes on').toBe('20');
    await field.press('Enter');
    await expect.poll(() => open.main.asked('throttle')).toEqual([[null, 20_000_000]]);
    await open.main.push({ job: { ...running, throttle: 20_000_000 } });
    await expect.poll(() => button('Set').isDisabled()).toBe(true);
    expect(await field.inputValue()).toBe('20');
    await open.page.locator('footer').getByText('at most 20 MB/s').waitFor();
    for (const wrong of ['fast', '0', '-5']) {
      await field.fill(wrong);
      expect(await button('Set').isDisabled()).toBe(true);
      expect(await field.getAttribute('aria-invalid')).toBe('true');
    }
    await field.fill('');
    await button('Set').click();
    await expect.poll(() => open.main.asked('throttle').at(-1)).toEqual([null, null]);
  });

  test('shows a refused command until the next one', async () => {
    await show(running);
    open.main.controlled = refuse(make.failure('BAD_ARGUMENT', { message: 'It has just ended.' }));
    await button('Pause').click();
    await open.page.getByRole('alert').getByText('It has just ended.').waitFor();
    open.main.controlled = { ok: true, value: null };
    await button('Pause').click();
    await open.page.getByText('It has just ended.').waitFor({ state: 'detached' });
  });
});

describe('the controls of one destination', () => {
  test('pauses and continues one destination from its details', async () => {
    await show(running);
    await button('Details of sdc').click();
    const drawer = open.page.getByRole('dialog', { name: 'sdc' });
    await drawer.getByText('50 % · 31 MB/s · 4 min left').waitFor();
    await drawer.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => open.main.asked('pause')).toEqual([[1, true]]);
    await open.main.push({ job: pausedAt(1) });
    await drawer.getByRole('button', { name: 'Continue' }).waitFor();
    await open.picture('details-paused-light');
    await drawer.getByRole('button', { name: 'Continue' }).click();
    await expect.poll(() => open.main.asked('pause').at(-1)).toEqual([1, false]);
  });

  test('limits one destination, and not the tile beside it', async () => {
    await show({ ...running, throttle: 90e6, destinationThrottles: [null, 20e6, null, null] });
    await button('Details of sdc').click();
    const drawer = open.page.getByRole('dialog', { name: 'sdc' });
    const field = drawer.getByRole('textbox', { name: 'Speed limit' });
    expect(await field.inputValue()).toBe('20');
    await field.fill('5.5');
    await field.press('Enter');
    await expect.poll(() => open.main.asked('throttle')).toEqual([[1, 5_500_000]]);
    await open.page.keyboard.press('Escape');
    await button('Details of sdb').click();
    expect(
      await open.page.getByRole('dialog', { name: 'sdb' }).getByRole('textbox', { name: 'Speed limit' }).inputValue(),
    ).toBe('');
    await open.page.keyboard.press('Escape');
    await button('Details of sdd').click();
    await open.page.getByRole('dialog', { name: 'sdd' }).waitFor();
    expect(
      await open.page.getByRole('dialog').getByRole('textbox').count(),
      'a drive that failed has nothing to limit',
    ).toBe(0);
  });

  test('stops one destination after a question, and the others go on', async () => {
    await show(running);
    await button('Details of sdc').click();
    const drawer = open.page.getByRole('dialog', { name: 'sdc' });
    await drawer.getByRole('button', { name: 'Cancel' }).click();
    await drawer.getByText('It is unusable until it is continued.').waitFor();
    expect(await open.page.evaluate(() => document.activeElement?.textContent)).toBe('Keep going');
    await drawer.getByRole('button', { name: 'Keep going' }).click();
    expect(await open.page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel');
    expect(open.main.asked('cancel')).toEqual([]);
    await drawer.getByRole('button', { name: 'Cancel' }).click();
    await drawer.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => open.main.asked('cancel')).toEqual([[1]]);
    expect(await button('Cancelling…').count()).toBe(0);
  });

  test('retries a failed destination', async () => {
    await show(running);
    await button('Details of sdd').click();
    const drawer = open.page.getByRole('dialog', { name: 'sdd' });
    open.main.controlled = refuse(
      make.failure('CHANGED', { device: '/dev/sdd', message: '/dev/sdd is another drive now.' }),
    );
    await drawer.getByRole('button', { name: 'Try again' }).click();
    await drawer.getByText('/dev/sdd is another drive now.').waitFor();
    await open.picture('details-retry-light');
    open.main.controlled = { ok: true, value: null };
    await drawer.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => open.main.asked('retry')).toEqual([[2], [2]]);
    await drawer.getByText('/dev/sdd is another drive now.').waitFor({ state: 'detached' });
  });

  test('offers to continue a destination that was cancelled, because what is on it stays', async () => {
    await show(make.job(plan, [half, { state: 'cancelled', written: plan.bytes / 4 }, half, half]));
    await button('Details of sdc').click();
    const drawer = open.page.getByRole('dialog', { name: 'sdc' });
    await drawer.getByRole('button', { name: 'Continue' }).click({ timeout: 5000 });
    await expect.poll(() => open.main.asked('retry')).toEqual([[1]]);
  });

  test('says that a destination starts again until it has, and asks for it once', async () => {
    await show(running);
    await button('Details of sdd').click();
    const drawer = open.page.getByRole('dialog', { name: 'sdd' });
    let begin: () => void = () => undefined;
    open.main.beforeRetry = new Promise((resolve) => (begin = resolve));
    await drawer.getByRole('button', { name: 'Try again' }).click();
    await drawer.getByRole('button', { name: 'Restarting…' }).click();
    const word = open.page.locator('.tile', { hasText: 'sdd' }).locator('h2');
    expect(await word.innerText()).toBe('Restarting…');
    expect(open.main.asked('retry')).toEqual([[2]]);
    begin();
    await drawer.getByRole('button', { name: 'Try again' }).waitFor();
    expect(await word.innerText()).toBe('Failed');
  });

  test('offers nothing for a destination once the job is being cancelled', async () => {
    await show({ ...running, phase: 'cancelling' });
    await button('Details of sdc').click();
    const drawer = open.page.getByRole('dialog', { name: 'sdc' });
    await drawer.waitFor();
    expect(await drawer.getByRole('button').allInnerTexts()).toEqual(['Close']);
  });
});

describe('states of a destination', () => {
  const eight = make.plan(make.sticks(8).map((disk) => make.endpoint(disk)));
  const every = make.job(eight, [
    { state: 'comparing', toWrite: 0, verified: eight.bytes * 0.3, bytesPerSecond: 180e6, secondsLeft: 120 },
    {
      state: 'repairing',
      toWrite: eight.bytes / 100,
      written: eight.bytes / 150,
      bytesPerSecond: 20e6,
      secondsLeft: 10,
    },
    { state: 'paused', paused: true, written: eight.bytes * 0.41 },
    { state: 'stalled', written: eight.bytes * 0.62 },
    { written: eight.bytes * 0.5, bytesPerSecond: 31e6, secondsLeft: 200 },
    { state: 'waiting' },
    { state: 'cancelled' },
    { state: 'done', written: eight.bytes, verified: eight.bytes },
  ]);

  test.each(['light', 'dark'] as const)(
    'shows comparing, repairing, paused and stalled each by a word and a shape (%s)',
    async (scheme) => {
      await show(every, {}, { scheme });
      const seen = await open.page.locator('.tile').evaluateAll((all) =>
        all.map((each) => ({
          word: each.querySelector('h2')?.textContent,
          shape: each.querySelector('svg[data-glyph]')?.innerHTML.replace(/\sclass="[^"]*"|<!---->/g, ''),
        })),
      );
      expect(seen.map(({ word }) => word)).toEqual([
        'Comparing',
        'Repairing',
        'Paused',
        'No answer',
        'Copying',
        'Waiting',
        'Cancelled',
        'Verified',
      ]);
      expect(new Set(seen.map(({ shape }) => shape)).size).toBe(8);
      await open.page.getByText('sde (hub 1 · 4) does not answer: check cable and port.').waitFor();
      await open.picture(`states-${scheme}`);
    },
  );

  test('reports what was there already when the job ends', async () => {
    const updated = make.plan(plan.destinations, { request: changed(plan.request, { update: true }) });
    await show(
      make.job(updated, [], {
        phase: 'ended',
        result: make.result(
          updated,
          updated.destinations.map((_, i) =>
            make.end(updated, i, i === 0 ? {} : { written: 10_200_000, kept: plan.bytes - 10_200_000 }),
          ),
          { notes: [{ kind: 'sourceChanged', count: 3, size: 3e6 }] },
        ),
      }),
    );
    await open.page.getByRole('button', { name: 'Job details' }).click();
    await open.page.getByText('3 chunks (3 MB) of the source changed').waitFor();
    await open.page.keyboard.press('Escape');
    expect(await tile('sdc').innerText()).toContain('31.9 GB already there');
    expect(await tile('sdb').innerText()).not.toContain('already there');
    await open.picture('kept-light');
    await button('Details of sdc').click();
    await open.page.getByRole('dialog').getByText('not written again').waitFor();
  });
});
