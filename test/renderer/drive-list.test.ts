// The list of destinations in the built page: what a row shows, how drives are found, and the keyboard in it.
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../app/contract/disks.ts';
import { driveKind } from '../../renderer/disk-facts.ts';
import { Filters, type Order } from '../../renderer/state/filters.svelte.ts';
import * as make from './support/fixtures.ts';
import { described } from './support/images.ts';
import { oneWindow } from './support/one-window.ts';
import { chooseDisk } from './support/source.ts';

const open = oneWindow();

/** Sticks in the bays 1 to n, at /dev/sdb on. */
const bays = (n: number): Disk[] =>
  make.sticks(n).map((disk, i) => ({ ...disk, diskSequence: 40 - i, port: make.usbPort(1, i + 1, i + 1) }));

const zone = () => open.page.getByRole('region', { name: 'Destinations' });
const rows = () => zone().getByRole('checkbox');
const row = (path: string) => zone().getByRole('checkbox', { name: path });
const paths = () => rows().evaluateAll((all) => all.map((each) => each.getAttribute('data-path')));
const chosen = () =>
  zone()
    .getByRole('checkbox', { checked: true })
    .evaluateAll((all) => all.map((each) => each.getAttribute('data-path')));
const focused = () => open.page.evaluate(() => document.activeElement?.getAttribute('data-path') ?? null);
const press = (key: string) => open.page.keyboard.press(key);

describe('a row', () => {
  test.each<[string, Partial<Disk>]>([
    ['stick', {}],
    ['card', { path: '/dev/mmcblk0', transport: 'mmc' }],
    ['card', { model: 'SD/MMC Reader' }],
    ['nvme', { path: '/dev/nvme1n1', transport: 'nvme', removable: false }],
    ['hdd', { transport: 'sata', removable: false, rotational: true }],
    ['ssd', { removable: false }],
    ['optical', { path: '/dev/sr0', transport: 'sata' }],
    ['file', { kind: 'loop', transport: 'loop', removable: false }],
  ])('knows a drive of the kind %s', (kind, more) => {
    expect(driveKind(make.disk('/dev/sdb', more))).toBe(kind);
  });

  test('shows the bay, the serial, what is on the drive, and a map of its partitions', async () => {
    const partitions = [
      { path: '/dev/sdb1', size: 8e9, label: 'boot', fileSystem: 'vfat', mountedAt: [] },
      { path: '/dev/sdb2', size: 32e9, label: null, fileSystem: 'ext4', mountedAt: [] },
    ];
    const [first, second, third] = bays(3) as [Disk, Disk, Disk];
    await open.start({
      state: { disks: [{ ...first, partitions }, { ...second, fileSystem: 'vfat', label: 'PHOTOS' }, third] },
    });

    const texts = await rows().allInnerTexts();

    expect(texts[0]).toMatch(/SanDisk Ultra Fit\s+Bay 1\s+64.GB\s+…DB0716 · 2 partitions: FAT “boot”, ext4/u);
    expect(texts[1]).toContain('…DC0716 · FAT · PHOTOS');
    expect(texts[2]).toContain('…DD0716 · No data found');
    expect(await row('/dev/sdb').locator('[data-partitions="2"]').count()).toBe(1);
    expect(await row('/dev/sdb').locator('[data-kind="stick"]').count()).toBe(1);
    expect(await row('/dev/sdb').getAttribute('aria-label')).toBe('SanDisk Ultra Fit, Bay 1, 64 GB, /dev/sdb');
  });

  test('is locked at once when the drive is too small for the image', async () => {
    await open.start({ state: { disks: [...bays(2), make.smallDisk] } });
    open.main.image = '/home/me/disk.img.xz';
    open.main.described = { ok: true, value: described({ size: 32e9 }) };

    await open.page.getByRole('button', { name: 'Choose an image…' }).click();

    await row('/dev/sdy').getByText('Too small: 28 GB less than the source.').waitFor();
    expect(await row('/dev/sdy').isDisabled()).toBe(true);
    expect(await row('/dev/sdb').isDisabled()).toBe(false);
  });
});

describe('finding drives', () => {
  const [one, two, three] = bays(3) as [Disk, Disk, Disk];
  const disks = [
    make.systemDisk,
    { ...one, size: 128e9 },
    { ...two, label: 'Prüfung', fileSystem: 'vfat' },
    { ...three, model: 'Kingston DataTraveler' },
  ];
  const found = (search: string): string[] => {
    const filters = new Filters();
    filters.search = search;
    return disks.filter((disk) => filters.pass(disk)).map(({ path }) => path);
  };
  const ordered = (order: Order): string[] => {
    const filters = new Filters();
    filters.order = order;
    return filters.sorted(disks).map(({ path }) => path);
  };

  test.each([
    ['', ['/dev/nvme0n1', '/dev/sdb', '/dev/sdc', '/dev/sdd']],
    ['kingston', ['/dev/sdd']],
    ['dc0716', ['/dev/sdc']],
    ['bay 2', ['/dev/sdc']],
    ['port 3', ['/dev/sdd']],
    ['PRUFUNG', ['/dev/sdc']],
    ['sandisk 128 gb', ['/dev/sdb']],
    ['/dev/sdb', ['/dev/sdb']],
    ['nothing', []],
  ])('finds by «%s»', (search, expected) => {
    expect(found(search)).toEqual(expected);
  });

  test.each<[Order, string]>([
    ['bay', '/dev/sdb /dev/sdc /dev/sdd'],
    ['model', '/dev/sdd /dev/sdb /dev/sdc'],
    ['size', '/dev/sdc /dev/sdd /dev/sdb'],
    ['newest', '/dev/sdb /dev/sdc /dev/sdd'],
  ])("sorts by %s, with the system's disk last", (order, letters) => {
    expect(ordered(order)).toEqual([...letters.split(' '), '/dev/nvme0n1']);
  });

  test('Ctrl+F goes to the search, which never hides a chosen drive; Escape clears it', async () => {
    await open.start({ state: { disks } });
    await row('/dev/sdb').click();
    await press('Control+f');
    await open.page.keyboard.type('kingston');
    await zone().getByText('2 drives are not shown.').waitFor();
    expect(await paths()).toEqual(['/dev/sdb', '/dev/sdd']);
    await zone().getByRole('button', { name: 'Select all (2)' }).click();
    expect(await chosen()).toEqual(['/dev/sdb', '/dev/sdd']);
    await press('Control+f');
    await press('Escape');
    expect(await paths()).toHaveLength(4);
  });

  test('says when nothing is found', async () => {
    await open.start({ state: { disks } });
    await zone().getByRole('textbox', { name: 'Search drives' }).fill('zip drive');
    await zone().getByText('No drive matches “zip drive”.').waitFor();
    await zone().getByRole('button', { name: 'Clear the search' }).click();
    expect(await rows().count()).toBe(4);
  });

  test('the list follows the chosen order, and the job keeps that of the bays', async () => {
    await open.start({ state: { disks } });
    await zone().getByRole('combobox', { name: 'Sort' }).selectOption('By size');
    expect(await paths()).toEqual(['/dev/sdc', '/dev/sdd', '/dev/sdb', '/dev/nvme0n1']);
    await row('/dev/sdd').click();
    await row('/dev/sdb').click();
    await chooseDisk(open.page, '/dev/sdc');
    await open.page.getByRole('button', { name: 'Review' }).click();
    await expect.poll(() => open.main.lastRequest()?.destinations).toEqual(['/dev/sdb', '/dev/sdd']);
  });

  test('tells to plug in a drive when only the disk of the system is there', async () => {
    await open.start({ state: { disks: [make.systemDisk] } });
    await zone().getByText('Plug in a drive. It appears here.').waitFor();
    for (const advice of [/^Nothing appears\? Try another port/u, /^The disks below cannot be chosen/u])
      await zone().getByText(advice).waitFor();
    expect(await row('/dev/nvme0n1').isDisabled()).toBe(true);
    expect(await zone().getByRole('search').count()).toBe(0);
  });
});

describe('choosing drives', () => {
  test('counts what is chosen, with its size, and both buttons stay', async () => {
    await open.start({ state: { disks: [make.systemDisk, ...bays(4)] } });
    await zone().getByText('0 of 4 chosen').waitFor();
    await zone().getByRole('button', { name: 'Select all (4)' }).click();
    await zone().getByText('4 of 4 chosen, 256 GB').waitFor();
    expect(await zone().getByRole('button', { name: 'Select all (4)' }).isDisabled()).toBe(true);
    await zone().getByRole('button', { name: 'Clear' }).click();
    expect(await chosen()).toEqual([]);
  });

  test('Shift and a click choose from the last clicked drive on, without locked ones', async () => {
    const disks = bays(6).map((disk, i) => (i === 2 ? { ...disk, locked: make.readOnlyDisk.locked } : disk));
    await open.start({ state: { disks } });
    await rows().nth(1).click();
    await rows()
      .nth(4)
      .click({ modifiers: ['Shift'] });
    expect(await chosen()).toEqual(['/dev/sdc', '/dev/sde', '/dev/sdf']);
    // The range ends elsewhere now.
    await rows()
      .nth(3)
      .click({ modifiers: ['Shift'] });
    expect(await chosen()).toEqual(['/dev/sdc', '/dev/sde']);
  });

  test('the list is one Tab stop, in which the arrows move, and locked drives tell their reason', async () => {
    await open.start({ state: { disks: [...bays(4), make.readOnlyDisk] } });
    open.main.newImage = '/home/me/copy.img';
    await zone().getByRole('button', { name: 'New image file…' }).click();
    await zone().getByText('New image in /home/me').waitFor();
    await row('/dev/sdb').focus();

    await press('ArrowDown');
    await press('Space');
    expect(await chosen()).toEqual(['/dev/sdc']);
    await press('End');
    expect(await focused()).toBe('/home/me/copy.img');
    await press('ArrowUp');
    expect(await focused()).toBe('/dev/mmcblk0');
    await press('Space');
    expect(await chosen()).toEqual(['/dev/sdc']);
    const about = await row('/dev/mmcblk0').evaluate(
      (node) => document.getElementById(node.getAttribute('aria-describedby') ?? '')?.textContent,
    );
    expect(about).toContain('It is write-protected');
    await press('Home');
    await press('Tab');
    expect(await open.page.evaluate(() => document.activeElement?.textContent.trim())).toBe('New image file…');
    await press('Shift+Tab');
    expect(await focused()).toBe('/dev/sdb');
  });

  test('Shift and arrows choose a range, which shrinks too; Ctrl+A chooses what "Select all" chooses', async () => {
    await open.start({ state: { disks: [make.systemDisk, ...bays(5)] } });
    await row('/dev/sdc').focus();
    for (const key of ['Shift+ArrowDown', 'Shift+ArrowDown']) await press(key);
    expect(await chosen()).toEqual(['/dev/sdc', '/dev/sdd', '/dev/sde']);
    await press('Shift+ArrowUp');
    expect(await chosen()).toEqual(['/dev/sdc', '/dev/sdd']);
    expect(await focused()).toBe('/dev/sdd');
    await press('Control+a');
    expect(await chosen()).toHaveLength(5);
  });

  test('32 drives stand in two columns of a wide window, and the list fades where it goes on', async () => {
    await open.start({ state: { disks: bays(32) }, width: 1920, height: 1080 });
    const [first, second, third] = await Promise.all([0, 1, 2].map((n) => rows().nth(n).boundingBox()));
    expect([second!.y, second!.x > first!.x]).toEqual([first!.y, true]);
    expect(third!.x).toBe(first!.x);
    await rows().first().focus();
    await press('ArrowDown');
    expect(await focused()).toBe('/dev/sdd');
    await zone().locator('[data-more="below"]').waitFor();
    await press('End');
    await zone().locator('[data-more="above"]').waitFor();
    await open.picture('drives-32');
  });
});
