// The options of a job in the window.
import { describe, expect, test } from 'vitest';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { drives, plan } from './support/running-job.ts';
import { chooseDisk } from './support/source.ts';
import { changed } from '../requests.ts';

const open = oneWindow();

const button = (name: string) => open.page.getByRole('button', { name, exact: true });

describe('the options', () => {
  const choose = async (): Promise<void> => {
    await chooseDisk(open.page, '/dev/sdb');
    await open.page.getByRole('checkbox', { name: '/dev/sdc' }).click();
    await button('More options').click();
  };
  const option = (name: string) => open.page.getByRole('switch', { name });

  test.each(['light', 'dark'] as const)(
    'hides the options behind one word that says what is on (%s)',
    async (scheme) => {
      await open.start({ state: { disks: drives }, scheme });
      await choose();
      await option('Write only changes').click();
      await open.page.getByRole('textbox', { name: 'Speed limit' }).fill('20');
      await open.picture(`options-${scheme}`);
      await open.page.setViewportSize({ width: 720, height: 480 });
      await open.picture(`options-small-${scheme}`);
      await button('Fewer options').click();
      await open.page.getByText('only changes and at most 20 MB/s').waitFor();
      await button('Review').click();
      await expect
        .poll(() => open.main.lastRequest())
        .toMatchObject({ update: true, rescue: null, keepGoing: false, throttle: 20_000_000, verify: true });
    },
  );

  test('excludes a rescue and an update from each other, in the request and the command line too', async () => {
    await open.start({ state: { disks: drives } });
    await choose();
    await option('Write only changes').click();
    await option('Skip unreadable sectors').click();
    await option('Skip write errors').click();
    expect(await option('Write only changes').isChecked()).toBe(false);
    await button('Command line').click();
    await open.page.getByText('platter copy --keep-going --rescue --retries 1 /dev/sdb /dev/sdc').waitFor();
    await button('Review').click();
    await expect
      .poll(() => open.main.lastRequest())
      .toMatchObject({ update: false, rescue: { retries: 1, map: null }, keepGoing: true });
  });

  test.each(['light', 'dark'] as const)('takes the checksum of an image, and names its hash (%s)', async (scheme) => {
    const hex = '0f34'.repeat(16);
    await open.start({ state: { disks: drives }, scheme });
    open.main.image = '/home/me/disk.img.xz';
    await open.page.getByRole('button', { name: 'Choose an image…' }).click();
    await open.page.getByRole('checkbox', { name: '/dev/sdc' }).click();
    const field = open.page.getByRole('textbox', { name: 'Checksum' });
    await field.fill('0f34');
    await open.picture(`checksum-wrong-${scheme}`);
    expect(await button('Review').isDisabled()).toBe(true);

    await field.fill(`${hex}  disk.img.xz`);
    await open.page.getByText('sha256. No drive is finished unless it matches.').waitFor();
    await open.picture(`checksum-${scheme}`);
    await button('Command line').click();
    await open.page.getByText(`platter copy --sha256 ${hex} /home/me/disk.img.xz /dev/sdc`).waitFor();
    await button('Review').click();

    await expect.poll(() => open.main.lastRequest()).toMatchObject({ checksum: `sha256:${hex}` });
  });

  test('forgets the checksum when another source is chosen, which it is not of', async () => {
    await open.start({ state: { disks: drives } });
    open.main.image = '/home/me/disk.img';
    await open.page.getByRole('button', { name: 'Choose an image…' }).click();
    await open.page.getByRole('textbox', { name: 'Checksum' }).fill('0f34'.repeat(16));
    await choose();
    await button('Review').click();

    await expect.poll(() => open.main.lastRequest()).toMatchObject({ source: '/dev/sdb', checksum: null });
  });

  test('reports an invalid limit, and allows no review', async () => {
    await open.start({ state: { disks: drives } });
    await choose();
    await open.page.getByRole('textbox', { name: 'Speed limit' }).fill('fast');
    await open.page.getByText('The speed limit is not a number of MB/s.').waitFor();
    expect(await button('Review').isDisabled()).toBe(true);
  });

  test('says that an update overwrites what differs', async () => {
    await open.start({
      state: {
        disks: drives,
        review: make.review(make.plan([plan.destinations[1]!], { request: changed(plan.request, { update: true }) })),
      },
    });
    await open.page.getByRole('heading', { name: 'Overwrite what differs on 1 drive?' }).waitFor();
    await open.page.getByRole('list', { name: 'Will be overwritten where it differs' }).waitFor();
    await button('Back').click();
    await open.page.getByText('only changes', { exact: true }).waitFor();
  });
});
