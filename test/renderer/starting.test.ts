// Consent: what will be erased is in view, a press is not enough, and nothing starts by accident.
import { describe, expect, test } from 'vitest';
import type { Locator } from 'playwright-core';
import type { Plan } from '../../app/contract/jobs.ts';
import { HOLD_MS } from '../../app/view/consent.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { sourceCard } from './support/source.ts';
import { refuse, type WindowOptions } from './support/window.ts';

const open = oneWindow();
const disks = make.sticks(3);
const plain = make.plan(disks.map((disk) => make.endpoint(disk)));
const recognised = make.plan(
  disks.map((disk, i) =>
    make.endpoint(disk, {
      contents:
        i === 1 ? [{ kind: 'labelled', fileSystem: 'FAT', label: 'PHOTOS', path: '/dev/sdc1', size: 64e9 }] : [],
    }),
  ),
);

/** A window with a review of `plan`; starting it gives a job. */
async function reviewing(plan: Plan, options: WindowOptions = {}): Promise<void> {
  await open.start({ ...options, state: { disks, review: make.review(plan) } });
  open.main.jobToRun = make.job(plan, []);
}

/** The same, with the page's clock under the control of the test from then on. */
async function holding(plan: Plan, options: WindowOptions = {}): Promise<void> {
  await reviewing(plan, { ...options, alone: true });
  await open.page.clock.install({ time: 0 });
  await open.page.clock.pauseAt(60 * 60_000);
}

/** Lets this many milliseconds pass. */
const pass = (time: number): Promise<void> => open.page.clock.runFor(time);
const hold = () => open.page.getByRole('button', { name: /Hold to start|Keep holding/ });
/** The field for the word, in place of the button. */
async function wordField(): Promise<Locator> {
  await open.page.getByRole('button', { name: 'Type ERASE instead' }).click();
  return open.page.getByRole('textbox', { name: 'Type ERASE to start' });
}
const started = (): boolean => open.main.names().includes('start');

describe('the review', () => {
  test('shows model, size, serial and contents of what will be erased, and what will be new', async () => {
    await reviewing({
      ...recognised,
      destinations: [...recognised.destinations, make.imageEndpoint('/home/me/copy.img', 32e9)],
      notes: [
        { kind: 'buffered', path: '/a' },
        { kind: 'buffered', path: '/a' },
      ],
    });
    await open.page.getByRole('heading', { name: 'Erase 3 drives?' }).waitFor();
    const list = open.page.getByRole('list', { name: 'Will be erased' });
    expect(await list.getByRole('listitem').count()).toBe(3);
    const second = await list.getByRole('listitem').nth(1).innerText();
    for (const text of ['SanDisk Ultra Fit', '64 GB', 'sdc', disks[1]!.serial!, 'FAT · PHOTOS · 64 GB'])
      expect(second).toContain(text);
    expect(await list.getByRole('listitem').first().innerText()).toContain('No data found');
    expect(await list.locator('data').first().getAttribute('title')).toBe('64,023,257,088 bytes');
    await open.page.getByRole('list', { name: 'New image files' }).getByText('copy.img').first().waitFor();
    await open.page.getByText('does not support direct I/O').first().waitFor();
  });

  test('has the window to itself, and leaves the choice as it was for "Back"', async () => {
    await reviewing(recognised);
    const region = (name: string) => open.page.getByRole('region', { name });
    expect(await open.page.getByRole('checkbox').count()).toBe(0);
    for (const name of ['Source', 'Destinations']) expect(await region(name).count()).toBe(0);
    const width = await open.page.locator('.zone:visible').evaluateAll((all) => all.map((each) => each.clientWidth));
    expect(width).toEqual([1152]);
    await open.page.getByRole('button', { name: 'Back' }).click();
    for (const name of ['Source', 'Destinations', 'Job']) await region(name).waitFor();
  });

  test.each([
    [800, 600, 'en'],
    [1200, 800, 'de'],
  ] as const)('shows the word to type as a request, not as a value (%i x %i, %s)', async (width, height, language) => {
    await open.start({ state: { disks, language, review: make.review(recognised) }, width, height });
    const field = open.page.getByRole('textbox');
    expect(await field.getAttribute('placeholder')).toBeNull();
    await open.page.getByText(/Type ERASE to start\.|LÖSCHEN eintippen\./).waitFor();
    await open.picture(`review-${language}-${width}`);
  });

  test('names what is mounted and will be unmounted, and one consent covers it', async () => {
    const mounts = [
      { device: '/dev/sdb1', target: '/media/me/PHOTOS' },
      { device: '/dev/sdb2', target: '/media/me/MUSIC' },
    ];
    await reviewing({
      ...plain,
      destinations: plain.destinations.map((end, index) => (index === 0 ? { ...end, mounts } : end)),
    });
    for (const text of ['sdb1, mounted at /media/me/PHOTOS', 'sdb2, mounted at /media/me/MUSIC'])
      await open.page.getByText(text).waitFor();
    await open.page.getByText('These are mounted and are unmounted first:').waitFor();
    await open.picture('review-mounted-light');
    expect(await hold().isEnabled()).toBe(true);
  });

  test('gives the review up when a drive of it is unplugged', async () => {
    await reviewing(plain);
    await open.main.push({ disks: disks.slice(1) });
    await open.page.getByRole('button', { name: 'Review' }).waitFor();
    expect(open.main.names()).toEqual(['dismissReview']);
  });

  test('keeps the choice on "Back"', async () => {
    await reviewing(plain);
    await open.page.getByRole('button', { name: 'Back' }).click();
    await open.page.getByRole('button', { name: 'Review' }).waitFor();
    expect(await open.page.getByRole('checkbox', { checked: true }).count()).toBe(3);
  });

  test('keeps the review and its choice after a reload', async () => {
    await reviewing(plain);
    await open.page.reload();
    await open.page.getByRole('heading', { name: 'Erase 3 drives?' }).waitFor();
    await open.page.getByRole('button', { name: 'Back' }).click();
    expect(await open.page.getByRole('checkbox', { checked: true }).count()).toBe(3);
    await sourceCard(open.page, 'Image file /home/me/images/station-42.img').waitFor();
  });
});

describe('the held button', () => {
  test('starts once when the mouse holds the button for its time', async () => {
    await holding(plain);
    await hold().hover();
    await open.page.mouse.down();
    await open.picture('holding-light');
    await pass(HOLD_MS - 1);
    expect(started()).toBe(false);
    await pass(1);
    await open.page.getByRole('button', { name: 'Details of sdb' }).waitFor();
    await open.page.mouse.up();
    expect(open.main.names()).toEqual(['start']);
    expect(open.main.asked('start')).toEqual([['review']]);
  });

  test('starts nothing when the button is released early, left, or clicked, and says so', async () => {
    await holding(plain);
    await hold().click();
    await open.page.getByText('Not started.').waitFor();
    await hold().hover();
    await open.page.mouse.down();
    await pass(HOLD_MS - 1);
    await open.page.mouse.up();
    await open.page.mouse.down();
    await pass(HOLD_MS - 1);
    await open.page.mouse.move(10, 10);
    await pass(HOLD_MS);
    expect(started()).toBe(false);
    await open.page.mouse.up();
  });

  test.each(['Space', 'Enter'])('starts when %s is held, and not when it is released early', async (key) => {
    await holding(plain);
    await hold().focus();
    await open.page.keyboard.down(key);
    await pass(HOLD_MS - 1);
    await open.page.keyboard.up(key);
    await pass(HOLD_MS);
    expect(started()).toBe(false);
    await open.page.keyboard.down(key);
    await pass(HOLD_MS);
    await expect.poll(started).toBe(true);
    await open.page.keyboard.up(key);
  });

  test('releases the button when it loses the focus', async () => {
    await holding(plain);
    await hold().focus();
    await open.page.keyboard.down('Space');
    await pass(HOLD_MS - 1);
    await open.page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await pass(HOLD_MS);
    expect(started()).toBe(false);
  });

  test('does not take a hold as consent to a plan that changed under it', async () => {
    await holding(plain);
    await hold().hover();
    await open.page.mouse.down();
    await pass(HOLD_MS - 1);
    await open.main.push({
      review: make.review({ ...plain, destinations: plain.destinations.slice(0, 1) }, 'another'),
    });
    await pass(HOLD_MS);
    expect(started()).toBe(false);
    await open.page.mouse.up();
  });

  test('keeps the hold when the same plan is sent again because another drive was plugged in', async () => {
    await holding(plain);
    await hold().hover();
    await open.page.mouse.down();
    await pass(HOLD_MS - 1);
    await open.main.push({ disks: make.sticks(4) });
    await pass(1);
    await expect.poll(started).toBe(true);
    await open.page.mouse.up();
  });

  test('gives way to the typed word, which has the focus and starts as well', async () => {
    await reviewing(plain);
    expect(await open.page.getByRole('textbox').count()).toBe(0);
    const word = await wordField();
    expect(await hold().count()).toBe(0);
    expect(await word.evaluate((field) => field === document.activeElement)).toBe(true);
    await word.fill('ERAS');
    await word.press('Enter');
    expect(await open.page.getByRole('button', { name: 'Start', exact: true }).isDisabled()).toBe(true);
    expect(started()).toBe(false);
    await word.fill('ERASE');
    await word.press('Enter');
    await expect.poll(started).toBe(true);
  });

  test('gives way to the word when assistive technology presses it, and comes back on request', async () => {
    await reviewing(plain);
    await hold().evaluate((button: HTMLElement) => button.click());
    await open.page.getByRole('textbox', { name: 'Type ERASE to start' }).waitFor();
    await open.page.getByRole('button', { name: 'Hold a button instead' }).click();
    expect(await hold().evaluate((button) => button === document.activeElement)).toBe(true);
    expect(started()).toBe(false);
  });

  test('works without its animation when the user prefers reduced motion', async () => {
    await holding(plain, { reducedMotion: true });
    await hold().hover();
    await open.page.mouse.down();
    await open.page.getByText('Keep holding…').waitFor();
    await pass(HOLD_MS);
    await expect.poll(started).toBe(true);
    await open.page.mouse.up();
  });
});

describe('consent by more or less than holding', () => {
  test('asks for the word instead of the button when data is recognised', async () => {
    await reviewing(recognised);
    await open.page.getByText('This erases 1 drive with data. Type ERASE to start.').waitFor();
    expect(await hold().count()).toBe(0);
    await open.page.getByRole('textbox', { name: 'Type ERASE to start' }).fill('erase');
    expect(await open.page.getByRole('button', { name: 'Start', exact: true }).isDisabled()).toBe(true);
    await open.page.getByRole('textbox', { name: 'Type ERASE to start' }).fill('ERASE');
    await open.page.getByRole('button', { name: 'Start', exact: true }).click();
    await expect.poll(started).toBe(true);
  });

  test('starts by a plain button when all destinations are new images', async () => {
    await reviewing(make.plan([make.imageEndpoint('/home/me/a.img', 32e9)]));
    await open.page.getByRole('heading', { name: 'Write 1 new image?' }).waitFor();
    await open.page.getByRole('button', { name: 'Start' }).click();
    await expect.poll(started).toBe(true);
  });

  test('S10 starts nothing on a double click on Review: a plain start waits until the plan was read', async () => {
    await open.start({ state: { disks }, alone: true });
    await open.page.clock.install({ time: 0 });
    await open.page.clock.pauseAt(60 * 60_000);
    await open.main.push({ review: make.review(make.plan([make.imageEndpoint('/home/me/a.img', 32e9)])) });
    const button = open.page.getByRole('button', { name: 'Start' });
    await button.waitFor();
    await pass(HOLD_MS - 1);
    expect(await button.isDisabled()).toBe(true);
    await pass(1);
    await expect.poll(() => button.isEnabled()).toBe(true);
  });

  test('S10 reports a start without consent, and keeps the review', async () => {
    await reviewing(plain);
    open.main.started = refuse(
      make.failure('CONFIRM', { reason: { kind: 'notHeld' }, remedy: { kind: 'holdAgain', word: 'ERASE' } }),
    );
    const word = await wordField();
    await word.fill('ERASE');
    await word.press('Enter');
    await open.page
      .getByRole('alert')
      .getByText('Hold the button again until the job starts, or type ERASE.')
      .waitFor();
    open.main.started = { ok: true, value: null };
    await word.press('Enter');
    await open.page.getByRole('button', { name: 'Details of sdb' }).waitFor();
  });

  test('says why a start is refused', async () => {
    await reviewing(plain);
    open.main.started = refuse(
      make.failure('CHANGED', {
        device: '/dev/sdc',
        message: '/dev/sdc is not the drive it was.',
        advice: 'Choose it again.',
      }),
    );
    await (await wordField()).fill('ERASE');
    await open.page.keyboard.press('Enter');
    await open.page.getByRole('region', { name: 'Job' }).getByText('/dev/sdc is not the drive it was.').waitFor();
  });
});

describe.each(['light', 'dark'] as const)('pictures of consent, %s', (scheme) => {
  test('takes pictures of the held button and the typed word', async () => {
    await reviewing(plain, { scheme });
    await open.picture(`review-hold-${scheme}`);
    const eight = make.plan([
      ...make.sticks(8).map((disk, i) =>
        make.endpoint(disk, {
          contents:
            i === 1
              ? [
                  { kind: 'labelled', fileSystem: 'vfat', label: 'PHOTOS', path: '/dev/sdc1', size: 32e9 },
                  make.ext4('root', '/dev/sdc2'),
                ]
              : [],
        }),
      ),
      make.imageEndpoint('/home/me/copy.img', 31_914_983_424),
    ]);
    await open.main.push({ review: make.review(eight, 'another') });
    await open.picture(`review-word-${scheme}`);
  });
});
