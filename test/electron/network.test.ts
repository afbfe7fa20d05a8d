// Platter contacts no address. The real app starts, copies an image, is asked to reach the Internet, and ends, while
// strace watches all its processes. Playwright drives it through ports of this machine on which the app listens.
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { imageFolder, launchApp } from './support/app.ts';
import { chooseImage, chooseNewImage, runToVerified } from './support/steps.ts';

const folder = imageFolder();
// The image is written with the rights of the window's ordinary user.
chmodSync(folder, 0o777);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Calls to an address of the Internet, and whatever is sent through a socket that has one. Playwright's own connections
 * are left out, because Playwright calls. So is Chromium's question to the kernel whether there is a route by IPv6: it
 * gives an address to a datagram socket, which sends nothing. Sending through it would be a line of its own.
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
    await chooseNewImage(app, copy);
    await runToVerified(app);
    // The page tries and is refused before anything is sent. Main calls a port of this machine, which strace has to
    // see.
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
  // The one call made on purpose shows that strace works. It saw no other.
  expect(outward(calls)).toEqual([expect.stringMatching(/^\d+ +connect\(.*htons\(9\).*127\.0\.0\.1/)]);
});
