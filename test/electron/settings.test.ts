// Settings in the real app apply at once and survive its end. A damaged file costs nothing but the settings.
import { readdirSync, readFileSync, rmSync, writeFileSync, chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { launchApp, picture, type App } from './support/app.ts';

const NOBODY = 65534;
const home = mkdtempSync(join(tmpdir(), 'platter-test-settings-'));
if (process.getuid?.() === 0) chownSync(home, NOBODY, NOBODY);
afterAll(() => rmSync(home, { recursive: true, force: true }));

const launch = (): Promise<App> => launchApp({ unprivileged: process.getuid?.() === 0, home });
/** The background colour as drawn. */
const ground = (app: App): Promise<string> => app.page.evaluate(() => getComputedStyle(document.body).backgroundColor);

test('applies language and theme at once, keeps them across starts, and puts a damaged file aside', async () => {
  let folder: string;
  {
    await using app = await launch();
    folder = await app.electron.evaluate(({ app: main }) => main.getPath('userData'));
    await app.page.keyboard.press('Control+,');
    await app.page.getByText('Deutsch').click();
    await app.page.getByText('Dunkel').click();
    await expect.poll(() => ground(app)).toBe('rgb(14, 17, 20)');
    await app.page.keyboard.press('Escape');
    await app.page.getByRole('heading', { name: 'Quelle' }).waitFor();
    // Main uses the language too.
    await app.electron.evaluate(({ dialog }) => {
      dialog.showOpenDialog = (...args: { title?: string }[]) => {
        Object.assign(globalThis, { asked: args.at(-1)?.title });
        return Promise.resolve({ canceled: true, filePaths: [] });
      };
    });
    await app.page.getByRole('button', { name: 'Abbild wählen…' }).click();
    await expect
      .poll(() => app.electron.evaluate(() => (globalThis as { asked?: string }).asked))
      .toBe('Abbild wählen');
  }
  const file = join(folder, 'settings.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ language: 'de', theme: 'dark' });
  {
    await using app = await launch();
    await app.page.getByRole('heading', { name: 'Quelle' }).waitFor();
    await expect.poll(() => ground(app)).toBe('rgb(14, 17, 20)');
    await picture(app.page, 'settings-dark-de');
  }
  writeFileSync(file, '{"language": "de", "them');
  {
    await using app = await launch();
    await app.page.getByRole('heading', { name: 'Source' }).waitFor();
    const kept = readdirSync(folder).find((name) => name.startsWith('settings.json.broken-')) ?? '';
    expect(readFileSync(join(folder, kept), 'utf8')).toBe('{"language": "de", "them');
    await app.page.getByText(kept).waitFor();
    await app.page.getByRole('button', { name: 'OK' }).click();
    await app.page.getByText(kept).waitFor({ state: 'detached' });
  }
});

test('zooms by the keys of browsers, within bounds', async () => {
  await using app = await launch();
  const factor = (): Promise<number> =>
    app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.webContents.getZoomFactor());
  // A key that the debugger presses goes past main.
  const press = (key: string): Promise<void> =>
    app.electron.evaluate(({ BrowserWindow }, keyCode) => {
      const { webContents } = BrowserWindow.getAllWindows()[0]!;
      for (const type of ['keyDown', 'keyUp'] as const)
        webContents.sendInputEvent({ type, keyCode, modifiers: ['control'] });
    }, key);
  await press('+');
  await expect.poll(factor).toBeCloseTo(1.2);
  for (let i = 0; i < 9; i += 1) await press('=');
  await expect.poll(factor).toBeCloseTo(1.2 ** 4);
  await press('-');
  await expect.poll(factor).toBeCloseTo(1.2 ** 3);
  await press('0');
  await expect.poll(factor).toBe(1);
});
