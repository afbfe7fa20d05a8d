// The bay: one tile per destination, one verdict per drive, from the first byte to the result.
import { describe, expect, test } from 'vitest';
import type { JobView } from '../../app/contract/window.ts';
import { failure } from '../../app/base/errors.ts';
import * as make from './fixtures.ts';
import { oneWindow } from './one-window.ts';
import type { WindowOptions } from './window.ts';
import { changed } from '../requests.ts';

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

describe('a running job in the window', () => {
  test.each([
    [1, 1],
    [3, 3],
    [8, 4],
    [16, 6],
    [32, 8],
  ])('places %d tiles %d in a row, in the order of the plan and inside the window', async (n, across) => {
    await show(midway(n));
    expect(await tiles().count()).toBe(n);
    const places = await tiles().evaluateAll((all) =>
      all.map((each) => {
        const { left, top, bottom, right } = each.getBoundingClientRect();
        return { left, top, bottom, right };
      }),
    );
    expect(new Set(places.map(({ left }) => left)).size).toBe(across);
    expect(
      places.every((place, i) => i === 0 || place.top > places[i - 1]!.top || place.left > places[i - 1]!.left),
    ).toBe(true);
    expect(Math.max(...places.map(({ bottom }) => bottom))).toBeLessThanOrEqual(800);
    expect(Math.max(...places.map(({ right }) => right))).toBeLessThanOrEqual(1200);
    // Nothing on a tile is cut off.
    const cut = await tiles().evaluateAll(
      (all) =>
        all.filter((each) => {
          const box = each.getBoundingClientRect();
          return [...each.querySelectorAll('h2, .figure, .verdict, .identity, .pace, [role=progressbar]')].some(
            (part) => {
              const inner = part.getBoundingClientRect();
              return inner.height > 0 && (inner.bottom > box.bottom || inner.right > box.right || inner.top < box.top);
            },
          );
        }).length,
    );
    expect(cut).toBe(0);
    await open.picture(`job-${n}-light`);
  });

  test('shows states by shape, word and colour: one green, one red', async () => {
    await show(midway(8));
    const seen = async (name: string) => ({
      word: await tile(name).locator('h2').innerText(),
      glyphs: new Set(
        await tile(name)
          .locator('svg[data-glyph]')
          .evaluateAll((all) => all.map((svg) => svg.getAttribute('data-glyph'))),
      ),
      ink: await tile(name)
        .locator('h2')
        .evaluate((node) => getComputedStyle(node).color),
      ground: await tile(name).evaluate((node) => getComputedStyle(node).backgroundColor),
    });
    const [verified, failed, flushing, verifying, copying] = await Promise.all(
      ['sdb', 'sdd', 'sde', 'sdf', 'sdh'].map(seen),
    );
    expect(verified).toMatchObject({ word: 'Verified', glyphs: new Set(['verified']), ink: 'rgb(13, 122, 62)' });
    expect(failed).toMatchObject({ word: 'Failed', glyphs: new Set(['failed']), ground: 'rgb(185, 28, 28)' });
    expect(flushing).toMatchObject({ word: 'Flushing', glyphs: new Set(['flushing']) });
    expect(verifying).toMatchObject({ word: 'Verifying', glyphs: new Set(['verifying']) });
    expect(copying).toMatchObject({ word: 'Copying', glyphs: new Set(['copying']) });
    const neutral = [flushing, verifying, copying].map((each) => each?.ink);
    expect(new Set(neutral).size).toBe(1);
    expect(neutral).not.toContain(verified?.ink);
  });

  test('shows on a tile how far, how fast and how long, with a named progressbar', async () => {
    await show(midway(8));
    const text = await tile('sdf').innerText();
    for (const part of ['54', '96 MB/s', '3 min', 'SanDisk Ultra Fit', '64 GB', 'DF0716']) expect(text).toContain(part);
    const bar = tile('sdf').getByRole('progressbar', { name: 'Progress of sdf' });
    expect(await bar.getAttribute('aria-valuenow')).toBe('54');
    expect(await bar.getAttribute('aria-valuetext')).toBe('Verifying, 54 percent');
    const [written, verified] = await bar.evaluate((node) =>
      ['--written', '--verified'].map((name) => Number.parseFloat(getComputedStyle(node).getPropertyValue(name))),
    );
    expect(written).toBe(100);
    expect(verified).toBeGreaterThan(50);
    expect(verified).toBeLessThan(60);
  });

  test('shows port, serial, failure and advice on the failing tile, and leaves the others alone', async () => {
    await show(midway(8));
    const text = await tile('sdd').innerText();
    for (const part of [
      'Write failed at 13.3 GB',
      'medium error',
      'Replace this drive',
      'MEDIUM_ERROR',
      'sector 26,001,408',
    ])
      expect(text).toContain(part);
    await open.page.getByRole('button', { name: 'Details of sdd' }).click();
    const drawer = open.page.getByRole('dialog', { name: 'sdd' });
    for (const part of [
      'MEDIUM_ERROR (EIO)',
      'byte 13,312,720,896, sector 26,001,408',
      '4,096 bytes long',
      make.sticks(3)[2]!.serial!,
      'USB bus 1, hub 1, port 3',
    ]) {
      await drawer.getByText(part).first().waitFor();
    }
    await open.picture('details-light');
    await open.page.keyboard.press('Escape');
    await expect
      .poll(() => open.page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toBe('Details of sdd');
  });

  test('draws speed over time for one drive and for all, under the content policy of the page', async () => {
    const of = plan(2);
    const at = (seconds: number): JobView => {
      const job = make.job(of, [
        { written: seconds * 3e7, bytesPerSecond: 30e6 + 4e6 * Math.sin(seconds / 3) },
        { written: seconds * 2e7, bytesPerSecond: 20e6 },
      ]);
      return { ...job, plan: { ...of, name: 'Room 12' }, progress: { ...job.progress, seconds } };
    };
    await show(at(0));
    for (let seconds = 1; seconds <= 8; seconds += 1) await open.main.push({ job: at(seconds) });
    await open.page.getByText('Room 12').waitFor();
    await open.page.getByRole('button', { name: 'Details of sdb' }).click();
    const drawer = open.page.getByRole('dialog');
    await drawer.getByText(/^Speed over \d s: \d+ MB\/s on average, \d+ MB\/s to \d+ MB\/s\.$/).waitFor();
    const painted = await drawer
      .locator('canvas')
      .evaluate(
        (canvas: HTMLCanvasElement) =>
          new Set(new Uint32Array(canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data.buffer))
            .size,
      );
    expect(painted).toBeGreaterThan(8);
    await open.picture('chart-light');
    await open.page.keyboard.press('Escape');
    await open.page.getByRole('button', { name: 'Speed', exact: true }).click();
    await drawer.getByText(/^All destinations over/).waitFor();
    await open.picture('chart-total-light');
  });

  test('plays sounds for a failure and the end, unless the settings say no', async () => {
    const of = plan(2);
    await show(make.job(of, []));
    await open.page.evaluate(() => {
      const tones: number[] = [];
      Object.assign(window, { tones });
      // Sounds are only counted, because a machine without sound plays none.
      OscillatorNode.prototype.start = function heard(this: OscillatorNode) {
        tones.push(this.frequency.value);
      };
      OscillatorNode.prototype.stop = () => undefined;
    });
    const heard = (): Promise<number> =>
      open.page.evaluate(() => (window as unknown as { tones: number[] }).tones.splice(0).length);
    const failed = make.job(of, [{}, { state: 'failed' }], { errors: [make.writeError(1, '/dev/sdc')] });
    await open.main.push({ job: failed });
    await expect.poll(heard).toBe(4);
    const ended: JobView = {
      ...failed,
      phase: 'ended',
      result: make.result(of, [make.end(of, 0), make.end(of, 1, { state: 'failed', verified: null })]),
    };
    await open.main.push({ job: ended });
    await expect.poll(heard).toBe(4);
    await open.main.push({
      job: make.job(of, [], { startedAt: 9 }),
      settings: { ...open.main.state.settings, sounds: false },
    });
    await open.main.push({ job: { ...ended, startedAt: 9 } });
    await open.page.getByRole('button', { name: 'New job' }).waitFor();
    expect(await heard()).toBe(0);
  });

  test('shows the batch in the header and in the title', async () => {
    await show(midway(8));
    expect(await header().getAttribute('aria-label')).toBe(
      '2 verified, 1 failed, 2 verifying, 1 flushing, 2 copying, 4 min left',
    );
    expect((await header().innerText()).replace(/\s+/g, ' ')).toBe(
      '2 verified 1 failed 2 verifying 1 flushing 2 copying',
    );
    await open.page.getByText('4 min left').first().waitFor();
    await open.page.getByText('sdb and sdc are done: leave them in until the job has ended. Set sdd aside.').waitFor();
    expect(await open.page.title()).toContain('2 verified, 1 failed');
    expect(
      Number(await open.page.getByRole('progressbar', { name: 'Whole job' }).getAttribute('aria-valuenow')),
    ).toBeGreaterThan(50);
  });

  test('never moves a tile, whatever its figures', async () => {
    const of = plan(4);
    await show(make.job(of, []));
    const places = (): Promise<number[]> =>
      tiles().evaluateAll((all) => all.map((each) => each.getBoundingClientRect().left));
    const before = await places();
    for (const share of [0.09, 0.1, 0.8]) {
      await open.main.push({
        job: make.job(
          of,
          of.destinations.map(() => ({ written: of.bytes * share })),
        ),
      });
      expect(await tile('sdb').locator('.figure').innerText()).toMatch(new RegExp(`^${share * 100}\\s+%$`));
      expect(await places()).toEqual(before);
    }
  });

  test('shows the time left whole in the narrowest tile with a wide font', async () => {
    const of = plan(32);
    await show(
      make.job(
        of,
        of.destinations.map((_, i) => ({
          written: of.bytes / 2,
          bytesPerSecond: 123e6,
          secondsLeft: i % 2 === 0 ? 1000 : 4800,
        })),
      ),
      { width: 1024, height: 700 },
    );
    await open.page.evaluate(() => document.documentElement.style.setProperty('--font', 'monospace'));
    const hidden = (): Promise<string[]> =>
      open.page.locator('.moving').evaluateAll((lines) =>
        lines.flatMap((line) => {
          const [box, left] = [line, line.querySelector('.left')!].map((each) => each.getBoundingClientRect()) as [
            DOMRect,
            DOMRect,
          ];
          return left.left < box.left || left.right > box.right || left.top < box.top || left.bottom > box.bottom
            ? [line.textContent]
            : [];
        }),
      );
    expect(await hidden()).toEqual([]);
    await open.picture('job-32-wide');
    await open.page.setViewportSize({ width: 1920, height: 1080 });
    expect(await hidden()).toEqual([]);
    expect(await open.page.locator('.moving').first().innerText()).toContain('123 MB/s');
  });

  test('shows a name whole beside the longest word, in a small window', async () => {
    const of = make.plan(
      [1, 2, 3, 4].map((n) => make.endpoint(make.disk(`/dev/mmcblk${n}`))),
      { request: changed(plan(1).request, { update: true }) },
    );
    await open.start({
      state: {
        language: 'de',
        job: make.job(
          of,
          of.destinations.map(() => ({
            state: 'comparing',
            toWrite: 0,
            verified: of.bytes * 0.51,
            bytesPerSecond: 31e6,
            secondsLeft: 200,
          })),
        ),
      },
      width: 1024,
      height: 700,
    });
    expect(
      await tiles()
        .locator('.name')
        .evaluateAll((all) => all.map((each) => each.scrollWidth - each.clientWidth)),
    ).toEqual([0, 0, 0, 0]);
    await open.picture('comparing-de');
  });

  test('loses nothing when the page is reloaded during a job', async () => {
    const job = midway(8);
    await show(job);
    const before = await open.page.locator('main').innerText();
    // The samples that main has measured meanwhile.
    open.main.speeds = {
      startedAt: job.startedAt,
      every: 1,
      seconds: [job.progress.seconds - 30, job.progress.seconds - 1],
      speeds: Array.from({ length: 8 }, () => [20e6, 40e6]),
    };
    await open.page.reload();
    await tiles().first().waitFor();
    expect(await open.page.locator('main').innerText()).toBe(before);
    await open.page.getByRole('button', { name: 'Details of sdb' }).click();
    await open.page
      .getByRole('dialog')
      .getByText(/^Speed over 30 s: /)
      .waitFor();
  });

  test('announces a change once, without percentages', async () => {
    const of = plan(3);
    await show(make.job(of, [{ written: 1 }]));
    const live = open.page.locator('[role=status][aria-live=polite]');
    await expect.poll(() => live.innerText()).toBe('Job started: 3 destinations.');
    await open.main.push({
      job: make.job(of, [{ state: 'done', written: of.bytes, verified: of.bytes }, { written: 2 }]),
    });
    await expect.poll(() => live.innerText()).toBe('sdb: Verified.');
    await open.main.push({
      job: make.job(of, [{ state: 'done', written: of.bytes, verified: of.bytes }, { written: of.bytes / 2 }]),
    });
    expect(await live.innerText()).toBe('sdb: Verified.');
  });

  test("shows an error of the source as the source's", async () => {
    const of = plan(2);
    const error = make.writeError(0, of.source!.path, {
      side: 'read',
      op: 'read',
      destination: null,
      message: 'Read failed at 1.2 GB: the drive reported a medium error.',
    });
    await show(make.job(of, [{ state: 'failed' }, { state: 'failed' }], { errors: [error] }));
    expect(await open.page.getByRole('alert').innerText()).toContain('Read failed at 1.2 GB');
    expect(await tiles().first().innerText()).not.toContain('Read failed');
  });
});

describe('cancelling in the window', () => {
  test('asks once in place before it cancels, and can be declined', async () => {
    await show(midway(4));
    const top = await tiles()
      .first()
      .evaluate((each) => each.getBoundingClientRect().top);
    await open.page.getByRole('button', { name: 'Cancel' }).click();
    await open.page.getByText('Stop now?').waitFor();
    expect(
      await tiles()
        .first()
        .evaluate((each) => each.getBoundingClientRect().top),
    ).toBe(top);
    await open.picture('cancel-light');
    expect(await open.page.evaluate(() => document.activeElement?.textContent)).toBe('Keep going');
    await open.page.getByRole('button', { name: 'Keep going' }).click();
    expect(open.main.names()).toEqual([]);
    expect(await open.page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel');
    await open.page.getByRole('button', { name: 'Cancel' }).click();
    await open.page.getByRole('button', { name: 'Stop', exact: true }).click();
    await open.page.getByRole('button', { name: 'Cancelling…' }).waitFor();
    expect(open.main.asked('cancel')).toEqual([[null]]);
    await open.page.getByText('writes in flight end first').waitFor();
  });
});

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
      '4 verified, 1 written but not verified, 1 failed, 1 removed, 1 cancelled',
    );
    await open.page.getByText('Set sdd and sdf aside.').waitFor();
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
    // The fate of the drives is known outside of this page.
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
    // The same holds while the job is put away.
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
      await open.page.getByRole('button', { name: 'Command line' }).click();
      const code = open.page.getByRole('dialog', { name: 'Command line' }).locator('code');
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
    await open.page.getByText(/^Manifest a1a1/).waitFor();
    const scrolls = await open.page.evaluate(() =>
      [document.documentElement, document.querySelector('.bay')!].map((each) => [
        each.scrollWidth - each.clientWidth,
        each.scrollHeight - each.clientHeight,
      ]),
    );
    expect(scrolls).toEqual([
      [0, 0],
      [0, 0],
    ]);
    await open.picture('ended-small-light');
  });

  test('clears an ended job with "New job", keeps the source and chooses no destination', async () => {
    await show({ ...done, plan: { ...of, source: make.endpoint(make.sticks(4)[3]!) } });
    await open.page.getByRole('button', { name: 'New job' }).click();
    await open.page.getByRole('region', { name: 'Destinations' }).waitFor();
    expect(open.main.names()).toEqual(['dismissJob']);
    expect(await open.page.getByRole('checkbox', { checked: true }).count()).toBe(0);
    expect(await open.page.getByRole('radio', { name: '/dev/sde' }).isChecked()).toBe(true);
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

describe('pictures of a job', () => {
  test.each([8, 32])('takes a picture of %d tiles in the dark', async (n) => {
    await show(midway(n), { scheme: 'dark' });
    await open.picture(`job-${n}-dark`);
  });

  test('takes pictures of eight tiles on a large screen and in the smallest window', async () => {
    await show(midway(8), { width: 1920, height: 1080 });
    await open.picture('job-8-large');
    await open.page.setViewportSize({ width: 720, height: 480 });
    await open.picture('job-8-small');
  });
});
