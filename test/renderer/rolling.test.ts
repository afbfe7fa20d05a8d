// Rolling batches: finished drives are taken out while the job goes on for others.
import { describe, expect, test } from 'vitest';
import type { Disk } from '../../app/contract/disks.ts';
import type { Outcome } from '../../app/contract/errors.ts';
import type { DestinationProgress, Endpoint, Plan } from '../../app/contract/jobs.ts';
import { tilesOf } from '../../app/view/destination-progress.ts';
import { placesOf } from '../../app/view/removal.ts';
import type { JobView } from '../../app/contract/window.ts';
import { refuse } from './support/window.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';

const open = oneWindow();

const stickIn = (bay: number) => ({
  ...make.sticks(bay)[bay - 1]!,
  port: make.usbPort(1, bay, bay),
});
const bays = [1, 2, 3, 4, 5].map(stickIn);
const planOf = (count: number) => make.plan(bays.slice(0, count).map((disk) => make.endpoint(disk)));
const done = (bytes: number): Partial<DestinationProgress> => ({
  state: 'done',
  written: bytes,
  verified: bytes,
  letGo: true,
});
/** Bays 1 and 2 are done, the others are written. */
const rolling = (count: number): JobView => {
  const plan = planOf(count);
  return make.job(plan, [done(plan.bytes), done(plan.bytes)]);
};

/** A fresh drive in this bay, instead of the one that was there. */
const freshIn = (bay: number, more: Partial<Disk> = {}): Disk =>
  make.disk('/dev/sdz', { serial: 'FRESH0000001', port: make.usbPort(1, bay, bay), ...more });
/** Takes the drive of bay 1 out, and plugs this one in. */
async function plugIn(...come: Disk[]): Promise<void> {
  await open.main.push({ disks: bays.slice(1) });
  await open.main.push({ disks: [...bays.slice(1), ...come] });
}
const bar = () => open.page.getByRole('region', { name: 'Drives that were plugged in' });
const add = () => bar().getByRole('button', { name: 'Add to this job' });
const drawer = () => open.page.getByRole('dialog');
/** The plan of the job for this disk alone. */
const planFor = (disk: Disk, more: Partial<Endpoint> = {}): Outcome<Plan> => ({
  ok: true,
  value: make.plan([make.endpoint(disk, more)]),
});

const tile = (bay: number) =>
  open.page
    .getByRole('listitem')
    .filter({ has: open.page.getByRole('button', { name: `Details of Bay ${bay}`, exact: true }) });
const headerName = () => open.page.locator('header h2').getAttribute('aria-label');

describe('a finished drive of a running job', () => {
  test.each([
    ['rows', 3],
    ['tiles', 5],
  ])('is named on %s as one to take out, in the good colour, and counted in the header', async (_, count) => {
    await open.start({ state: { disks: bays, job: rolling(count) } });

    await tile(1).getByRole('heading', { name: 'Bay 1, Verified, Take it out', exact: true }).waitFor();
    const word = tile(1).getByText('Take it out', { exact: true });
    const { colour, size } = await word.evaluate((node) => {
      const style = getComputedStyle(node);
      return { colour: style.color, size: parseFloat(style.fontSize) };
    });
    expect(colour).toBe(
      await tile(1)
        .locator('h2')
        .evaluate((node) => getComputedStyle(node).color),
    );
    expect(size).toBeGreaterThanOrEqual(18);
    expect(await headerName()).toMatch(/^2 ready to take out, 2 verified/);
    await open.page.getByText('Bay 1 and Bay 2 are done: take them out.').waitFor();
    expect(await tile(3).getByText('Take it out').count()).toBe(0);
  });

  test('is not counted any more once it is out, and must be ejected first when it is mounted again', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });

    await open.main.push({
      disks: bays.slice(1).map((disk, i) => (i === 0 ? { ...disk, mountedAt: ['/media/x'] } : disk)),
    });

    await tile(1).getByRole('heading', { name: 'Bay 1, Verified, Taken out', exact: true }).waitFor();
    await tile(2).getByRole('heading', { name: 'Bay 2, Verified, Eject first', exact: true }).waitFor();
    expect(await headerName()).toMatch(/^2 verified/);
    await open.page.getByText('The system has mounted Bay 2 again').waitFor();
  });

  test('can be ejected while the others are written', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });

    await open.page.getByRole('button', { name: 'Eject 2 finished drives' }).click();

    expect(open.main.asked('eject')).toEqual([[[bays[0]!.path, bays[1]!.path]]]);
    await expect.poll(() => open.page.getByRole('button', { name: /^Eject/ }).count()).toBe(0);
    // Switched off, it must still be taken out.
    await tile(1).getByText('Take it out', { exact: true }).waitFor();
    expect(await open.page.evaluate(() => document.activeElement?.textContent)).toBe('Job details');
  });
});

describe('a drive that is plugged in while a job runs', () => {
  test('is offered, reviewed alone and added by a held button', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });
    const fresh = freshIn(1);
    open.main.reviewed = planFor(fresh);
    await plugIn(fresh);

    await bar().getByText('Bay 1 · SanDisk Ultra Fit').waitFor();
    expect(await open.page.locator('[aria-live=polite]').innerText()).toContain(
      'Bay 1 · SanDisk Ultra Fit can join this job.',
    );
    await add().click();
    await drawer().getByRole('heading', { name: 'Add Bay 1 to this job?' }).waitFor();
    expect(open.main.asked('prepareJoin')).toEqual([['/dev/sdz']]);
    expect(await drawer().getByRole('list', { name: 'Will be erased' }).innerText()).toContain('FRESH0000001');
    await drawer().getByRole('button', { name: 'Hold to add' }).hover();
    await open.page.mouse.down();
    await expect.poll(() => open.main.asked('join')).toEqual([['join 1']]);
    await open.page.mouse.up();

    await drawer().waitFor({ state: 'detached' });
    await bar().waitFor({ state: 'detached' });
    expect(open.main.asked('leaveJoin')).toEqual([]);
  });

  test('needs the typed word when it holds data, and can be reached and added by keyboard alone', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });
    const fresh = freshIn(1);
    open.main.reviewed = planFor(fresh, {
      contents: [make.ext4('HOLIDAY')],
      mounts: [{ device: '/dev/sdz1', target: '/media/x' }],
    });
    await plugIn(fresh);

    await add().focus();
    await open.page.keyboard.press('Enter');
    await drawer().getByText('sdz1, mounted at /media/x').waitFor();
    expect(await drawer().getByRole('button', { name: 'Hold to add' }).count()).toBe(0);
    await drawer().getByRole('textbox').focus();
    await open.page.keyboard.type('ERASE');
    await open.page.keyboard.press('Enter');

    await expect.poll(() => open.main.asked('join')).toEqual([['join 1']]);
    await drawer().waitFor({ state: 'detached' });
    expect(await open.page.evaluate(() => document.activeElement !== document.body)).toBe(true);
  });

  test.each(['Close', 'Escape'])('is let go when its review is left by %s', async (how) => {
    await open.start({ state: { disks: bays, job: rolling(5) } });
    open.main.reviewed = planFor(freshIn(1));
    await plugIn(freshIn(1));
    await add().click();
    await drawer().waitFor();

    if (how === 'Close') await drawer().getByRole('button', { name: 'Close' }).click();
    else await open.page.keyboard.press('Escape');

    await drawer().waitFor({ state: 'detached' });
    expect(open.main.asked('leaveJoin')).toHaveLength(1);
    expect(open.main.asked('join')).toEqual([]);
    await add().waitFor();
  });

  test('is refused by name, with what to do, and can be asked for again', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });
    open.main.reviewed = refuse(
      make.failure('IN_USE', { device: '/dev/sdz', reason: { kind: 'heldBy', holders: ['/dev/md0'] } }),
    );
    await plugIn(freshIn(1));

    await add().click();

    const alert = open.page.getByRole('alert');
    await alert.getByText('Bay 1 · SanDisk Ultra Fit was not added: nothing was written to it.').waitFor();
    expect(await alert.innerText()).toContain('Close the program that is using it');
    open.main.reviewed = planFor(freshIn(1));
    await add().click();
    await drawer().waitFor();
    expect(await open.page.getByRole('alert').count()).toBe(0);
  });

  test('is named with the reason when it is too small, and has nothing to add', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });

    await plugIn(freshIn(1, { size: 4e9 }));

    await bar().getByText('Cannot join this job. Too small: 27.9 GB less than the source.').waitFor();
    expect(await add().count()).toBe(0);
    await bar().getByRole('button', { name: 'Not now, Bay 1 · SanDisk Ultra Fit' }).click();
    await bar().waitFor({ state: 'detached' });
  });

  test.each([
    ['a fixed disk', freshIn(1, { removable: false, transport: 'sata' })],
    ['a disk of the system', freshIn(1, { system: true })],
  ])('is not offered when it is %s', async (_, disk) => {
    await open.start({ state: { disks: bays, job: rolling(5) } });
    await plugIn(disk);
    await tile(1).getByText('Taken out').waitFor();
    expect(await bar().count()).toBe(0);
  });

  test('is offered again with the remark that it is done when it was taken out and comes back', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });
    await plugIn(bays[0]!);
    await bar().getByText('Plugged in again, already verified in this job').waitFor();
  });

  test('is not offered for the place of a destination that can be tried again', async () => {
    const plan = planOf(5);
    const job = make.job(plan, [{ state: 'failed' }], {
      errors: [make.writeError(0, '/dev/sdb', { code: 'DEVICE_GONE', errno: 'ENODEV' })],
    });
    await open.start({ state: { disks: bays, job } });
    await plugIn(bays[0]!);
    await open.page.locator('[aria-live=polite]').getByText('Plugged in').waitFor();
    expect(await bar().count()).toBe(0);
  });

  test.each([
    ['ended', /^The job ended before Bay 1 · SanDisk Ultra Fit was added\. Nothing was written to it/],
    ['cancelling', /^The job is stopping, so Bay 1 · SanDisk Ultra Fit was not added/],
  ] as const)('is told of when the job is %s during its review', async (phase, news) => {
    const job = rolling(5);
    await open.start({ state: { disks: bays, job } });
    open.main.reviewed = planFor(freshIn(1));
    await plugIn(freshIn(1));
    await add().click();
    await drawer().waitFor();

    const { plan } = job;
    const result =
      phase === 'ended'
        ? make.result(
            plan,
            plan.destinations.map((_, i) => make.end(plan, i)),
          )
        : null;
    await open.main.push({ joining: null, job: { ...job, phase, result } });

    await drawer().waitFor({ state: 'detached' });
    await bar().getByText(news).waitFor();
    expect(await add().count()).toBe(0);
  });

  test('keeps its button in place when more drives are plugged in', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });
    const [one, two, three] = [1, 6, 7].map((bay) => freshIn(bay, { path: `/dev/sdz${bay}` }));
    await plugIn(one!);
    const button = bar()
      .getByRole('group', { name: /^Bay 1/ })
      .getByRole('button', { name: 'Add to this job' });
    const before = await button.boundingBox();

    await open.main.push({ disks: [...bays.slice(1), one!, two!, three!] });

    await bar().getByText('1 more drive was plugged in.').waitFor();
    expect(await button.boundingBox()).toEqual(before);
  });

  test('is let go when it is unplugged during its review', async () => {
    await open.start({ state: { disks: bays, job: rolling(5) } });
    open.main.reviewed = planFor(freshIn(1));
    await plugIn(freshIn(1));
    await add().click();
    await drawer().waitFor();

    await open.main.push({ disks: bays.slice(1) });

    await drawer().waitFor({ state: 'detached' });
    expect(open.main.asked('leaveJoin')).toHaveLength(1);
    await bar().getByText('Bay 1 · SanDisk Ultra Fit was unplugged before it was added.').waitFor();
  });

  test('takes the place of the finished one whose bay it came into, and of no failed one', async () => {
    const plan = make.plan([...planOf(5).destinations, make.endpoint(freshIn(1))]);
    const job = make.job(plan, [done(plan.bytes), done(plan.bytes)]);
    await open.start({ state: { disks: bays, job } });

    await plugIn(freshIn(1));

    await tile(1).getByText('1 verified here before').waitFor();
    const names = await open.page.getByRole('list', { name: 'Destinations' }).getByRole('heading').allInnerTexts();
    expect(names.map((name) => name.trim())).toEqual(['Copying', 'Verified', 'Copying', 'Copying', 'Copying']);

    const failed = tilesOf(make.job(plan, [{ state: 'failed' }]));
    expect(
      placesOf(
        failed,
        failed.map(() => null),
      ),
    ).toHaveLength(6);
  });
});

test('a drive that is much slower than the others is named with both speeds, and counted', async () => {
  const job = rolling(5);
  const slow = job.progress.destinations.map((_, i) => (i === 3 ? { bytesPerSecond: 1.1e6, usual: 5.04e6 } : null));
  await open.start({ state: { disks: bays, job: { ...job, progress: { ...job.progress, slow } } } });

  await tile(4).getByText('slow: 1.1 of 5 MB/s', { exact: true }).waitFor();
  await open.page.locator('header h2').getByText('1 slow', { exact: true }).waitFor();
  expect(await headerName()).toContain('1 slow');
  await open.page.getByText('Bay 4 is slow: check cable and port.').waitFor();
});
