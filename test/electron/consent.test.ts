// A script in the page that makes every call writes nothing. A person starts the same job by mouse, keyboard, touch or
// drop.
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HOLD_MS } from '../../app/view/consent.ts';
import type {} from '../../renderer/bridge.ts'; // window.platter
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { imageFolder, launchApp, picture, type App } from './support/app.ts';
import { chooseImage, holdToStart, review, tick, tiles } from './support/steps.ts';
import { asked, type Facts } from '../requests.ts';
import type { JobRequest } from '../../app/contract/request.ts';

const SIZE = 8 * 1024 * 1024;
const MINE = 'nobody agreed to lose this\n';
const reason = canLab();

describe.skipIf(reason !== null)(`consent in the window${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  const victim = join(folder, 'bashrc');
  let app: App;
  let disk: LabDisk;

  beforeAll(() => {
    chmodSync(folder, 0o777);
    writeFileSync(image, seededBytes(SIZE, 1));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    writeFileSync(victim, MINE, { mode: 0o666 });
    disk = await labdisk({ size: 2 * SIZE });
    app = await launchApp();
    await app.page.getByRole('checkbox', { name: disk.device }).waitFor();
  });
  afterEach(async () => {
    await app[Symbol.asyncDispose]();
    await disk.close();
  });

  const copy = (more: Facts): JobRequest => asked({ source: image, destinations: [disk.device], ...more });

  /** The script reviews, then tries every way to start. Returns for each call 'ok' or the reasons of the refusal. */
  const attack = (request: JobRequest): Promise<{ reviewed: string; started: string[] }> =>
    app.page.evaluate(
      async ({ asked, hold }) => {
        const platter = window.platter!;
        const said = (outcome: { ok: boolean; errors?: { reason: { kind: string } }[] }): string =>
          outcome.ok ? 'ok' : (outcome.errors ?? []).map((error) => error.reason.kind).join();
        const start = async (...args: unknown[]): Promise<string> =>
          said(await (platter.start as (...given: unknown[]) => Promise<{ ok: boolean }>)(...args));
        const id = async (): Promise<unknown> => ((await platter.getState()).review as { id?: string } | null)?.id;
        const forge = (): void => {
          const target = document.querySelector('button.hold') ?? document.body;
          const pointer = { bubbles: true, button: 0, buttons: 1, pointerId: 1, isPrimary: true };
          target.dispatchEvent(new PointerEvent('pointerdown', pointer));
          target.dispatchEvent(new MouseEvent('mousedown', pointer));
          for (const key of ['Enter', ' ', 'E', 'R', 'A', 'S', 'E'])
            target.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, key }));
          document.querySelector<HTMLElement>('button.go')?.click();
        };
        const reviewed = said(await platter.review(asked));
        const started = [await start(), await start('1'), await start(await id())];
        forge();
        started.push(await start(await id()));
        await new Promise((done) => setTimeout(done, hold + 500));
        started.push(await start(), await start(await id()));
        return { reviewed, started };
      },
      { asked: request, hold: HOLD_MS },
    );

  /** Waits as long as a job would need to begin. Returns whether there is one. */
  const jobBegan = async (): Promise<boolean> => {
    await sleep(500);
    return app.page.evaluate(() => window.platter!.getState().then(({ job }) => job !== null));
  };
  const written = async (): Promise<number> => (await disk.counters()).writes;

  it.each([
    ['a file of the user as the destination', { destinations: ['VICTIM'], update: true }],
    ['a file of the user, named another way', { destinations: ['FOLDER/../FOLDER/bashrc'], update: true }],
    ['a new file', { destinations: ['FOLDER/new.img'] }],
    ['a file for the manifest', { saveManifest: 'FOLDER/new.img' }],
    ['a file for the map', { rescue: { retries: 0, map: 'FOLDER/new.img' } }],
    ['a manifest', { manifest: 'VICTIM', update: true }],
    ['a source', { source: 'VICTIM' }],
    ['the folder of devices by another spelling', { destinations: ['//dev/DISK'] }],
  ])('S10 refuses %s that a script names and nobody chose, and writes nothing', async (_what, named) => {
    await chooseImage(app, image);
    const paths = JSON.stringify(named)
      .replaceAll('VICTIM', victim)
      .replaceAll('FOLDER/../FOLDER', `${folder}/../${folder.split('/').at(-1)!}`)
      .replaceAll('FOLDER', folder)
      .replaceAll('DISK', disk.device.slice(5));
    const { reviewed, started } = await attack(copy(JSON.parse(paths) as Facts));
    expect.soft(reviewed).toBe('notGiven');
    expect.soft(started).not.toContain('ok');
    expect.soft(await jobBegan()).toBe(false);
    expect.soft(await written()).toBe(0);
    expect.soft(readFileSync(victim, 'utf8')).toBe(MINE);
    expect.soft(existsSync(join(folder, 'new.img'))).toBe(false);
  });

  it('S10 refuses as destination an image that was chosen for reading', async () => {
    await chooseImage(app, image);
    const { reviewed } = await attack(copy({ source: disk.device, destinations: [image], update: true }));
    expect(reviewed).toBe('notGiven');
    expect(readFileSync(image).equals(seededBytes(SIZE, 1))).toBe(true);
  });

  it("S10 takes no file from a script's drop, nor through the channel for drops", async () => {
    const heard = await app.page.evaluate((path) => {
      const carried = new DataTransfer();
      carried.items.add(new File(['x'], path));
      for (const target of [window, document, document.querySelector('section')!])
        target.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: carried }));
      return Object.keys(window.platter!).filter((name) => /drop|grant|give|send|invoke/i.test(name));
    }, victim);
    expect(heard).toEqual([]);
    expect((await attack(copy({ source: victim }))).reviewed).toBe('notGiven');
  });

  it('S10 does not retry, forget or eject for a script without a press in the window', async () => {
    const said = await app.page.evaluate(async (device) => {
      const { retry, forget, eject } = window.platter!;
      const outcomes = [await retry(0), await forget('20261128-000000-abcdef'), await eject([device])];
      return outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.errors[0]!.reason.kind));
    }, disk.device);
    expect(said).toEqual(['noPress', 'noPress', 'noPress']);
  });

  it('S10 does not start a review that a script puts under a held button', async () => {
    await chooseImage(app, image);
    await tick(app, disk.device);
    await review(app);
    await app.page.getByRole('button', { name: 'Hold to start' }).hover();
    await app.page.mouse.down();
    const { reviewed, started } = await attack(copy({ name: 'another' }));
    expect.soft(reviewed).toBe('ok');
    expect.soft(started.slice(0, -1).join()).not.toContain('ok');
    expect.soft(started.at(-1)).toBe('notHeld');
    await app.page.mouse.up();
    expect.soft(await jobBegan()).toBe(false);
    expect.soft(await written()).toBe(0);
  });

  it('S10 does not start a job that a script reviews: not at once, not later, not by made-up events', async () => {
    await chooseImage(app, image);
    const { reviewed, started } = await attack(copy({}));
    expect.soft(reviewed).toBe('ok');
    expect.soft(started).not.toContain('ok');
    expect.soft(await jobBegan()).toBe(false);
    expect.soft(await written()).toBe(0);
  });

  /** A person's steps up to the consent. */
  const reviewImage = async (): Promise<void> => {
    await chooseImage(app, image);
    await tick(app, disk.device);
    await review(app);
  };
  const verified = async (): Promise<void> => {
    await app.page.getByRole('heading', { name: '1 verified' }).waitFor();
    expect(readFileSync(disk.backing).subarray(0, SIZE).equals(seededBytes(SIZE, 1))).toBe(true);
  };
  const button = () => app.page.getByRole('button', { name: 'Hold to start' });

  it.each(['Space', 'Enter'])('S10 starts the job for a person who holds %s', async (key) => {
    await reviewImage();
    await button().focus();
    await app.page.keyboard.down(key);
    await tiles(app.page).first().waitFor();
    await app.page.keyboard.up(key);
    await verified();
  });

  it('S10 starts the job for a person who holds a finger on the button', async () => {
    await reviewImage();
    const at = (await button().boundingBox())!;
    const devtools = await app.page.context().newCDPSession(app.page);
    await devtools.send('Input.dispatchTouchEvent', {
      type: 'touchStart',
      touchPoints: [{ x: at.x + 40, y: at.y + 40 }],
    });
    await tiles(app.page).first().waitFor();
    await devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await verified();
  });

  it('S10 starts by the word that a person types, and not by one that no key typed', async () => {
    await reviewImage();
    const { page } = app;
    await page.getByRole('button', { name: 'Type ERASE instead' }).click();
    const word = page.getByRole('textbox', { name: 'Type ERASE to start' });
    await word.fill('ERASE');
    await sleep(HOLD_MS);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('Platter did not see the button held down in its window.').waitFor();
    await alert.getByText('Hold the button again until the job starts, or type ERASE.').waitFor();
    await picture(page, '14-not-agreed');
    await word.fill('');
    await word.pressSequentially('ERASE');
    await page.keyboard.press('Enter');
    await verified();
  });

  it('S10 takes an image that a person drops as their choice, after a reload too', async () => {
    const { page } = app;
    const zone = (await page.getByRole('region', { name: 'Source' }).boundingBox())!;
    const devtools = await page.context().newCDPSession(page);
    const at = { x: zone.x + 50, y: zone.y + 50, data: { items: [], files: [image], dragOperationsMask: 1 } };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', { type, ...at });
    await page.getByRole('group', { name: `Image file ${image}` }).waitFor();
    await tick(app, disk.device);
    await review(app);
    await page.reload();
    await page.getByRole('heading', { name: 'Erase 1 drive?' }).waitFor();
    await page.getByRole('button', { name: 'Back' }).click();
    await review(app);
    await holdToStart(app);
    await verified();
  });

  it('S10 asks by a dialog of main before it starts for a screen reader, which presses without input', async () => {
    await reviewImage();
    const answer = (wanted: 'Yes' | 'No'): Promise<void> =>
      app.electron.evaluate(({ app: main, dialog }, button) => {
        main.accessibilitySupportEnabled = true;
        dialog.showMessageBox = (...args: unknown[]) => {
          const { buttons = [] } = args.at(-1) as Electron.MessageBoxOptions;
          return Promise.resolve({ response: buttons.indexOf(button), checkboxChecked: false });
        };
      }, wanted);
    const start = (): Promise<boolean> =>
      app.page.evaluate(async () => {
        const platter = window.platter!;
        return (await platter.start((await platter.getState()).review!.id)).ok;
      });
    await sleep(HOLD_MS);
    await answer('No');
    expect(await start()).toBe(false);
    expect(await written()).toBe(0);
    await answer('Yes');
    expect(await start()).toBe(true);
    await verified();
  });
});
