/// <reference types="svelte" />
// Choosing source and destinations in the built page: what can be chosen, what cannot and why, and the calls to main.
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../app/contract/disks.ts';
import { NEW_MS } from '../../renderer/state/arrivals.svelte.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { chooseDisk, openDisks, sourceCard } from './support/source.ts';
import { refuse } from './support/window.ts';
import { plainRequest } from '../../app/base/kept-request.ts';

const open = oneWindow();
const disks: Disk[] = [
  make.systemDisk,
  ...make.sticks(4),
  make.mountedDisk,
  make.readOnlyDisk,
  make.smallDisk,
  make.loopDisk,
];

const source = (name: string | RegExp) => sourceCard(open.page, name);
const clone = (path: string) => chooseDisk(open.page, path);
const destination = (name: string) =>
  open.page.getByRole('region', { name: 'Destinations' }).getByRole('checkbox', { name });
const button = (name: string) => open.page.getByRole('button', { name });

async function review(): Promise<void> {
  await button('Review').click();
  await expect.poll(() => open.main.names()).toContain('review');
}

describe('choosing source and destinations', () => {
  test('requests exactly the chosen disks and image, in the order of the list', async () => {
    await open.start({ state: { disks } });
    open.main.newImage = '/home/me/copy.img';
    await clone('/dev/sdb');
    await destination('/dev/sdd').click();
    await destination('/dev/sdc').click();
    await button('New image file…').click();
    await open.page.getByText('New image in /home/me').waitFor();
    await review();
    expect(open.main.lastRequest()).toEqual({
      ...plainRequest,
      kind: 'copy',
      source: '/dev/sdb',
      destinations: ['/dev/sdc', '/dev/sdd', '/home/me/copy.img'],
    });
  });

  test('chooses an image by the native dialog, and changes nothing when that is dismissed', async () => {
    await open.start({ state: { disks } });
    await button('Choose an image…').click();
    await expect.poll(() => open.main.asked('chooseImage')).toHaveLength(1);
    expect(await source(/^Image file/).count()).toBe(0);
    open.main.image = '/home/me/disk.img';
    await button('Choose an image…').click();
    await source('Image file /home/me/disk.img').waitFor();
    await destination('/dev/sdb').click();
    await open.page.getByRole('switch', { name: 'Verify' }).click();
    await review();
    expect(open.main.lastRequest()).toMatchObject({ source: '/home/me/disk.img', verify: false });
  });

  test('takes an image that the desktop opens as the source, once', async () => {
    await open.start({ state: { disks, opened: { path: '/home/me/disk.img', at: 1 } } });
    await source('Image file /home/me/disk.img').waitFor();
    await clone('/dev/sdb');
    await open.main.push({ disks: [...disks], opened: { path: '/home/me/disk.img', at: 1 } });
    expect(await source('/dev/sdb').count()).toBe(1);
    await open.main.push({ opened: { path: '/home/me/other.img', at: 2 } });
    await source('Image file /home/me/other.img').waitFor();
  });

  test('takes an image by drag and drop', async () => {
    await open.start({ state: { disks } });
    const transfer = await open.page.evaluateHandle(() => {
      const dropped = new DataTransfer();
      dropped.items.add(new File(['x'], 'dropped.img'));
      return dropped;
    });
    await open.page.dispatchEvent('section[aria-labelledby="source-heading"]', 'drop', { dataTransfer: transfer });
    await source('Image file /dropped/dropped.img').waitFor();
  });

  test.each([
    [make.systemDisk, 'It holds the running system'],
    [make.readOnlyDisk, 'It is write-protected'],
    [make.smallDisk, 'Too small: 60 GB less than the source.'],
    [make.sticks(1)[0]!, 'This is the source.'],
  ])('locks $path with its reason against mouse and keyboard', async (locked, reason) => {
    await open.start({ state: { disks } });
    await clone('/dev/sdb');
    const box = destination(locked.path);
    expect(await box.isDisabled()).toBe(true);
    expect(await box.innerText()).toContain(reason);
    expect(
      await box.evaluate((node) => document.getElementById(node.getAttribute('aria-describedby') ?? '')?.textContent),
    ).toContain(reason);
    await box.click({ force: true });
    await box.focus();
    await open.page.keyboard.press('Space');
    await box.evaluate((node: HTMLElement) => node.click());
    await button('Select all (4)').click();
    expect(await box.getAttribute('aria-checked')).toBe('false');
    await review();
    expect(open.main.lastRequest()?.destinations).toEqual(['/dev/sdc', '/dev/sdd', '/dev/sde', '/dev/sdx']);
  });

  test('says where a drive is mounted, and "Select all" takes it too', async () => {
    await open.start({ state: { disks: [...make.sticks(2), make.mountedDisk] } });
    await clone('/dev/sdb');
    expect(await destination('/dev/sdx').innerText()).toContain('mounted at /media/photos');
    const disksToRead = await openDisks(open.page);
    expect(await disksToRead.getByRole('radio', { name: '/dev/sdx' }).innerText()).toContain(
      'Mounted at /media/photos: the copy is consistent only if nothing writes to it during the job.',
    );
    await open.page.keyboard.press('Escape');
    await button('Select all (2)').click();
    await review();
    expect(open.main.lastRequest()).toMatchObject({ destinations: ['/dev/sdc', '/dev/sdx'], unmount: true });
  });

  test('marks a drive as new and announces it, and moves neither choice nor focus', async () => {
    const [first, second, third] = make.sticks(3);
    await open.start({ state: { disks: [first!, third!] }, alone: true });
    await open.page.clock.install({ time: 0 });
    await open.page.clock.pauseAt(60 * 60_000);
    await destination('/dev/sdd').click();
    await destination('/dev/sdd').focus();
    await open.main.push({ disks: [first!, second!, third!] });
    await destination('/dev/sdc').getByText('New').waitFor();
    expect(await open.page.getByText('New', { exact: true }).count()).toBe(1);
    await open.page.getByText('Plugged in: SanDisk Ultra Fit.').waitFor({ state: 'attached' });
    expect(await open.page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toContain('/dev/sdd');
    expect(await destination('/dev/sdd').isChecked()).toBe(true);
    await open.picture('arrived-light');
    const place = await destination('/dev/sdd').boundingBox();
    await open.page.clock.runFor(NEW_MS);
    await open.page.getByText('New', { exact: true }).first().waitFor({ state: 'detached' });
    expect(await destination('/dev/sdd').boundingBox()).toEqual(place);
  });

  test('says how the list is kept when the system does not announce drives', async () => {
    const advice = 'The list is read every two seconds instead; nothing else is affected.';
    await open.start({
      state: {
        disks,
        hotplugError: make.failure('ENGINE_UNAVAILABLE', {
          op: 'host',
          message: 'The system does not tell Platter when drives come and go (EPERM).',
          advice,
        }),
      },
    });
    await open.page.getByText('does not tell Platter when drives').waitFor();
  });

  test('gives up a destination that is chosen as the source', async () => {
    await open.start({ state: { disks } });
    await destination('/dev/sdb').click();
    await destination('/dev/sdc').click();
    await clone('/dev/sdb');
    await review();
    expect(open.main.lastRequest()?.destinations).toEqual(['/dev/sdc']);
  });

  test('puts the name of a batch into the request and the command line', async () => {
    await open.start({ state: { disks } });
    await clone('/dev/sdb');
    await destination('/dev/sdc').click();
    await open.page.getByRole('textbox', { name: 'Job name (optional)' }).fill(" Room 12's ");
    await button('Command line').click();
    await open.page.getByText("platter copy --name 'Room 12'\\''s'").waitFor();
    await review();
    expect(open.main.lastRequest()?.name).toBe("Room 12's");
  });

  test('allows at most 32 destinations', async () => {
    await open.start({ state: { disks: make.sticks(33) } });
    await button('Select all (33)').click();
    await clone('/dev/sdb');
    // The source has left a place. The 33rd drive takes it, and no place is free then.
    expect(await open.page.getByRole('checkbox', { checked: true }).count()).toBe(31);
    open.main.newImage = '/a.img';
    await button('New image file…').click();
    await open.page.getByText('New image in /').waitFor();
    expect(await button('New image file…').isDisabled()).toBe(true);
    const last = open.page.getByRole('checkbox', { checked: false, name: '/dev/sda' }).last();
    expect(await last.innerText()).toContain('at most 32 destinations');
  });

  test('drops from the choice a drive that was pulled, or swapped under its path', async () => {
    await open.start({ state: { disks } });
    await clone('/dev/sdb');
    await destination('/dev/sdc').click();
    await destination('/dev/sdd').click();
    await destination('/dev/sde').click();
    await open.main.push({
      disks: disks
        .filter(({ path }) => path !== '/dev/sdc')
        .map((each) => (each.path === '/dev/sdd' ? { ...each, serial: 'ANOTHER' } : each)),
    });
    await open.page.getByText('Removed and no longer chosen: sdc.').waitFor();
    await open.page.getByText('sdd is now another drive').waitFor();
    // A drive that is plugged in again is listed, but not chosen.
    await open.main.push({ disks });
    await destination('/dev/sdc').waitFor();
    expect(await destination('/dev/sdc').isChecked()).toBe(false);
    await review();
    expect(open.main.lastRequest()?.destinations).toEqual(['/dev/sde']);
  });

  test('allows no review before source and destination are chosen', async () => {
    await open.start({ state: { disks } });
    await open.page.getByText('Choose a source.').waitFor();
    expect(await button('Review').isDisabled()).toBe(true);
    await clone('/dev/sdb');
    await open.page.getByText('Choose at least one destination.').waitFor();
    expect(await button('Review').isDisabled()).toBe(true);
  });

  test('F6 refuses a source that is no disk image, and offers to take its bytes as they are for it alone', async () => {
    await open.start({ state: { disks, opened: { path: '/home/me/disk.img.xz', at: 1 } } });
    const asIs = open.page.getByRole('switch', { name: 'Write the file’s bytes as they are' });
    open.main.reviewed = refuse(
      make.failure('NOT_AN_IMAGE', {
        device: '/home/me/disk.img.xz',
        reason: { kind: 'noDiskImage', file: { kind: 'packed', format: 'xz' } },
      }),
    );
    await destination('/dev/sdb').click();
    expect(await asIs.count(), 'nothing was refused yet').toBe(0);
    await review();
    await open.page
      .getByRole('region', { name: 'Job' })
      .getByText('It is a packed file (xz), not a disk image')
      .waitFor();
    await asIs.click();
    expect(await asIs.isChecked()).toBe(true);
    await button('Review').click();
    await expect.poll(() => open.main.lastRequest()).toMatchObject({ source: '/home/me/disk.img.xz', asIs: true });
    await clone('/dev/sdc');
    expect(await asIs.count()).toBe(0);
    await button('Review').click();
    await expect.poll(() => open.main.lastRequest()).toMatchObject({ source: '/dev/sdc', asIs: false });
  });

  test('F5 says what is on a disk: several signatures, a table without partitions, unknown contents', async () => {
    const [first, second, third] = make.sticks(3) as [Disk, Disk, Disk];
    await open.start({
      state: {
        disks: [
          { ...first, signatures: ['ext4', 'btrfs'] },
          { ...second, partitionTable: 'gpt', signatures: ['gpt'] },
          { ...third, signatures: null },
        ],
      },
    });
    const zone = open.page.getByRole('region', { name: 'Destinations' });
    for (const text of [
      'several signatures: ext4, btrfs',
      'partition table, no partitions known to the system',
      'contents unknown',
    ])
      await zone.getByText(text).waitFor();
  });

  test('shows refusals at the destination and beside the button, until the choice changes', async () => {
    await open.start({ state: { disks } });
    open.main.reviewed = refuse(
      make.failure('IN_USE', { device: '/dev/sdc', message: '/dev/sdc is in use.', advice: 'Close what uses it.' }),
      make.failure('SOURCE_UNREADABLE', { device: '/dev/sdb', message: '/dev/sdb cannot be read.' }),
      make.failure('NOT_PERMITTED', { message: 'Platter may not open disks.', advice: 'Start it with pkexec.' }),
    );
    await clone('/dev/sdb');
    await destination('/dev/sdc').click();
    await review();
    const zone = (name: string) => open.page.getByRole('region', { name });
    await zone('Destinations').getByText('/dev/sdc is in use.').waitFor();
    await zone('Source').getByText('/dev/sdb cannot be read.').waitFor();
    for (const text of [
      '/dev/sdc is in use.',
      'Close what uses it.',
      '/dev/sdb cannot be read.',
      'Start it with pkexec.',
      'nothing was written',
    ]) {
      await zone('Job').getByText(text).waitFor();
    }
    await open.picture('refused-light');
    await destination('/dev/sdd').click();
    expect(await open.page.getByText('is in use').count()).toBe(0);
  });

  test('shows the command line after one click, and copies it', async () => {
    await open.start({ state: { disks }, alone: true });
    await open.page.context().grantPermissions(['clipboard-read']);
    await clone('/dev/sdb');
    await destination('/dev/sdc').click();
    await button('Command line').click();
    await button('Copy').click();
    await open.page.getByText('Copied.').waitFor();
    expect(await open.page.evaluate(() => navigator.clipboard.readText())).toBe('platter copy /dev/sdb /dev/sdc');
  });

  test('explains what to do when no drive is there, and asks main on refresh', async () => {
    await open.start({
      state: { disksError: make.failure('IO_ERROR', { message: 'lsblk is missing.', advice: 'Install util-linux.' }) },
    });
    await open.page.getByText('Plug in a drive. It appears here.').waitFor();
    await open.page.getByText('Install util-linux.').waitFor();
    await button('Refresh').click();
    await expect.poll(() => open.main.names()).toContain('refreshDisks');
    await open.picture('no-drives-light');
  });

  test('puts a failed call into words', async () => {
    await open.start({ state: { disks } });
    open.main.broken = 'no handler registered';
    await button('Refresh').click();
    await open.page.getByText('no handler registered').waitFor();
  });
});

describe.each(['light', 'dark'] as const)('pictures of choosing, %s', (scheme) => {
  test('takes pictures before and after choosing', async () => {
    await open.start({ state: { disks }, scheme });
    await open.picture(`choose-empty-${scheme}`);
    open.main.image = '/home/me/images/station-42.img';
    open.main.newImage = '/home/me/copy.img';
    await button('Choose an image…').click();
    await button('Select all (6)').click();
    await button('New image file…').click();
    await button('Command line').click();
    await open.picture(`choose-${scheme}`);
  });
});
