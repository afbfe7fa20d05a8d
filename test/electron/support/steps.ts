// A person's steps in the window.
import { basename } from 'node:path';
import { type Locator, type Page } from 'playwright-core';
import { answerOpenDialog, answerSaveDialog, type App } from './app.ts';

/** What a step without native dialogs needs. */
type Shown = Pick<App, 'page'>;

/** Chooses an image with the native dialog. */
export async function chooseImage(app: App, path: string): Promise<void> {
  await answerOpenDialog(app, path);
  const change = app.page.getByRole('button', { name: 'Change…' });
  if ((await change.count()) > 0) await change.click();
  await app.page.getByRole('button', { name: 'Choose an image…' }).click();
  await app.page.getByRole('group', { name: `Image file ${path}` }).waitFor();
}

/** Chooses a new image file at `path` as a destination, with the native dialog. */
export async function chooseNewImage(app: App, path: string): Promise<void> {
  await answerSaveDialog(app, path);
  await app.page.getByRole('button', { name: 'New image file…' }).click();
}

/** Reviews and starts a job that writes new files only, and waits until one of them is verified. */
export async function runToVerified({ page }: Shown): Promise<void> {
  await review({ page });
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await tiles(page, 'verified').first().waitFor();
}

/** Ticks destinations in the list, by their paths. */
export async function tick({ page }: Shown, ...devices: string[]): Promise<void> {
  for (const device of devices) await page.getByRole('checkbox', { name: new RegExp(`, ${device}$`) }).click();
}

/** Asks for the review and waits for the plan. */
export async function review({ page }: Shown): Promise<void> {
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Back' }).waitFor();
}

/** Holds the start button as long as it asks for; the job has then begun. */
export async function holdToStart({ page }: Shown): Promise<void> {
  await page.getByRole('button', { name: 'Hold to start' }).hover();
  await page.mouse.down();
  await tiles(page).first().waitFor();
  await page.mouse.up();
}

/** Chooses, reviews and starts. */
export async function startJob(app: App, source: string, devices: string[]): Promise<void> {
  await chooseImage(app, source);
  await tick(app, ...devices);
  await review(app);
  await holdToStart(app);
}

/** The tiles, or those in `state`. Only a tile has a state; the list to choose from has the same name. */
export function tiles(page: Page, state?: string): Locator {
  const items = page.getByRole('list', { name: 'Destinations' }).getByRole('listitem');
  return items.and(page.locator(state === undefined ? '[data-state]' : `[data-state="${state}"]`));
}

/** The tile of one destination. */
export function tileOf(page: Page, device: string): Locator {
  return tiles(page).filter({ has: page.getByRole('button', { name: `Details of ${basename(device)}`, exact: true }) });
}
