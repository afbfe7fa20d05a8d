// The bay during a job: one tile per destination, one verdict per drive.
import { describe, expect, test } from 'vitest';
import type { JobView } from '../../app/contract/window.ts';
import * as make from './support/fixtures.ts';
import { countTones } from './support/tones.ts';
import { oneWindow } from './support/one-window.ts';
import type { WindowOptions } from './support/window.ts';
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
    [3, 1],
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
    expect(flushing).toMatchObject({ word: 'Finishing', glyphs: new Set(['flushing']) });
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
    await open.page.getByRole('button', { name: 'Job details' }).click();
    await drawer.getByText(/^All destinations over/).waitFor();
    await open.picture('chart-total-light');
  });

  test('plays sounds for a failure and the end, unless the settings say no', async () => {
    const of = plan(2);
    await show(make.job(of, []));
    const heard = await countTones(open.page);
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
      '2 verified, 1 failed, 2 verifying, 1 finishing, 2 copying, 4 min left',
    );
    expect((await header().innerText()).replace(/\s+/g, ' ')).toBe(
      '2 verified 1 failed 2 verifying 1 finishing 2 copying',
    );
    await open.page.getByText('4 min left').first().waitFor();
    await open.page
      .getByText('sdb and sdc are done: leave them in until the job has ended. Set sdd (hub 1 · 3) aside.')
      .waitFor();
    expect(await open.page.title()).toContain('2 verified, 1 failed');
    expect(
      Number(await open.page.getByRole('progressbar', { name: 'Whole job' }).getAttribute('aria-valuenow')),
    ).toBeGreaterThan(50);
  });

  test('shows in the header how far the whole job is and how fast', async () => {
    const of = plan(4);
    const quarter = { written: of.bytes / 2, bytesPerSecond: 30e6 };
    await show(make.job(of, [quarter, quarter, { state: 'failed' }, quarter]));
    expect(await open.page.locator('header .total').innerText()).toMatch(/^25\s% · 90\sMB\/s$/);
  });

  test('keeps the row below the bay at the foot of the window, however few tiles there are', async () => {
    await show(make.job(plan(1), [{ written: 1 }]), { height: 900 });
    const { bottom } = await open.page.locator('footer').evaluate((each) => each.getBoundingClientRect());
    expect(bottom).toBeGreaterThan(860);
  });

  test('says in a few words on a small tile why its drive failed', async () => {
    const of = plan(32);
    const job = make.job(of, [{ state: 'failed' }, { state: 'failed' }, { state: 'failed' }], {
      errors: [
        make.writeError(0, '/dev/sdb'),
        make.writeError(1, '/dev/sdc', { code: 'TIMED_OUT', offset: null }),
        make.writeError(2, '/dev/sdd', { code: 'IO_ERROR' }),
      ],
    });
    await show(job, { width: 1280 });
    const said = await tiles().evaluateAll((all) => all.slice(0, 3).map((each) => (each as HTMLElement).innerText));
    expect(said[0]).toMatch(/Medium error\s+at 13.3 GB/);
    expect(said[1]).toContain('No answer');
    expect(said[2]).toContain('at 13.3 GB');
    const [bay, inside] = await open.page
      .locator('.middle')
      .evaluate(({ clientHeight, scrollHeight }) => [clientHeight, scrollHeight]);
    expect(inside, 'all 32 fit').toBe(bay);
    await open.picture('job-32-failed');
  });

  test.each([
    [8, 800, 600],
    [32, 800, 600],
    [32, 1024, 768],
  ])('keeps each of %d tiles large enough for what failed and where, at %d x %d', async (n, width, height) => {
    await show(midway(n), { width, height });
    const { width: across, height: down } = (await tile('sdd').boundingBox())!;
    expect(across).toBeGreaterThanOrEqual(136);
    expect(down).toBeGreaterThanOrEqual(128);
    const [box, ...parts] = await tile('sdd').evaluate((each) =>
      [each, ...each.querySelectorAll('.cause, .only-compact, h2, .short-name')].map((part) => {
        const { top, bottom, left, right } = part.getBoundingClientRect();
        return { top, bottom, left, right };
      }),
    );
    expect(await tile('sdd').innerText()).toMatch(/Medium error\s+at 13.3 GB/);
    expect(parts.every(({ top, bottom, right }) => top > box!.top && bottom < box!.bottom && right < box!.right)).toBe(
      true,
    );
  });

  test('gives each of a few drives a row with its figures and its speed over time, or its error', async () => {
    const of = plan(3);
    const at = (seconds: number): JobView => {
      const half = { written: of.bytes / 2, bytesPerSecond: 31e6, secondsLeft: 240 };
      const job = make.job(of, [half, half, { state: 'failed' }], { errors: [make.writeError(2, '/dev/sdd')] });
      return { ...job, progress: { ...job.progress, seconds } };
    };
    await show(at(0));
    await open.main.push({ job: at(2) });
    for (const part of ['Copying', '50', 'SanDisk Ultra Fit', '64 GB', 'DB0716', '31 MB/s', '4 min left'])
      expect(await tile('sdb').innerText()).toContain(part);
    await tile('sdb').locator('canvas').waitFor();
    await tile('sdd').getByText('Write failed at 13.3 GB').waitFor();
    expect(await tile('sdd').locator('canvas').count()).toBe(0);
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
    // The samples that main measured meanwhile.
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

  test('gives the heading of each tile its name, for those who go from heading to heading', async () => {
    await show(make.job(plan(3), [{ written: 1 }, { state: 'failed' }]));
    for (const name of ['sdb, Copying', 'sdc, Failed', 'sdd, Copying'])
      await open.page.getByRole('heading', { name, exact: true }).waitFor({ timeout: 5000 });
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
