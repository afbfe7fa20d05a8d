// Choosing a source in the page as a person does.
import type { Locator, Page } from 'playwright-core';

// In English and in German.
const CHANGE = /^(Change|Ändern)…$/u;
const IMAGE = /^(Choose an image|Abbild wählen)…$/u;
const DISK = /^(Clone a disk|Use a disk|Laufwerk klonen)…$/u;

const button = (page: Page, name: RegExp): Locator => page.getByRole('button', { name });

/** Shows the ways to a source, beside the chosen one if there is one. */
async function showWays(page: Page): Promise<void> {
  const change = button(page, CHANGE);
  await change.or(button(page, IMAGE)).first().waitFor();
  if ((await change.count()) > 0) await change.click();
}

/** The card of the chosen source, with this name: "Image file PATH", "Manifest PATH", or that of a disk with its path. */
export const sourceCard = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('region', { name: /^(Source|Quelle)$/u }).getByRole('group', { name });

/** Opens the list of disks to read from. Gives it. */
export async function openDisks(page: Page): Promise<Locator> {
  await showWays(page);
  await button(page, DISK).click();
  const list = page.getByRole('dialog').getByRole('radiogroup');
  await list.waitFor();
  return list;
}

/** Makes the disk at `path` the source. */
export async function chooseDisk(page: Page, path: string): Promise<void> {
  await (await openDisks(page)).getByRole('radio', { name: path }).click();
  await sourceCard(page, path).waitFor();
}

/** Asks for an image with the native dialog, which the test answers. */
export async function browseImage(page: Page): Promise<void> {
  await showWays(page);
  await button(page, IMAGE).click();
}

/** Asks for a manifest with the native dialog, which the test answers. */
export async function browseManifest(page: Page): Promise<void> {
  await showWays(page);
  await button(page, /^Choose a manifest…$/u).click();
}

/** Goes back to the image, or the manifest, that was chosen before. */
export async function chooseEarlier(page: Page, name: string): Promise<void> {
  await showWays(page);
  await page.getByRole('list', { name: 'Chosen before' }).getByRole('button', { name }).click();
}
