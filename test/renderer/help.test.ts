// The bar above every screen, its help, and the keyboard shortcuts.
import { describe, expect, test } from 'vitest';
import { actionOf, ariaKeys } from '../../renderer/shortcuts.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';

const open = oneWindow();
const disks = [make.systemDisk, ...make.sticks(3)];
const held = make.plan(make.sticks(2).map((disk) => make.endpoint(disk)));
const typed = make.plan(make.sticks(2).map((disk) => make.endpoint(disk, { contents: [make.ext4('root')] })));
const running = make.job(held, make.midway(held));
const button = (name: string) => open.page.getByRole('button', { name, exact: true });
const drawer = (name: string) => open.page.getByRole('dialog', { name });

async function choose(): Promise<void> {
  const { page, main } = open;
  main.image = '/images/disk.img';
  await page.keyboard.press('Control+o');
  await page.getByText('disk.img').first().waitFor();
  await page.getByRole('checkbox', { disabled: false }).first().click();
}

describe('the bar', () => {
  test.each([
    ['before a job', { disks }],
    ['above a review', { disks, review: make.review(held) }],
    ['above a job', { disks, job: running }],
  ])('has the name and three buttons %s', async (_name, state) => {
    await open.start({ state });
    expect(await open.page.getByRole('heading', { level: 1 }).textContent()).toBe('Platter');
    for (const name of ['History', 'Settings', 'Help']) expect(await button(name).isVisible()).toBe(true);
  });

  test('keeps the names of its buttons, and their titles, when only icons fit', async () => {
    await open.start({ state: { disks }, width: 800, height: 600 });
    const help = button('Help');
    expect(await help.getAttribute('title')).toBe('Help');
    expect((await help.boundingBox())?.width).toBe(48);
  });
});

describe('the help', () => {
  test('opens with F1, and names the versions and every shortcut', async () => {
    await open.start({ state: { disks } });
    await open.page.keyboard.press('F1');
    await drawer('Help').getByText('Platter 0.1.0').waitFor();
    await drawer('Help').getByText('Electron 45.4.1, Chromium 150.0, Node 24.15.0').waitFor();
    expect(await drawer('Help').getByRole('row').count()).toBe(11);
    await open.page.keyboard.press('Escape');
    await drawer('Help').waitFor({ state: 'detached' });
  });

  test.each([
    ['Read the manual', 'Manual', 'Copies disks.'],
    ['Licence of Platter', 'Licence of Platter', 'MIT License'],
    ['Third-party notices', 'Third-party notices', 'svelte 5, MIT'],
  ])('shows "%s" in its place, and goes back', async (name, title, text) => {
    await open.start({ state: { disks } });
    await button('Help').click();
    await button(name).click();
    await drawer(title).getByText(text).waitFor();
    await open.picture(`help-${title.toLowerCase().replaceAll(' ', '-')}`);
    await button('Back').click();
    await drawer('Help').getByText('Keyboard shortcuts').first().waitFor();
    expect(open.main.names()).toEqual(['getAbout', 'getHelpText']);
  });

  test('copies the diagnostics and shows the log', async () => {
    await open.start({ state: { disks, job: running } });
    await button('Help').click();
    await button('Show log').click();
    await drawer('Help').getByText('/state/platter.log').waitFor();
    await button('Copy diagnostics').click();
    await drawer('Help').getByText('No names').waitFor();
    expect(open.main.names()).toEqual(['getAbout', 'showLog', 'copyDiagnostics']);
  });
});

describe('the shortcuts', () => {
  test('choose an image, review it, go back and refresh the list', async () => {
    await open.start({ state: { disks } });
    const { page, main } = open;
    main.reviewed = { ok: true, value: held };
    await choose();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { name: 'Erase 2 drives?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Source' }).waitFor();
    await page.keyboard.press('F5');
    await expect.poll(() => main.names()).toEqual(['chooseImage', 'review', 'dismissReview', 'refreshDisks']);
  });

  test.each([
    ['held', held],
    ['typed', typed],
  ])('start no job that must be %s', async (kind, plan) => {
    await open.start({ state: { disks, review: make.review(plan) } });
    const { page, main } = open;
    if (kind === 'typed') await page.getByRole('textbox').fill('ERASE');
    else await page.getByRole('button', { name: 'Hold to start' }).focus();
    await page.keyboard.down('Control');
    await page.keyboard.down('Enter');
    await page.waitForTimeout(2000);
    await page.keyboard.up('Enter');
    await page.keyboard.up('Control');
    expect(main.names()).toEqual([]);
  });

  test('do nothing below a drawer, and Esc closes only the drawer', async () => {
    await open.start({ state: { disks, review: make.review(held) } });
    const { page, main } = open;
    await page.keyboard.press('Control+h');
    await drawer('History').waitFor();
    await page.keyboard.press('F5');
    await page.keyboard.press('Control+,');
    await page.keyboard.press('Escape');
    await drawer('History').waitFor({ state: 'detached' });
    expect(main.names()).toEqual(['findJobs']);
    expect(await page.getByRole('heading', { name: 'Erase 2 drives?' }).isVisible()).toBe(true);
  });

  test('never cancel a job', async () => {
    await open.start({ state: { disks, job: running } });
    for (const keys of ['Escape', 'Control+Enter', 'Control+o']) await open.page.keyboard.press(keys);
    await button('Help').click();
    await drawer('Help').waitFor();
    expect(open.main.names()).toEqual(['getAbout']);
  });

  test('need Control alone, and are told to assistive technology', () => {
    const key = { key: 'o', ctrlKey: true, altKey: false, shiftKey: false, metaKey: false };
    expect(actionOf(key)).toBe('openImage');
    expect(actionOf({ ...key, key: 'O' })).toBe('openImage');
    expect(actionOf({ ...key, altKey: true })).toBe(null);
    expect(actionOf({ ...key, ctrlKey: false })).toBe(null);
    expect([ariaKeys('openImage'), ariaKeys('review'), ariaKeys('find'), ariaKeys('refresh')]).toEqual([
      'Control+O',
      'Control+Enter',
      'Control+F',
      'F5',
    ]);
  });

  test('are told by the buttons that do the same', async () => {
    await open.start({ state: { disks } });
    expect(await button('Choose an image…').getAttribute('aria-keyshortcuts')).toBe('Control+O');
    expect(await button('Refresh').getAttribute('aria-keyshortcuts')).toBe('F5');
    expect(await button('Review').getAttribute('aria-keyshortcuts')).toBe('Control+Enter');
  });
});
