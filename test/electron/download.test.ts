// A source from a link in the real app: pasted, downloaded from a server on this machine, stopped, continued, written,
// and removed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerWith, WebServer, type Behaviour } from '../app/download/web-server.ts';
import { seededBytes } from '../lab/lab.ts';
import { imageFolder, launchApp, picture, type App } from './support/app.ts';
import { chooseNewImage, runToVerified } from './support/steps.ts';

const SIZE = 3_000_000;
const content = seededBytes(SIZE, 7);
content.writeUInt16BE(0x55aa, 510);

const folder = imageFolder();
const cache = join(folder, 'cache');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let server: WebServer;
beforeEach(async () => void (server = await WebServer.start(content)));
afterEach(() => server[Symbol.asyncDispose]());

/** The names of the downloaded files. */
const files = (): string[] =>
  existsSync(cache) ? readdirSync(cache, { recursive: true, encoding: 'utf8' }).map((path) => basename(path)) : [];

const launch = (): Promise<App> =>
  launchApp({ env: { XDG_CACHE_HOME: cache, http_proxy: '', HTTP_PROXY: '', all_proxy: '', no_proxy: '*' } });

/** Puts `text` on the clipboard and presses Ctrl+V. */
async function paste({ electron, page }: App, text: string): Promise<void> {
  await electron.evaluate(({ clipboard }, copied) => clipboard.writeText(copied), text);
  await page.keyboard.press('Control+v');
}

/** Sends `count` bytes and then nothing. */
const silentAfter =
  (count: number): Behaviour =>
  (_request, response, { etag }) => {
    response.writeHead(200, { etag, 'content-length': SIZE });
    response.write(content.subarray(0, count));
  };

/** Writes the chosen source to a new image file, and waits until it is verified. */
async function writeTo(app: App, copy: string): Promise<void> {
  await chooseNewImage(app, copy);
  await runToVerified(app);
}

describe('a link in the window', () => {
  it('downloads, stops, continues, becomes the source, and is removed with its job', async () => {
    await using app = await launch();
    const { page } = app;
    const url = server.url('/images/disk.img?key=secret');
    const shown = server.url('/images/disk.img?...');
    const card = page.getByRole('group', { name: 'Download of disk.img' });
    server.next.push(silentAfter(1_000_000));
    await paste(app, url);
    await card.getByText(/1.MB of 3.MB/).waitFor();
    await picture(page, '20-download');
    await card.getByRole('button', { name: 'Cancel' }).click();
    await card.getByText(/^Stopped at 1.MB/).waitFor();
    expect(files()).toContain('disk.img.part');

    await card.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('group', { name: `Image file ${shown}` }).waitFor();
    expect(server.ranges).toEqual([null, 'bytes=1000000-']);

    const copy = join(folder, 'copy.img');
    await writeTo(app, copy);
    expect(readFileSync(copy).equals(content)).toBe(true);
    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByText('It was removed when its job was done.').waitFor();
    expect(files()).not.toContain('disk.img');

    await page.getByRole('button', { name: 'History' }).click();
    await page
      .getByRole('button', { name: /^Details/ })
      .first()
      .click();
    await page.getByText(shown).first().waitFor();
    expect(await page.locator('body').innerText()).not.toContain('secret');
  });

  it('keeps the file for the next job and the same link when the user wants it', async () => {
    await using app = await launch();
    const { page } = app;
    const source = page.getByRole('group', { name: `Image file ${server.url()}` });
    await paste(app, server.url());
    await source.waitFor();
    await page.getByRole('switch', { name: 'Keep the download' }).click();
    await page.getByText('The file stays when the job is done.').waitFor();
    await writeTo(app, join(folder, 'kept.img'));
    await page.getByRole('button', { name: 'New job' }).click();
    await source.waitFor();
    expect(files()).toContain('disk.img');
    await paste(app, server.url());
    await expect.poll(() => server.requests.length).toBe(2);
    await source.waitFor();
    expect(server.requests[1]!.headers['if-none-match']).toBe(server.etag);
    await page.getByText('The file stays when the job is done.').waitFor();
  });

  it('is offered again after the program was killed, and goes on where it was', async () => {
    server.next.push(silentAfter(1_000_000));
    {
      await using app = await launch();
      await paste(app, server.url());
      await app.page.getByText(/1.MB of 3.MB/).waitFor();
      app.electron.process().kill('SIGKILL');
    }
    await using app = await launch();
    const { page } = app;
    await page.getByText(/^1.MB of 3.MB downloaded$/).waitFor();
    expect(server.requests).toHaveLength(1);
    await page.getByRole('button', { name: 'Continue the download of disk.img' }).click();
    await page.getByRole('group', { name: `Image file ${server.url()}` }).waitFor();
    expect(server.ranges).toEqual([null, 'bytes=1000000-']);
    const copy = join(folder, 'continued.img');
    await writeTo(app, copy);
    const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(sum(readFileSync(copy))).toBe(sum(content));
  });

  it('says why a link cannot be downloaded', async () => {
    await using app = await launch();
    server.next.push(answerWith(404));
    await paste(app, server.url());
    await app.page.getByRole('alert').getByText('404 Not Found').waitFor();
    await app.page.getByRole('button', { name: 'Discard' }).click();
    await app.page.getByRole('group', { name: /^Download of/ }).waitFor({ state: 'detached' });
  });

  it('S10 does not fetch a link that the page made up, unless the user agrees in a dialog of main', async () => {
    await using app = await launch();
    const { electron, page } = app;
    const asked = server.url('/other.img');
    await electron.evaluate(({ dialog }) => {
      dialog.showMessageBox = () => Promise.resolve({ response: 0, checkboxChecked: false });
    });
    const answer = await page.evaluate((link) => window.platter!.download(link), asked);
    expect(answer).toMatchObject({ ok: false, errors: [{ code: 'CANCELLED' }] });
    // Events that a script dispatches have no effect.
    await page.evaluate((link) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', link);
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    }, asked);
    expect(await page.evaluate((link) => window.platter!.download(link), asked)).toMatchObject({ ok: false });
    expect(server.requests).toEqual([]);

    await electron.evaluate(({ dialog }) => {
      dialog.showMessageBox = () => Promise.resolve({ response: 1, checkboxChecked: false });
    });
    expect(await page.evaluate((link) => window.platter!.download(link), asked)).toMatchObject({ ok: true });
    await page.getByRole('group', { name: `Image file ${asked}` }).waitFor();
  });
});
