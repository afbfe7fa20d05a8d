// The bay after the end of a job: one verdict per drive, what to touch next, and what comes after.
import { describe, expect, test } from 'vitest';
import type { JobView } from '../../app/contract/window.ts';
import { failure } from '../../app/base/errors.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { sourceCard } from './support/source.ts';
import type { WindowOptions } from './support/window.ts';

const open = oneWindow();

const plan = (n: number) => make.plan(make.sticks(n).map((disk) => make.endpoint(disk)));
const midway = (n: number): JobView => {
  const of = plan(n);
  return make.job(of, make.midway(of), { errors: n > 2 ? [make.writeError(2, of.destinations[2]!.path)] : [] });
};
const show = (job: JobView, options: WindowOptions = {}): Promise<void> =>
  open.start({ ...options, state: { disks: make.sticks(4), ...options.state, job } });

const tiles = () => open.page.getByRole('list', { name: /^(Destinations|Ziele)$/ }).getByRole('listitem');
const tile = (name: string) =>
  tiles().filter({ has: open.page.getByRole('button', { name: `Details of ${name}`, exact: true }) });
const header = () => open.page.locator('header h2');

describe('an ended job in the window', () => {
  const of = make.plan([
    ...make.sticks(6).map((disk) => make.endpoint(disk)),
    make.imageEndpoint('/home/me/copies/station-42-copy.img', 31e9),
    make.imageEndpoint('/x/b.img', 31e9),
  ]);
  const error = make.writeError(2, '/dev/sdd');
  const gone = make.writeError(4, '/dev/sdf', {
    code: 'DEVICE_GONE',
    errno: 'ENODEV',
    message: '/dev/sdf went away while it was written at 2.1 GB.',
    advice: 'Plug it in again and start over for this drive.',
  });
  const done: JobView = make.job(
    of,
    of.destinations.map(() => ({ state: 'done', written: of.bytes, verified: of.bytes })),
    {
      phase: 'ended',
      errors: [error, gone],
      result: make.result(
        of,
        of.destinations.map(({ path }, i) => ({
          path,
          uncompared: 0,
          state: i === 2 || i === 4 ? 'failed' : i === 5 ? 'cancelled' : 'done',
          verified: i === 2 || i === 4 ? false : i === 1 || i === 5 ? null : true,
          written: of.bytes,
          kept: 0,
          seconds: 60,
          errors: i === 2 ? [error] : i === 4 ? [gone] : [],
        })),
      ),
    },
  );

  test.each(['light', 'dark'] as const)('shows one verdict a tile, and what to touch next (%s)', async (scheme) => {
    await show(done, { scheme });
    const words = await tiles().locator('h2').allInnerTexts();
    expect(words).toEqual([
      'Verified',
      'Written, not verified',
      'Failed',
      'Verified',
      'Removed',
      'Cancelled',
      'Verified',
      'Verified',
    ]);
    expect(await header().getAttribute('aria-label')).toBe(
      '4 of 8 verified, 1 written but not verified, 1 failed, 1 removed, 1 cancelled',
    );
    await open.page.getByText('Set sdd (hub 1 · 3) and sdf (hub 1 · 5) aside.').waitFor();
    expect(await open.page.getByRole('progressbar').count()).toBe(0);
    await open.picture(`ended-${scheme}`);
  });

  test('says "safe to remove" only after the end and while unmounted, and ejects drives one by one', async () => {
    const disks = make
      .sticks(8)
      .map((disk) =>
        disk.path === '/dev/sdc'
          ? { ...disk, mountedAt: ['/media/copy'] }
          : { ...disk, ejectable: disk.path !== '/dev/sde' },
      );
    await show(midway(8), { state: { disks } });
    expect(await open.page.getByText('Safe to remove').count()).toBe(0);
    await open.main.push({ job: done });
    await open.page.getByText('Safe to remove: sdb and sde.').waitFor();
    await open.page.getByText('The system has mounted sdc again: eject it before taking it out.').waitFor();
    await open.page.getByRole('button', { name: 'Eject all 5' }).click();
    await open.page.getByText('Switched off and ready to take out: sdb, sdc, sdd, sdf and sdg.').waitFor();
    expect(open.main.asked('eject')).toEqual([[['/dev/sdb', '/dev/sdc', '/dev/sdd', '/dev/sdf', '/dev/sdg']]]);
    await open.main.push({ disks: disks.filter(({ path }) => path === '/dev/sde') });
    await open.page.getByRole('button', { name: /^Eject/ }).waitFor({ state: 'detached' });
    await open.page.getByText('Safe to remove: sde.').waitFor();
    expect(
      await open.page.evaluate(() => document.activeElement?.getAttribute('role')),
      'the button went, and the focus with it',
    ).toBe('status');
    await open.picture('ejected-light');
    // Main follows the drives, not this page.
    await open.page.reload();
    await open.page.getByText('Switched off and ready to take out: sdb, sdc, sdd, sdf and sdg.').waitFor();
    await open.page.getByText('Safe to remove: sde.').waitFor();
    // Two are plugged in again, one of them elsewhere, and are ordinary drives.
    await open.main.push({
      disks: disks.flatMap((disk) =>
        disk.path === '/dev/sdb'
          ? [{ ...disk, path: '/dev/sdx', majorMinor: '8:240' }]
          : ['/dev/sdd', '/dev/sde'].includes(disk.path)
            ? [disk]
            : [],
      ),
    });
    await open.page.getByText('Switched off and ready to take out: sdc, sdf and sdg.').waitFor();
    await open.page.getByRole('button', { name: 'Eject all 2' }).click();
    await open.page.getByText('Switched off and ready to take out: sdb, sdc, sdd, sdf and sdg.').waitFor();
    expect(open.main.asked('eject').slice(1)).toEqual([[['/dev/sdx', '/dev/sdd']]]);
  });

  test('says how many drives can be removed when there are too many for names, and shows every tile', async () => {
    const many = plan(32);
    const ended: JobView = make.job(many, [], {
      phase: 'ended',
      result: make.result(
        many,
        many.destinations.map((_, index) =>
          make.end(many, index, index === 5 ? { state: 'failed', verified: null } : {}),
        ),
      ),
    });
    await show(ended, { state: { disks: make.sticks(32) }, width: 1280 });
    await open.page.getByText('Safe to remove: 31 drives.').waitFor();
    expect(await header().getAttribute('aria-label')).toBe('31 of 32 verified, 1 failed');
    const [bay, inside] = await open.page
      .locator('.bay')
      .evaluate(({ clientHeight, scrollHeight }) => [clientHeight, scrollHeight]);
    expect(inside).toBe(bay);
    await open.picture('ended-32-light');
  });

  test('does not call a removed drive safe to remove, and says whether everything was on it', async () => {
    const disks = make.sticks(6);
    await show(done, { state: { disks } });
    await open.page.getByText('Safe to remove: sdb, sdc and sde.').waitFor();
    // A good drive, one that failed, one that was removed while it was written, and one that was cancelled.
    await open.main.push({
      disks: disks.filter(({ path }) => !['/dev/sdb', '/dev/sdd', '/dev/sdf', '/dev/sdg'].includes(path)),
    });
    await open.page.getByText('Safe to remove: sdc and sde.').waitFor();
    await open.page.getByText('Taken out when done: sdb.').waitFor();
    await open.page.getByText('Taken out before the copy was complete: sdd and sdg.').waitFor();
    await open.picture('taken-out-light');
    await open.page.reload();
    await open.page.getByText('Safe to remove: sdc and sde.').waitFor();
    await open.page.getByText('Taken out when done: sdb.').waitFor();
    await open.main.push({ disks });
    await open.page.getByText('Safe to remove: sdb, sdc and sde.').waitFor();
    expect(await open.page.getByText('aken out').count()).toBe(0);
    // The same is true while the job is being dismissed.
    await open.main.push({ disks: [] });
    await open.page.getByText('Taken out when done: sdb, sdc and sde.').waitFor();
    await open.page.evaluate(() => {
      const said: string[] = [];
      new MutationObserver(() => said.push(document.querySelector('.take-out')?.textContent ?? '')).observe(
        document.body,
        { childList: true, subtree: true, characterData: true },
      );
      Object.assign(window, { said });
    });
    await open.page.getByRole('button', { name: 'New job' }).click();
    await open.page.getByRole('region', { name: 'Destinations' }).waitFor();
    expect((await open.page.evaluate(() => (window as unknown as { said: string[] }).said)).join(' ')).not.toContain(
      'Safe to remove',
    );
  });

  describe('what opens below the tiles', () => {
    const boxes = (): Promise<unknown> =>
      tiles().evaluateAll((all) => all.map((each) => JSON.stringify(each.getBoundingClientRect())));
    const record = '20261124-001500-a1b2c3';

    test('opens the command line beside the tiles without moving one', async () => {
      await show(done, { state: { record }, width: 1280, height: 800 });
      await tiles().first().waitFor();
      const before = await boxes();
      await open.page.getByRole('button', { name: 'Job details' }).click();
      const code = open.page.getByRole('dialog', { name: 'Job details' }).locator('code');
      expect(await code.innerText()).toMatch(/^platter copy /u);
      expect((await code.boundingBox())!.width).toBeGreaterThan(240);
      expect(await boxes()).toEqual(before);
      await open.picture('command-line-light');
    });

    test('says where a report was saved without moving a tile, and the failed tile keeps its reason', async () => {
      await show(done, { state: { record }, width: 1280, height: 800 });
      const reason = tile('sdd').locator('.message');
      await reason.waitFor();
      const before = await boxes();
      await open.page.getByRole('button', { name: /^Save as PDF/u }).click();
      await open.page.getByText('Saved: /reports/report.pdf').waitFor();
      expect(await boxes()).toEqual(before);
      expect(await reason.isVisible()).toBe(true);
      await open.picture('saved-light');
    });

    test('opens the saved report, and shows it in its folder', async () => {
      await show(done, { state: { record } });
      expect(await open.page.getByRole('button', { name: 'Show in folder' }).count()).toBe(0);
      await open.page.getByRole('button', { name: /^Save as CSV/u }).click();
      await open.page.getByText('Saved: /reports/report.csv').waitFor();
      await open.page.getByRole('button', { name: 'Open', exact: true }).click();
      await open.page.getByRole('button', { name: 'Show in folder' }).click();
      await expect.poll(() => open.main.asked('showSaved')).toEqual([['/reports/report.csv']]);
      expect(open.main.asked('openSaved')).toEqual([['/reports/report.csv']]);
      // A file that is gone is told of, and what was saved stays in sight.
      open.main.controlled = { ok: false, errors: [make.failure('NOT_FOUND')] };
      await open.page.getByRole('button', { name: 'Open', exact: true }).click();
      await open.page.getByText(/It is NOT_FOUND/u).waitFor();
      await open.page.getByText('Saved: /reports/report.csv').waitFor();
    });

    test('no longer mentions a saved report in the next job', async () => {
      await show(done, { state: { record } });
      await open.page.getByRole('button', { name: /^Save as PDF/u }).click();
      await open.page.getByText('Saved: /reports/report.pdf').waitFor();
      await open.main.push({ job: { ...done, startedAt: done.startedAt + 60_000 }, record: '20261124-002000-d4e5f6' });
      await open.page.getByText('Saved:').waitFor({ state: 'detached' });
    });
  });

  test('shows the name of a batch apart from what the job is about', async () => {
    await show({ ...done, plan: { ...done.plan, name: 'Room 12' } });
    expect(await open.page.locator('.about p').first().innerText()).toMatch(/^Room 12: \S/u);
  });

  test('shows all tiles and messages in a small window without scrolling', async () => {
    const job: JobView = { ...done, result: { ...done.result!, manifest: 'a1'.repeat(32) } };
    await open.start({
      state: { disks: make.sticks(3), job, record: '20261124-001500-a1b2c3' },
      width: 1024,
      height: 700,
    });
    const scrolls = await open.page.evaluate(() =>
      [document.documentElement, document.querySelector('.middle')!].map((each) => [
        each.scrollWidth - each.clientWidth,
        each.scrollHeight - each.clientHeight,
      ]),
    );
    await open.picture('ended-small-light');
    expect(scrolls).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('keeps the manifest and the command line of a job in its details', async () => {
    const record = '20261124-001500-a1b2c3';
    await show({ ...done, result: { ...done.result!, manifest: 'a1'.repeat(32) } }, { state: { record } });
    await open.page.getByRole('button', { name: 'Job details' }).click();
    const drawer = open.page.getByRole('dialog', { name: 'Job details' });
    await drawer.getByText(/^Manifest a1a1/).waitFor();
    await drawer.getByText(/^platter copy /).waitFor();
    await drawer.getByRole('button', { name: /^Save manifest of/ }).click();
    await drawer.getByText('Saved: /reports/disk.manifest').waitFor();
    expect(open.main.asked('saveManifest')).toEqual([['a1'.repeat(32)]]);
  });

  test('clears an ended job with "New job", keeps the source and chooses no destination', async () => {
    await show({ ...done, plan: { ...of, source: make.endpoint(make.sticks(4)[3]!) } });
    await open.page.getByRole('button', { name: 'New job' }).click();
    await open.page.getByRole('region', { name: 'Destinations' }).waitFor();
    expect(open.main.names()).toEqual(['dismissJob']);
    expect(await open.page.getByRole('checkbox', { checked: true }).count()).toBe(0);
    await sourceCard(open.page, '/dev/sde').waitFor();
  });

  test.each(['light', 'dark'] as const)(
    'says after a host failure why and what to do, and shows nothing as copying (%s)',
    async (scheme) => {
      const eight = plan(8);
      await show(
        make.broken(
          make.job(eight, make.midway(eight)),
          make.failure('HOST_FAILED', {
            op: 'host',
            message: 'The engine ended unexpectedly (SIGKILL).',
            advice: 'Start the job again; trust only what was verified.',
          }),
        ),
        { scheme },
      );
      const alert = await open.page.getByRole('alert').innerText();
      for (const part of ['ended unexpectedly', 'Continue the job', 'HOST_FAILED']) expect(alert).toContain(part);
      expect(new Set(await tiles().locator('h2').allInnerTexts())).toEqual(
        new Set(['Verified; source changed', 'Failed']),
      );
      await open.page.getByRole('button', { name: 'New job' }).waitFor();
      await open.picture(`failure-${scheme}`);
    },
  );

  test('gives the same advice everywhere when the host failed and the job can be continued', async () => {
    const eight = make.plan(
      make.sticks(8).map((disk) => make.endpoint(disk)),
      { job: '20261124-001500-a1b2c3' },
    );
    const running = make.job(eight, make.midway(eight));
    const broken = make.broken(running, failure({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } }));
    await show(broken, { state: { interrupted: [{ ...make.interrupted(['/dev/sdb']), id: eight.job! }] } });
    const alert = await open.page.getByRole('alert').innerText();
    expect(alert).toContain('Continue the job');
    expect(alert).not.toContain('start the job again');
    await open.page.getByText('Continue the job to finish the rest.').waitFor();
    expect(await open.page.locator('button.primary').allInnerTexts()).toEqual(['Continue']);
    await open.picture('failure-continuable');
  });
});
