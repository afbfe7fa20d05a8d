// Attempts from inside the page to do what it may not do, and failures of the page, which are logged.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {} from '../../renderer/bridge.ts'; // window.platter
import { plainCopy } from '../../app/contract/request-facts.ts';
import { launchApp, type App } from './support/app.ts';
import { uidOf } from './support/processes.ts';

const PAGE = 'platter://window/index.html';
let app: App;
beforeAll(async () => {
  app = await launchApp();
});
afterAll(() => app[Symbol.asyncDispose]());

/** Messages of the page's console while `action` runs. */
async function consoleOf(action: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const listen = (message: { text(): string }): number => lines.push(message.text());
  app.page.on('console', listen);
  await action();
  app.page.off('console', listen);
  return lines.join('\n');
}

describe('privileges of the window', () => {
  it('runs the window and all its processes as an ordinary user', async () => {
    const processes = await app.electron.evaluate(({ app: main }) =>
      main.getAppMetrics().map(({ pid, type }) => ({ pid, type })),
    );
    expect(processes.map(({ type }) => type)).toEqual(expect.arrayContaining(['Browser', 'Tab']));
    for (const { pid, type } of processes) expect(uidOf(pid), type).not.toBe(0);
  });

  it('S1 runs the engine host as the user of the window', async () => {
    expect(uidOf(app.hostPid())).toBe(uidOf(await app.electron.evaluate(() => process.pid)));
    expect(uidOf(app.hostPid())).not.toBe(0);
  });

  it('sandboxes the page by the kernel: no new privileges, system calls filtered', async () => {
    const pid = await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]!.webContents.getOSProcessId(),
    );
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  it('gives the page no Node and no Electron, only the bridge', async () => {
    const seen = await app.page.evaluate(() => ({
      node: ['require', 'process', 'module', 'Buffer', 'global'].filter((name) => name in globalThis),
      bridge: Object.keys(window.platter!).sort(),
    }));
    expect(seen.node).toEqual([]);
    expect(seen.bridge).toEqual([
      'armStation',
      'cancel',
      'changeSettings',
      'chooseImage',
      'chooseManifest',
      'chooseNewImage',
      'chooseOldImage',
      'chooseRecent',
      'closeImage',
      'copyDiagnostics',
      'describeImage',
      'discardDownload',
      'dismissJob',
      'dismissReview',
      'dismissStation',
      'download',
      'eject',
      'findJobs',
      'findUsage',
      'forget',
      'getAbout',
      'getBays',
      'getHelpText',
      'getSpeeds',
      'getState',
      'join',
      'keepDownload',
      'leaveJoin',
      'onProgress',
      'onState',
      'openImage',
      'openRecorded',
      'openSaved',
      'pathOf',
      'pause',
      'prepareJoin',
      'proposeStation',
      'recordedImages',
      'refreshDisks',
      'repeatJob',
      'reportJobs',
      'resumeDownload',
      'retry',
      'review',
      'saveManifest',
      'setBays',
      'showFiles',
      'showLog',
      'showSaved',
      'skipBay',
      'start',
      'stopDownload',
      'stopStation',
      'stopUsage',
      'throttle',
    ]);
  });
});

describe('navigation', () => {
  it.each(['https://example.com/', 'platter://window/assets/', 'data:text/html,hello', 'file:///etc/passwd'])(
    'denies navigation: %s',
    async (url) => {
      await app.page.evaluate((to) => void (location.href = to), url);
      await app.page.waitForTimeout(200);
      expect(app.page.url()).toBe(PAGE);
    },
  );

  it('opens no second window', async () => {
    expect(await app.page.evaluate(() => window.open('https://example.com/') === null)).toBe(true);
    expect(await app.page.evaluate((url) => window.open(url) === null, PAGE)).toBe(true);
    expect(app.electron.windows()).toHaveLength(1);
  });

  it('loads no frame', async () => {
    const refused = app.page.waitForEvent('console', {
      predicate: (message) => /Refused to frame|Framing 'https:\/\/example.com\/' violates/.test(message.text()),
    });
    const frame = await app.page.evaluateHandle(() => {
      const made = document.createElement('iframe');
      made.src = 'https://example.com/';
      document.body.append(made);
      return made;
    });
    await refused;
    await frame.evaluate((made) => made.remove());
  });
});

describe('the content policy', () => {
  it('runs no inline script, and makes neither code nor markup of a string', async () => {
    const ran = await app.page.evaluate(() => {
      const { dataset } = document.documentElement;
      const attempts = [
        () => {
          const script = document.createElement('script');
          script.append('document.documentElement.dataset.ran = "inline"');
          document.head.append(script);
        },
        () => document.body.setAttribute('onclick', 'document.documentElement.dataset.ran = "handler"'),
        () => document.body.insertAdjacentHTML('beforeend', '<b>markup</b>'),
      ];
      const refused = attempts.filter((attempt) => {
        try {
          attempt();
        } catch {
          return true;
        }
        return false;
      });
      document.body.click();
      return { ran: dataset.ran, refused: refused.length };
    });
    expect(ran).toEqual({ ran: undefined, refused: 3 });
  });

  it('lets fetch reach neither the network nor our own files', async () => {
    const tried = await app.page.evaluate(() =>
      Promise.all(
        ['https://example.com/', 'index.html', 'file:///etc/passwd'].map((url) =>
          fetch(url).then(
            () => 'reached',
            () => 'refused',
          ),
        ),
      ),
    );
    expect(tried).toEqual(['refused', 'refused', 'refused']);
  });

  it('sends the content policy as a header, not only as a tag of the page', async () => {
    const policy = await app.electron.evaluate(({ net }) =>
      net.fetch('platter://window/index.html').then((answer) => answer.headers.get('content-security-policy')),
    );
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
  });

  it('serves by its scheme what is built for the window and nothing beside it', async () => {
    const statuses = await app.electron.evaluate(({ net }) =>
      Promise.all(
        ['index.html', '../preload.cjs', '%2e%2e/preload.cjs', '..%2fpreload.cjs', 'nothing.js'].map((path) =>
          net.fetch(`platter://window/${path}`).then(({ status }) => status),
        ),
      ),
    );
    expect(statuses).toEqual([200, 404, 404, 404, 404]);
  });

  it('serves a page that the policy refuses nothing of', async () => {
    const said = await consoleOf(async () => {
      await app.page.reload();
      await app.page.getByRole('heading', { name: 'Source' }).waitFor();
    });
    expect(said).toBe('');
  });
});

describe('permissions', () => {
  it('grants the page no permission', async () => {
    expect(await app.page.evaluate(() => Notification.requestPermission())).toBe('denied');
    expect(
      await app.page.evaluate(() => navigator.permissions.query({ name: 'geolocation' }).then(({ state }) => state)),
    ).toBe('denied');
  });
});

describe('the calls of the window', () => {
  const request = plainCopy('/etc/hostname', ['/nowhere']);

  it.each([
    ['nothing', []],
    ['a word', ['copy']],
    ['a path that is a number', [{ ...request, source: 7 }]],
    ['a field too many', [{ ...request, force: true }]],
    ['two requests', [request, request]],
  ])('refuses the review of %s', async (_what, args) => {
    const answer = await app.page.evaluate(
      (given) => (window.platter!.review as (...args: unknown[]) => Promise<unknown>)(...given),
      args,
    );
    expect(answer).toMatchObject({ ok: false, errors: [{ code: 'BAD_ARGUMENT' }] });
  });

  it('S10 tells nothing of a file that the user did not give', async () => {
    const answer = await app.page.evaluate(() => window.platter!.describeImage('/etc/hostname', null));
    expect(answer).toMatchObject({ ok: false, errors: [{ code: 'NOT_PERMITTED', reason: { kind: 'notGiven' } }] });
  });

  it('refuses to start without a review', async () => {
    const answer = await app.page.evaluate(() => window.platter!.start('any'));
    expect(answer).toMatchObject({ ok: false, errors: [{ code: 'BAD_ARGUMENT' }] });
  });

  it('ignores calls of another window, whatever that shows', async () => {
    const answers = await app.electron.evaluate(async ({ app: electronApp, BrowserWindow }, url) => {
      const ours = BrowserWindow.getAllWindows()[0]!;
      const preload = `${electronApp.getAppPath()}/out/preload.cjs`;
      const stranger = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
      const ask = (): Promise<unknown> =>
        stranger.webContents.executeJavaScript('platter.getState()') as Promise<unknown>;
      await stranger.loadURL(url);
      const asOurPage = await ask();
      await stranger.loadURL('data:text/html,stranger');
      const asData = await ask();
      stranger.destroy();
      ours.focus();
      return [asOurPage, asData];
    }, PAGE);
    for (const answer of answers) expect(answer).toMatchObject({ ok: false, errors: [{ code: 'NOT_PERMITTED' }] });
  });

  it('ignores calls of our own window while it shows something else', async () => {
    // The next test must not ask the page that goes away.
    const back = app.page.waitForEvent('framenavigated', (frame) => frame.url() === PAGE);
    const answer = await app.electron.evaluate(async ({ BrowserWindow }, url) => {
      const { webContents } = BrowserWindow.getAllWindows()[0]!;
      await webContents.loadURL('data:text/html,elsewhere');
      const heard = (await webContents.executeJavaScript('platter.getState()')) as unknown;
      await webContents.loadURL(url);
      return heard;
    }, PAGE);
    await back;
    expect(answer).toMatchObject({ ok: false, errors: [{ code: 'NOT_PERMITTED' }] });
  });
});

it('logs exceptions, rejections and warnings of the page with their place', async () => {
  await app.electron.evaluate(({ shell }) => void (shell.showItemInFolder = () => undefined));
  const path = await app.page.evaluate(() => window.platter!.showLog());
  await app.page.evaluate(() => {
    setTimeout(() => {
      throw new Error('nobody catches this');
    });
    void Promise.reject(new Error('nobody waits for this'));
    console.warn('this looks odd');
    console.log('this is nothing');
  });
  const logged = (): string => readFileSync(path, 'utf8');
  // The page reports each at its own time, a rejection last, when it is certain that nobody handles it.
  await expect.poll(logged).toMatch(/ error \[\d+\] page: .*nobody catches this.* \(.*:\d+\)\n/);
  await expect.poll(logged).toMatch(/ error \[\d+\] page: .*nobody waits for this/);
  await expect.poll(logged).toMatch(/ warn  \[\d+\] page: this looks odd/);
  expect(logged()).not.toContain('this is nothing');
});
