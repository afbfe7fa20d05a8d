// `npm run dev` makes the window reload its page after each build of that.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { launchApp } from './support/app.ts';

const INDEX = resolve(import.meta.dirname, '../../out/renderer/index.html');
const mark = "document.documentElement.dataset.mark = 'old'";
const isMarked = "document.documentElement.dataset.mark === 'old'";

it.each([
  ['loads the page again when it was built again', { PLATTER_DEV: '1' }, false],
  ['leaves the page alone without PLATTER_DEV', {}, true],
])('%s', async (_name, env: Record<string, string>, kept) => {
  await using app = await launchApp({ env });
  await app.page.evaluate(mark);
  writeFileSync(INDEX, readFileSync(INDEX));
  if (!kept) await expect.poll(() => app.page.evaluate(isMarked)).toBe(false);
  else {
    await app.page.waitForTimeout(1500);
    expect(await app.page.evaluate(isMarked)).toBe(true);
  }
  expect(app.page.url()).toMatch(/^platter:/);
});
