// Platter speaks to nobody. The real app starts, copies an image, is asked to reach the Internet, and ends, while strace
// listens to every process of it. That Playwright steers it takes ports the app listens on, on this machine, and none it calls.
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { imageFolder, launchApp } from './support/app.ts';
import { chooseImage, review, tiles } from './support/steps.ts';

const folder = imageFolder();
// The image is written with the rights of the window's ordinary user.
chmodSync(folder, 0o777);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Calls to an address of the Internet, and whatever is sent through a socket that has one. Playwright's own connections are
 * left out: it is it that calls. So is how Chromium asks the kernel whether there is a route by IPv6: an address is given to a
 * datagram socket, which sends nothing; if something were sent through it, that would be a line of its own.
 */
const outward = (calls: string): string[] =>
  calls
    .split('\n')
    .filter((line) => /AF_INET6?|<(TCP|UDP)/.test(line) && !PLAYWRIGHT.test(line) && !ROUTE_QUESTION.test(line));
const PLAYWRIGHT = /^\d+ +send\w+\(\d+<TCP:\[127\.0\.0\.1:\d+->127\.0\.0\.1:\d+\]>/;
const ROUTE_QUESTION = /^\d+ +connect\(\d+<UDPv6:\[\d+\]>, .*"2001:4860:4860::8888"/;

test('calls no Internet address in any process of Platter during a whole job', async () => {
  const image = join(folder, 'disk.img');
  const copy = join(folder, 'copy.img');
  const trace = join(folder, 'calls');
  writeFileSync(image, randomBytes(1024 * 1024), { mode: 0o644 });
  {
    await using app = await launchApp({ trace });
    await chooseImage(app, image);
    await app.electron.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, copy);
    await app.page.getByRole('button', { name: 'New image file…' }).click();
    await review(app);
    await app.page.getByRole('button', { name: 'Start', exact: true }).click();
    await tiles(app.page, 'verified').first().waitFor();
    // The page tries, and is refused before anything leaves; main calls a port of this machine, which has to be heard.
    expect(
      await app.page.evaluate(() =>
        fetch('https://example.com/').then(
          () => 'reached',
          () => 'refused',
        ),
      ),
    ).toBe('refused');
    await app.electron.evaluate(
      () =>
        new Promise<void>((resolve) => {
          process
            .getBuiltinModule('node:net')
            .connect(9, '127.0.0.1')
            .once('error', () => resolve())
            .once('connect', () => resolve());
        }),
    );
  }
  const calls = readFileSync(trace, 'utf8');
  expect(readFileSync(copy).equals(readFileSync(image))).toBe(true);
  // One call, the one made on purpose: so the listening works, and nothing else was heard.
  expect(outward(calls)).toEqual([expect.stringMatching(/^\d+ +connect\(.*htons\(9\).*127\.0\.0\.1/)]);
});
