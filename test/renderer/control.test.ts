// A person's control of a running job, and of an interrupted one.
import { describe, expect, test } from 'vitest';
import type { DestinationProgress } from '../../app/contract/jobs.ts';
import type { AppState, JobView } from '../../app/contract/window.ts';
import * as make from './fixtures.ts';
import { oneWindow } from './one-window.ts';
import { refuse, type WindowOptions } from './window.ts';
import { changed } from '../requests.ts';

const open = oneWindow();

const drives = make.sticks(4);
const plan = make.plan(drives.map((disk) => make.endpoint(disk)));
const half: Partial<DestinationProgress> = { written: plan.bytes / 2, bytesPerSecond: 31.4e6, secondsLeft: 240 };
const running = make.job(plan, [half, half, { state: 'failed', written: plan.bytes / 4 }, half], {
  errors: [make.writeError(2, '/dev/sdd')],
});

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
    await open.page.getByText('Paused: nothing is written').or(open.page.getByText('Set sdd aside.')).first().waitFor();
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

  test('sets, changes and removes the speed limit in place', async () => {
    await show(running);
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
        'Stalled',
        'Copying',
        'Waiting',
        'Cancelled',
        'Verified',
      ]);
      expect(new Set(seen.map(({ shape }) => shape)).size).toBe(8);
      await open.page.getByText('sde does not answer: check cable and port.').waitFor();
      await open.picture(`states-${scheme}`);
    },
  );

  test('says at the end what was there already', async () => {
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
    await open.page.getByText('3 chunks (3 MB) of the source changed').waitFor();
    expect(await tile('sdc').innerText()).toContain('31.9 GB already there');
    expect(await tile('sdb').innerText()).not.toContain('already there');
    await open.picture('kept-light');
    await button('Details of sdc').click();
    await open.page.getByRole('dialog').getByText('not written again').waitFor();
  });
});

describe('a rescue in the window', () => {
  const rescue = make.plan(plan.destinations, {
    request: changed(plan.request, { rescue: { retries: 1, map: null } }),
  });
  const hole = (offset: number) =>
    make.writeError(0, '/dev/sdx', {
      side: 'read',
      op: 'read',
      destination: null,
      offset,
      length: 512,
      message: 'It could not be read.',
    });

  test('says what a rescue does and what it got, and shows its holes after one click', async () => {
    const job = make.job(rescue, [half, half, half, half], { errors: [hole(1_048_576), hole(5_242_880)] });
    await show({
      ...job,
      progress: {
        ...job.progress,
        rescue: { pass: 'scraping', retry: 0, rescued: 12.4e9, bad: 1024, left: 3.1e6, waiting: [] },
      },
    });
    const strip = open.page.getByRole('region', { name: 'Rescue' });
    for (const part of ['sector by sector', '12.4 GB', '1.02 kB', '3.1 MB'])
      expect(await strip.innerText()).toContain(part);
    expect(await open.page.getByRole('alert').count()).toBe(0);
    await strip.getByRole('button', { name: '2 unreadable places' }).click();
    await strip.getByText('1.05 MB (byte 1,048,576, sector 2,048), 512 bytes').waitFor();
    await open.picture('rescue-light');
  });

  test('says what a retried destination of a rescue waits for, and how much is left', async () => {
    const job = make.job(rescue, [half, { state: 'waiting' }, half, half]);
    const now = (pass: 'copying' | 'retrying') => ({
      ...job,
      progress: {
        ...job.progress,
        rescue: { pass, retry: 1, rescued: 12.4e9, bad: 24_576, left: 3.1e6, waiting: [1] },
      },
    });
    await show(now('copying'));
    await tile('sdc').getByText('3.1 MB of the source are still to be read.').waitFor();
    await open.main.push({ job: now('retrying') });
    await tile('sdc').getByText('Bad sectors are tried again: 24.6 kB left.').waitFor();
    expect(await open.page.getByText('Bad sectors are tried again').count()).toBe(1);
    await open.picture('rescue-waits-light');
    await button('Details of sdc').click();
    await open.page.getByRole('dialog', { name: 'sdc' }).getByText('then copies it from one of them').waitFor();
  });

  test('shows the end of a rescue', async () => {
    await show(
      make.job(rescue, [], {
        phase: 'ended',
        result: make.result(
          rescue,
          rescue.destinations.map((_, i) => make.end(rescue, i)),
          { readErr: 1, errors: [hole(0)], rescue: { rescued: 31.9e9, bad: 512 } },
        ),
      }),
      {},
      { scheme: 'dark' },
    );
    await open.page.getByText('512 bytes could not be read and are zeros on every destination.').waitFor();
    await open.picture('rescue-ended-dark');
  });
});

describe('an interrupted job in the window', () => {
  const left = make.interrupted(drives.map(({ path }) => path));
  const older = make.interrupted(['/dev/sdb'], {
    id: '20261101-101010-ffffff',
    startedAt: new Date(2026, 10, 1, 10, 10).getTime(),
    source: '/home/me/old.img',
    damaged: true,
  });
  const choosing = (options: WindowOptions = {}): Promise<void> =>
    open.start({ ...options, state: { disks: drives, interrupted: [left, older] } });

  test.each(['light', 'dark'] as const)(
    'offers an interrupted job with what, when and how far, and older ones on request (%s)',
    async (scheme) => {
      await choosing({ scheme });
      const section = open.page.getByRole('region', { name: 'Interrupted' });
      expect(await section.innerText()).toMatch(/station-42\.img to 4 destinations/);
      expect(await section.innerText()).toContain('40 % of 31.9 GB each is written');
      expect(await section.getByText('old.img').count()).toBe(0);
      await open.picture(`interrupted-${scheme}`);
      await section.getByRole('button', { name: 'Show 1 more' }).click();
      await section.getByText('its log is damaged').waitFor();
      await open.picture(`interrupted-all-${scheme}`);
      await open.page.setViewportSize({ width: 720, height: 480 });
      await open.picture(`interrupted-small-${scheme}`);
    },
  );

  test('requests the rest of an interrupted job, and the review says what is there', async () => {
    await choosing();
    const of = make.resumePlan(plan.destinations.map((end) => ({ ...end, contents: [make.ext4('root')] })));
    open.main.reviewed = { ok: true, value: of };
    open.main.jobToRun = make.job(of, []);
    await open.page.getByRole('button', { name: 'Continue station-42.img to 4 destinations' }).click();
    await open.page.getByRole('heading', { name: 'Continue 4 copies?' }).waitFor();
    expect(open.main.lastRequest()).toMatchObject({ kind: 'resume', source: null, destinations: [], job: left.id });
    const list = open.page.getByRole('list', { name: 'Will be finished' });
    await list.getByText('40 % of the copy is there').first().waitFor();
    expect(await open.page.getByRole('region', { name: 'Continue' }).getByText('Erase').count()).toBe(0);
    await open.picture('resume-light');
    await open.page.getByRole('button', { name: 'Hold to start' }).hover();
    await open.page.mouse.down();
    await button('Details of sdb').waitFor();
    await open.page.mouse.up();
    expect(open.main.names()).toEqual(['review', 'start']);
  });

  test('refuses with its reason an interrupted job whose drive has changed', async () => {
    await choosing();
    open.main.reviewed = refuse(
      make.failure('CHANGED', { device: '/dev/sdc', message: '/dev/sdc does not hold what was copied to it.' }),
    );
    await open.page.getByRole('button', { name: 'Continue station-42.img to 4 destinations' }).click();
    await open.page
      .getByRole('region', { name: 'Action' })
      .getByText('/dev/sdc does not hold what was copied to it.')
      .waitFor();
  });

  test('forgets an interrupted job after a question', async () => {
    await choosing();
    await open.page.getByRole('button', { name: 'Forget station-42.img to 4 destinations' }).click();
    await open.page.getByRole('button', { name: 'Keep it' }).click();
    expect(open.main.asked('forget')).toEqual([]);
    await open.page.getByRole('button', { name: 'Forget station-42.img to 4 destinations' }).click();
    await open.page.getByRole('button', { name: 'Forget it' }).click();
    await expect.poll(() => open.main.asked('forget')).toEqual([[left.id]]);
    await open.page.getByText('its log is damaged').waitFor();
    const focused = (): Promise<string | undefined> =>
      open.page.evaluate(() => document.activeElement?.textContent ?? undefined);
    await expect.poll(focused).toBe('Interrupted');
    await open.page.getByRole('button', { name: /^Forget/ }).click();
    await open.page.getByRole('button', { name: 'Forget it' }).click();
    await expect.poll(focused).toBe('Source'); // the list disappeared with the last job
  });

  test('continues an ended job from where it ended', async () => {
    const ended = make.job(plan, [], {
      phase: 'ended',
      result: make.result(
        plan,
        plan.destinations.map((_, i) => make.end(plan, i, i === 0 ? {} : { state: 'cancelled', verified: null })),
      ),
    });
    await show(ended, { interrupted: [older] });
    await button('New job').waitFor();
    expect(await button('Continue').count()).toBe(0);
    await open.main.push({ interrupted: [left, older] });
    open.main.reviewed = { ok: true, value: make.resumePlan(plan.destinations.slice(1)) };
    await button('Continue').click();
    await open.page.getByRole('heading', { name: 'Continue 3 copies?' }).waitFor();
    expect(open.main.names()).toEqual(['dismissJob', 'review']);
    expect(open.main.lastRequest()?.job).toBe(left.id);
  });

  test('restores no choice when the review of an interrupted job is reloaded', async () => {
    await open.start({
      state: { disks: drives, review: make.review(make.resumePlan(plan.destinations)), interrupted: [left] },
    });
    await open.page.getByRole('heading', { name: 'Continue 4 copies?' }).waitFor();
    expect(await open.page.getByRole('checkbox', { checked: true }).count()).toBe(0);
    await button('Back').click();
    await open.page.getByRole('region', { name: 'Interrupted' }).waitFor();
  });
});

describe('the options', () => {
  const choose = async (): Promise<void> => {
    await open.page.getByRole('radio', { name: '/dev/sdb' }).click();
    await open.page.getByRole('checkbox', { name: '/dev/sdc' }).click();
    await button('More options').click();
  };
  const option = (name: string) => open.page.getByRole('switch', { name });

  test.each(['light', 'dark'] as const)(
    'hides the options behind one word that says what is on (%s)',
    async (scheme) => {
      await open.start({ state: { disks: drives }, scheme });
      await choose();
      await option('Only what differs').click();
      await open.page.getByRole('textbox', { name: 'Speed limit' }).fill('20');
      await open.picture(`options-${scheme}`);
      await open.page.setViewportSize({ width: 720, height: 480 });
      await open.picture(`options-small-${scheme}`);
      await button('Fewer options').click();
      await open.page.getByText('only what differs and at most 20 MB/s').waitFor();
      await button('Review').click();
      await expect
        .poll(() => open.main.lastRequest())
        .toMatchObject({ update: true, rescue: null, keepGoing: false, throttle: 20_000_000, verify: true });
    },
  );

  test('excludes a rescue and an update from each other, in the request and the command line too', async () => {
    await open.start({ state: { disks: drives } });
    await choose();
    await option('Only what differs').click();
    await option('Skip unreadable sectors').click();
    await option('Skip write errors').click();
    expect(await option('Only what differs').isChecked()).toBe(false);
    await button('Command line').click();
    await open.page.getByText('platter copy --keep-going --rescue --retries 1 /dev/sdb /dev/sdc').waitFor();
    await button('Review').click();
    await expect
      .poll(() => open.main.lastRequest())
      .toMatchObject({ update: false, rescue: { retries: 1, map: null }, keepGoing: true });
  });

  test('reports an invalid limit, and allows no review', async () => {
    await open.start({ state: { disks: drives } });
    await choose();
    await open.page.getByRole('textbox', { name: 'Speed limit' }).fill('fast');
    await open.page.getByText('The speed limit is not a number of MB/s.').waitFor();
    expect(await button('Review').isDisabled()).toBe(true);
  });

  test('says that an update overwrites what differs', async () => {
    await open.start({
      state: {
        disks: drives,
        review: make.review(make.plan([plan.destinations[1]!], { request: changed(plan.request, { update: true }) })),
      },
    });
    await open.page.getByRole('heading', { name: 'Overwrite what differs on 1 drive?' }).waitFor();
    await open.page.getByRole('list', { name: 'Will be overwritten where it differs' }).waitFor();
    await button('Back').click();
    await open.page.getByText('only what differs', { exact: true }).waitFor();
  });
});
