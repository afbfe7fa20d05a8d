// A rescue in the window, and an interrupted job: what the window says, and how it is continued or forgotten.
import { describe, expect, test } from 'vitest';
import type { AppState, JobView } from '../../app/contract/window.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { drives, plan, half } from './support/running-job.ts';
import { refuse, type WindowOptions } from './support/window.ts';
import { changed } from '../requests.ts';

const open = oneWindow();

const show = (job: JobView, state: Partial<AppState> = {}, options: WindowOptions = {}): Promise<void> =>
  open.start({ ...options, state: { disks: drives, job, ...state } });
const button = (name: string) => open.page.getByRole('button', { name, exact: true });
const tile = (name: string) => open.page.getByRole('listitem').filter({ has: button(`Details of ${name}`) });

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
      expect(await section.innerText()).toContain('40 % of 31.9 GB each written');
      expect(await section.getByText('old.img').count()).toBe(0);
      await open.picture(`interrupted-${scheme}`);
      await section.getByRole('button', { name: 'Show 1 more' }).click();
      await section.getByText('its log is damaged').waitFor();
      await open.picture(`interrupted-all-${scheme}`);
      await open.page.setViewportSize({ width: 720, height: 480 });
      await open.picture(`interrupted-small-${scheme}`);
    },
  );

  test('does not claim 100 % beside a drive that is not done', async () => {
    const destinations = left.destinations.map((end, index) => ({ ...end, durable: left.bytes, finished: index > 0 }));
    await open.start({ state: { disks: drives, interrupted: [{ ...left, destinations }] } });
    const section = open.page.getByRole('region', { name: 'Interrupted' });
    expect(await section.innerText()).toContain('3 of 4 done; the rest is written');
    expect(await section.innerText()).not.toContain('100');
  });

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
      .getByRole('region', { name: 'Job' })
      .getByText('/dev/sdc does not hold what was copied to it.')
      .waitFor();
  });

  test('forgets an interrupted job after a question', async () => {
    await choosing();
    await open.page.getByRole('button', { name: 'Discard station-42.img to 4 destinations' }).click();
    await open.page.getByRole('button', { name: 'Keep it' }).click();
    expect(open.main.asked('forget')).toEqual([]);
    await open.page.getByRole('button', { name: 'Discard station-42.img to 4 destinations' }).click();
    await open.page.getByRole('button', { name: 'Discard it' }).click();
    await expect.poll(() => open.main.asked('forget')).toEqual([[left.id]]);
    await open.page.getByText('its log is damaged').waitFor();
    const focused = (): Promise<string | undefined> =>
      open.page.evaluate(() => document.activeElement?.textContent ?? undefined);
    await expect.poll(focused).toBe('Interrupted');
    await open.page.getByRole('button', { name: /^Discard/ }).click();
    await open.page.getByRole('button', { name: 'Discard it' }).click();
    await expect.poll(focused).toBe('Source'); // the list disappeared with the last job
  });

  test('names the incomplete image that stays before it forgets a job', async () => {
    const job = make.interrupted(['/home/me/copy.img.zst']);
    const [end] = job.destinations;
    job.destinations = [{ ...end!, part: '/home/me/copy.img.zst.part' }];
    await open.start({ state: { disks: drives, interrupted: [job] } });

    await open.page.getByRole('button', { name: /^Discard/ }).click();

    await open.page.getByText('/home/me/copy.img.zst.part stays, incomplete.').waitFor();
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
