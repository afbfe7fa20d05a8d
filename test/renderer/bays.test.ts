// The bays in the settings of the built page, and on tiles.
import { expect, test } from 'vitest';
import type { KeptBay } from '../../app/contract/bays.ts';
import type { Disk } from '../../app/contract/disks.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';

const open = oneWindow();

/** A stick in port `port` of hub 1. */
const stick = (port: number, bay: number | null = null): Disk => ({
  ...make.sticks(1)[0]!,
  path: `/dev/sd${'bcdefgh'[port]!}`,
  serial: `4C530001${port}`,
  port: make.usbPort(1, port, bay),
});
const kept = (port: number, name: string | null = null): KeptBay => ({ port: make.usbPort(1, port).path, name });
const stored = (): unknown => open.main.asked('setBays').at(-1)?.[0];

async function openSettings(): Promise<ReturnType<typeof open.page.getByRole>> {
  await open.page.keyboard.press('Control+,');
  const drawer = open.page.getByRole('dialog', { name: 'Settings' });
  await drawer.waitFor();
  return drawer;
}

test('the settings show each bay with its number and the drive in it, and keep a name', async () => {
  await open.start({ state: { disks: [stick(2, 1)] } });
  open.main.bays = [kept(2), kept(1)];
  const drawer = await openSettings();

  const cards = drawer.getByRole('list', { name: 'Bays' }).getByRole('listitem');
  await drawer.getByRole('textbox', { name: 'Name of bay 2' }).fill('Left');
  await drawer.getByRole('textbox', { name: 'Name of bay 2' }).press('Enter');

  expect(await cards.allInnerTexts()).toEqual([expect.stringContaining('Ultra'), expect.stringContaining('empty')]);
  await expect.poll(stored).toEqual([kept(2), kept(1, 'Left')]);
  await open.picture('bays');
});

test('bays are numbered in the order in which drives are plugged in, and keep their names', async () => {
  await open.start({ state: { disks: [] } });
  open.main.bays = [kept(1, 'Left'), kept(2), kept(3)];
  const drawer = await openSettings();
  await drawer.getByRole('button', { name: 'Number by plugging in…' }).click();

  await open.main.push({ disks: [stick(3)] });
  await drawer.getByText('Bay 1 is known').waitFor();
  await open.main.push({ disks: [stick(1), stick(3)] });
  await drawer.getByText('Bay 2 is known').waitFor();
  await drawer.getByRole('button', { name: 'Done' }).click();

  await expect.poll(stored).toEqual([kept(3), kept(1, 'Left')]);
});

test('a tile, its details and the header name a drive by its bay', async () => {
  const plan = make.plan([stick(1, 6), stick(2, 7)].map((disk) => make.endpoint(disk)));
  const written = plan.bytes * 0.4;
  const progress = [
    { state: 'copying' as const, written, bytesPerSecond: 9e6 },
    { state: 'failed' as const, written },
  ];
  await open.start({ state: { job: make.job(plan, progress, { errors: [make.writeError(1, '/dev/sdd')] }) } });

  await open.page.getByRole('heading', { name: 'Bay 6, Copying' }).waitFor();
  await open.page.getByText('Set Bay 7 aside.').waitFor();
  await open.picture('bays-job');

  await open.page.getByRole('button', { name: 'Details of Bay 7' }).click();
  await open.page.getByRole('dialog', { name: 'Bay 7' }).waitFor();
});
