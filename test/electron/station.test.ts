// An armed station in the real app: drives start by themselves, once each, and only blank ones. It is off after a start.
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOLD_MS } from '../../app/view/consent.ts';
import type {} from '../../renderer/bridge.ts'; // window.platter
import { canLab, labdisk, seededBytes } from '../lab/lab.ts';
import { CALLER, imageFolder, launchApp, picture, type App } from './support/app.ts';
import { socket, Sockets } from './support/sockets.ts';
import { chooseImage } from './support/steps.ts';

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;
const reason = canLab();

describe.skipIf(reason !== null)(`a station in the window${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  const home = mkdtempSync(join(tmpdir(), 'platter-test-station-'));
  beforeAll(() => {
    writeFileSync(image, seededBytes(8 * MIB, 1));
    chownSync(home, CALLER, CALLER);
  });
  afterAll(() => {
    for (const each of [folder, home]) rmSync(each, { recursive: true, force: true });
  });

  /** Arms it for both bays, as a person does. */
  async function arm(app: App): Promise<void> {
    const { page } = app;
    await page.evaluate(
      (ports) => window.platter!.setBays(ports.map((port) => ({ port, name: null }))),
      [socket(1), socket(2)],
    );
    await chooseImage(app, image);
    await page.getByRole('button', { name: 'Station mode…' }).click();
    await page.getByRole('button', { name: 'All bays' }).click();
    await page.getByRole('textbox', { name: 'Smallest' }).fill('0.01');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Arm the station for 2 bays?' }).waitFor();
    await sleep(HOLD_MS + 500); // so long it has to be on the screen
    await page.getByRole('textbox', { name: 'Type STATION to arm the station' }).pressSequentially('STATION');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Station armed' }).waitFor();
  }

  it('S10 starts a blank drive by itself, records it, and starts neither its serial again nor a used drive', async () => {
    using sockets = new Sockets();
    const blank = Buffer.alloc(SIZE);
    {
      await using app = await launchApp({ home, enter: sockets.enter });
      const { page } = app;
      const bays = page.getByRole('list', { name: 'Bays' }).getByRole('listitem');
      await arm(app);
      {
        await using disk = await labdisk({ size: SIZE, plain: true });
        sockets.plug(disk, 1, 'STICK-A');
        await bays
          .first()
          .getByText(/^Starts in \d+ seconds?$/)
          .waitFor();
        expect(readFileSync(disk.backing).equals(blank), 'nothing is written while it counts down').toBe(true);
        await picture(page, 'station-countdown');
        await bays.first().getByText('Done: take it out').waitFor();
        await page.getByText('1 done', { exact: true }).waitFor();
        execFileSync('cmp', ['--bytes', String(8 * MIB), image, disk.backing]);
        sockets.unplug(disk);
        await bays.first().getByText('Plug in a drive').waitFor();
      }
      const found = await page.evaluate(() => window.platter!.findJobs(''));
      expect(found).toMatchObject({
        ok: true,
        value: { records: [{ destinations: [{ serial: 'STICK-A', state: 'done', verified: true }] }] },
      });
      await using again = await labdisk({ size: SIZE, plain: true });
      sockets.plug(again, 1, 'STICK-A');
      await bays.first().getByText('A drive with the serial number STICK-A is done in this batch.').waitFor();
      sockets.unplug(again);
      const photos = join(folder, 'photos.img');
      writeFileSync(photos, blank);
      execFileSync('mkfs.ext4', ['-q', photos]);
      const held = readFileSync(photos);
      await using used = await labdisk({ file: photos, plain: true });
      sockets.plug(used, 2, 'STICK-B');
      await bays.nth(1).getByText('It holds data, and the station does not erase used drives.').waitFor();
      await picture(page, 'station-refused');
      expect(readFileSync(again.backing).equals(blank)).toBe(true);
      expect(readFileSync(photos).equals(held)).toBe(true);
      sockets.unplug(used);
    }
    await using app = await launchApp({ home, enter: sockets.enter });
    expect(await app.page.evaluate(() => window.platter!.getState().then(({ station }) => station))).toBeNull();
    await app.page.getByRole('heading', { name: 'Source' }).waitFor();
  });
});
