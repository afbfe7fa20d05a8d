// The source zone: one card for the chosen source, the ways to another one, the list of disks to clone, and drops.
import { describe, expect, test } from 'vitest';
import * as make from './support/fixtures.ts';
import { described, recentImage } from './support/images.ts';
import { oneWindow } from './support/one-window.ts';
import { plan } from './support/running-job.ts';
import { browseImage, chooseDisk, chooseEarlier, openDisks, sourceCard } from './support/source.ts';

const open = oneWindow();
const IMAGE = '/home/me/raspios-bookworm-arm64-full.img.xz';
const laptop = make.disk('/dev/sda', {
  model: 'Samsung SSD 870 EVO',
  size: 256e9,
  transport: 'sata',
  removable: false,
  partitionTable: 'gpt',
  mountedAt: ['/media/data'],
  partitions: [
    { path: '/dev/sda1', size: 0.5e9, label: 'EFI', fileSystem: 'vfat', mountedAt: [] },
    { path: '/dev/sda2', size: 200e9, label: null, fileSystem: 'ntfs', mountedAt: ['/media/data'] },
  ],
});
const disks = [make.systemDisk, laptop, ...make.sticks(3)];
const button = (name: string) => open.page.getByRole('button', { name, exact: true });
const focused = (): Promise<string | null> =>
  open.page.evaluate(
    () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement!.textContent.trim(),
  );

/** A drag with an image, or with a link. */
async function drag(
  type: 'dragover' | 'dragleave' | 'drop',
  where: string,
  data: 'file' | 'text' = 'file',
): Promise<void> {
  await open.page.evaluate(
    ([name, selector, what]) => {
      const dataTransfer = new DataTransfer();
      if (what === 'file') dataTransfer.items.add(new File(['x'], 'dropped.img'));
      else dataTransfer.setData('text/plain', 'words');
      document
        .querySelector(selector)!
        .dispatchEvent(new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true }));
    },
    [type, where, data] as const,
  );
}

describe('the card of the source', () => {
  test.each([
    ['light', 1280, 800, 'en'],
    ['dark', 1280, 800, 'en'],
    ['light', 800, 600, 'de'],
    ['light', 1920, 1080, 'en'],
  ] as const)('says what an image is and how large (%s, %d x %d, %s)', async (scheme, width, height, language) => {
    await open.start({ state: { disks, language }, scheme, width, height });
    open.main.image = IMAGE;
    open.main.described = { ok: true, value: described() };
    await open.picture(`source-none-${scheme}-${width}-${language}`);

    await open.page.keyboard.press('Control+o');
    await open.page.getByText('xz → GPT').waitFor();
    await open.picture(`source-image-${scheme}-${width}-${language}`);

    if (language !== 'en') return;
    const words = (await sourceCard(open.page, `Image file ${IMAGE}`).innerText()).replaceAll('\u00A0', ' ');
    for (const part of ['raspios-bookworm-arm64-full.img.xz', '1.1 GB, unpacked 5.9 GB', '/home/me', '537 MB'])
      expect(words).toContain(part);
    expect(await open.page.getByText('1.1 GB, unpacked 5.9 GB').getAttribute('title')).toBe(
      '1,100,000,000 bytes, unpacked 5,900,000,000 bytes',
    );
  });

  test('says what a disk is, what is on it, and that it is mounted', async () => {
    await open.start({ state: { disks } });
    await chooseDisk(open.page, '/dev/sda');
    await open.picture('source-disk');

    const card = sourceCard(open.page, '/dev/sda');
    const words = (await card.innerText()).replaceAll('\u00A0', ' ');
    for (const part of ['Samsung SSD 870 EVO', '256 GB', '…DA0716', 'NTFS', 'the copy is consistent only if'])
      expect(words).toContain(part);
    expect(await card.getByRole('img').getAttribute('aria-label')).toMatch(/^2 partitions: FAT “EFI” 500.MB, NTFS/u);
  });

  test('has the picture that the disk has in the list of destinations', async () => {
    await open.start({ state: { disks } });
    await chooseDisk(open.page, '/dev/sda');
    const card = sourceCard(open.page, /sda/u);
    expect(await card.locator('[data-kind="ssd"]').count()).toBe(1);
    await chooseDisk(open.page, '/dev/sdc');
    expect(await sourceCard(open.page, /sdc/u).locator('[data-kind="stick"]').count()).toBe(1);
  });

  test('stays while the user looks at alternatives, and keeps the source', async () => {
    await open.start({ state: { disks, recent: [recentImage('station-42.img')] } });
    await chooseDisk(open.page, '/dev/sdb');
    await button('Change…').click();
    await open.page.getByRole('list', { name: 'Recent images' }).waitFor();
    await open.picture('source-changing');
    await sourceCard(open.page, '/dev/sdb').waitFor();
    await open.page.getByRole('checkbox', { name: '/dev/sdc' }).click();
    await button('Review').click();
    expect(open.main.lastRequest()).toMatchObject({ source: '/dev/sdb' });

    await button('Keep this one').click();
    expect(await open.page.getByText('Recent images').count()).toBe(0);
  });

  test('goes back to the image that was chosen before a disk', async () => {
    await open.start({ state: { disks } });
    open.main.image = IMAGE;
    await browseImage(open.page);
    await chooseDisk(open.page, '/dev/sdb');
    await chooseEarlier(open.page, `Image file ${IMAGE}`);
    await sourceCard(open.page, `Image file ${IMAGE}`).waitFor();
    expect(await sourceCard(open.page, '/dev/sdb').count()).toBe(0);
  });
});

describe('the list of disks to clone', () => {
  test.each([
    ['light', 1280, 800],
    ['dark', 800, 600],
  ] as const)('has every disk, the one of the running system last (%s, %d x %d)', async (scheme, width, height) => {
    await open.start({ state: { disks }, scheme, width, height });
    const list = await openDisks(open.page);
    await open.picture(`source-disks-${scheme}-${width}`);
    const names = await list
      .getByRole('radio')
      .evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')));
    expect(names.map((name) => name?.split(', ').at(-1))).toEqual([
      '/dev/sda',
      '/dev/sdb',
      '/dev/sdc',
      '/dev/sdd',
      '/dev/nvme0n1',
    ]);
    expect(await list.getByRole('radio').last().innerText()).toContain('Mounted at /');
  });

  test('is one Tab stop, the arrows choose nothing, and Enter takes the disk', async () => {
    await open.start({ state: { disks } });
    const list = await openDisks(open.page);
    const { keyboard } = open.page;
    await list.getByRole('radio').first().focus();
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowDown');
    expect(await focused()).toContain('/dev/sdc');
    expect(await open.page.locator('[data-source]').count()).toBe(0);
    await keyboard.press('Tab');
    expect(await focused()).toBe('Close');

    await keyboard.press('Tab');
    expect(await focused()).toContain('/dev/sdc');
    await keyboard.press('Enter');
    await sourceCard(open.page, '/dev/sdc').waitFor();
    await expect.poll(focused).toContain('/dev/sdc');
  });

  test('has the focus on the first disk that can be read, and on the source once it is a disk', async () => {
    await open.start({ state: { disks } });
    await openDisks(open.page);
    await expect.poll(focused).toContain('/dev/sda');
    await open.page.keyboard.press('Escape');

    await chooseDisk(open.page, '/dev/sdc');
    await openDisks(open.page);

    await expect.poll(focused).toContain('/dev/sdc');
  });

  test('is closed by Escape with nothing chosen, and the focus returns to its button', async () => {
    await open.start({ state: { disks } });
    await openDisks(open.page);
    await open.page.keyboard.press('Escape');
    await open.page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Clone a disk…');
    expect(await open.page.locator('[data-source]').count()).toBe(0);
  });
});

describe('a drag over the window', () => {
  test('is answered by the source zone wherever it is, and what is dropped becomes the source', async () => {
    await open.start({ state: { disks } });
    await drag('dragover', 'section[aria-labelledby="destinations-heading"]');
    await open.page.getByText('Drop to use as the source').waitFor();
    await open.picture('source-drag');
    await drag('dragleave', 'body');
    await open.page.getByText('Drop to use as the source').waitFor({ state: 'detached' });

    await drag('drop', 'section[aria-labelledby="destinations-heading"]');
    await sourceCard(open.page, 'Image file /dropped/dropped.img').waitFor();
  });

  test('with mere text is not answered', async () => {
    await open.start({ state: { disks } });
    await drag('dragover', 'main', 'text');
    expect(await open.page.getByText('Drop to use as the source').count()).toBe(0);
  });

  test('changes nothing during a review', async () => {
    await open.start({ state: { disks, review: make.review(plan) } });
    await drag('drop', 'main');
    await open.page.keyboard.press('Control+o');
    await button('Back').click();
    await sourceCard(open.page, /station-42/).waitFor();
    expect(open.main.asked('chooseImage')).toEqual([]);
  });
});
