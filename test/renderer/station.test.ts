// Station mode in the built page: what it is armed for, and what its bays say.
import { describe, expect, test } from 'vitest';
import type { StationWish } from '../../app/contract/station.ts';
import * as make from './support/fixtures.ts';
import { described } from './support/images.ts';
import { countTones } from './support/tones.ts';
import { oneWindow } from './support/one-window.ts';
import { hub } from './support/screens.ts';
import { proposed, stationOf, stationPlan } from './support/station.ts';
import { refuse } from './support/window.ts';

const open = oneWindow();
const disks = hub(8);
const IMAGE = '/home/anna/images/classroom-2026.img.xz';
const GB = 1e9;
const plan = stationPlan(disks);

const button = (name: string | RegExp): ReturnType<typeof open.page.getByRole> =>
  open.page.getByRole('button', { name });
const field = (name: string): ReturnType<typeof open.page.getByRole> => open.page.getByRole('textbox', { name });
const wish = (): StationWish => open.main.asked('proposeStation').at(-1)?.[0] as StationWish;
const bays = (): ReturnType<typeof open.page.getByRole> =>
  open.page.getByRole('list', { name: 'Bays' }).getByRole('listitem');

/** Opens the set-up with an image of 31.94 GB, or of this size. */
async function setUp(size = 31.94 * GB): Promise<void> {
  await open.start({ state: { disks } });
  open.main.bays = plan.bays.map(({ port, name }) => ({ port, name }));
  open.main.image = IMAGE;
  open.main.described = { ok: true, value: described({ size }) };
  await button('Choose an image…').click();
  await button('Station mode…').click();
  await open.page.getByRole('heading', { name: 'Station mode' }).waitFor();
}

/** Nothing sticks out of the window sideways, and the page itself does not scroll. */
const overflows = (): Promise<boolean> =>
  open.page.evaluate(
    () =>
      document.documentElement.scrollWidth > innerWidth ||
      document.documentElement.scrollHeight > innerHeight ||
      [...document.querySelectorAll('.bay, .bay *')].some((node) => {
        const inner = node.getBoundingClientRect();
        const outer = node.closest('.bay')!.getBoundingClientRect();
        return inner.width > 0 && (inner.right > outer.right + 1 || inner.bottom > outer.bottom + 1);
      }),
  );

describe('the set-up of a station', () => {
  test('suggests the size of the source as the smallest, and spares data and drives that are in', async () => {
    await setUp();
    expect(await button('Continue').isDisabled()).toBe(true);
    await open.page.getByText('Choose at least one bay.').waitFor();
    await open.page.getByRole('checkbox', { name: /^2/ }).press('Space');
    await button('Continue').click();
    await open.page.getByRole('heading', { name: 'Arm the station for 1 bay?' }).waitFor();
    expect(wish()).toMatchObject({
      bays: [plan.bays[1]!.port],
      least: 31.9 * GB,
      most: 256 * GB,
      model: null,
      eraseUsed: false,
      startPresent: false,
      count: null,
    });
    expect(wish().request).not.toHaveProperty('destinations');
  });

  test('suggests sizes anew for another source, unless the person typed some', async () => {
    await setUp();
    await field('Largest').fill('64');
    await button('Back').click();
    open.main.described = { ok: true, value: described({ size: 7.98 * GB }) };
    open.main.image = '/home/anna/images/other.img';
    await button('Change…').click();
    await button('Choose an image…').click();
    await button('Station mode…').click();
    await expect.poll(() => field('Smallest').inputValue()).toBe('7.9');
    expect(await field('Largest').inputValue()).toBe('64');
  });

  test('allows larger drives for a source beyond the usual largest', async () => {
    await setUp(500 * GB);
    expect(await field('Smallest').inputValue()).toBe('500');
    expect(await field('Largest').inputValue()).toBe('1000');
  });

  test('takes model, number and both switches, and refuses sizes that cannot be', async () => {
    await setUp();
    await button('All bays').click();
    await field('Smallest').fill('300');
    await open.page.getByText('The sizes are not valid.').waitFor();
    expect(await button('Continue').isDisabled()).toBe(true);
    await field('Smallest').fill('32');
    await field('Stop after').fill('0');
    await open.page.getByText('The number of drives is not valid.').waitFor();
    await field('Stop after').fill('40');
    await field('Only models with').fill(' Ultra ');
    await open.page.getByRole('switch', { name: 'Erase used drives too' }).click();
    await open.page.getByText('Drives that hold data are erased without another question.').waitFor();
    await open.page.getByRole('switch', { name: 'Start drives that are already in' }).click();
    await button('Continue').click();
    await expect
      .poll(wish)
      .toMatchObject({ least: 32 * GB, model: 'Ultra', eraseUsed: true, startPresent: true, count: 40 });
    expect(wish().bays).toHaveLength(8);
  });

  test('shows why main does not take it, and keeps what was typed', async () => {
    await setUp();
    await button('All bays').click();
    open.main.controlled = refuse(make.failure('BAD_ARGUMENT', { message: 'A job is still running.' }));
    await button('Continue').click();
    await open.page.getByText('A job is still running.').waitFor();
    expect(await open.page.getByRole('checkbox', { checked: true }).count()).toBe(8);
  });

  test('goes back by Esc', async () => {
    await setUp();
    await open.page.keyboard.press('Escape');
    await open.page.getByRole('heading', { name: 'Source' }).waitFor();
  });
});

describe('the question before a station is armed', () => {
  test('lists what happens without another question, and arms by the keyboard once the word is typed', async () => {
    const asked = proposed(stationPlan(disks, { eraseUsed: true, model: 'Ultra', count: 40 }));
    await open.start({ state: { disks, station: asked } });
    open.main.stationToArm = stationOf(asked.plan, [], [], { done: 0, failed: 0 });
    const said = await open.page.locator('.consent').innerText();
    for (const words of [
      'classroom-2026.img.xz',
      '/home/anna/images/',
      '32 GB to 256 GB',
      '“Ultra”',
      'Drives that hold data are erased.',
      'It never starts a system disk',
      'It stops after 40 good drives.',
    ])
      expect(said).toContain(words);
    expect(await open.page.getByRole('list', { name: 'Bays' }).getByRole('listitem').allInnerTexts()).toHaveLength(8);
    expect(await button('Arm').isDisabled()).toBe(true);
    await field('Type STATION to arm the station').focus();
    await open.page.keyboard.type('STATIO');
    await open.page.keyboard.press('Enter');
    expect(open.main.asked('armStation')).toEqual([]);
    await open.page.keyboard.type('N');
    await open.page.keyboard.press('Enter');
    await open.page.getByRole('heading', { name: 'Station armed' }).waitFor();
    expect(open.main.asked('armStation')).toEqual([['station']]);
  });

  test('leads back to the set-up by Esc', async () => {
    await open.start({ state: { disks, station: proposed(plan) } });
    await open.page.keyboard.press('Escape');
    await open.page.getByRole('heading', { name: 'Station mode' }).waitFor();
    expect(open.main.asked('dismissStation')).toHaveLength(1);
  });
});

describe('an armed station', () => {
  const copies = make.plan(disks.map((disk) => make.endpoint(disk)));
  const running = make.job(copies, [{ state: 'copying', written: copies.bytes / 2, secondsLeft: 240 }]);

  test('counts down visibly, and a press prevents the start', async () => {
    const station = stationOf(plan, disks, [{ kind: 'countdown', until: Date.now() + 10_000 }]);
    await open.start({ state: { disks, station } });
    const tile = bays().first();
    const seconds = async (): Promise<number> => Number(/Starts in (\d+) second/.exec(await tile.innerText())?.[1]);
    const first = await seconds();
    expect(first).toBeGreaterThan(0);
    await expect.poll(seconds).toBeLessThan(first);
    await button('Do not start bay 1').press('Enter');
    expect(open.main.asked('skipBay')).toEqual([[plan.bays[0]!.port]]);
  });

  test('says in each bay what a hand has to do, and why a drive did not start or failed', async () => {
    const failure = make.writeError(2, disks[2]!.path);
    const station = stationOf(plan, disks, [
      { kind: 'running', index: 0 },
      { kind: 'done' },
      { kind: 'failed', reason: failure.reason },
      { kind: 'refused', reason: { kind: 'stationUsed' } },
      { kind: 'starting' },
      { kind: 'waiting' },
      { kind: 'wasIn' },
    ]);
    await open.start({ state: { disks, job: running, station } });
    const said = await bays().allInnerTexts();
    for (const [index, words] of [
      /Copying[\s\S]*4 min left/,
      /Done: take it out/,
      /Failed: set it aside[\s\S]*medium error/,
      /Not started[\s\S]*It holds data, and the station does not erase used drives\./,
      /Starting…[\s\S]*Do not start/,
      /Waits for the next start[\s\S]*Do not start/,
      /Already in: unplug, then plug in/,
      /Plug in a drive/,
    ].entries())
      expect(said[index]).toMatch(words);
    expect(await button(/^Do not start bay/).count()).toBe(2);
  });

  test('counts good and failed drives, with the number that it was armed for', async () => {
    const station = stationOf(stationPlan(disks, { count: 40 }), disks, [], { done: 12, failed: 2 });
    await open.start({ state: { disks, station } });
    await open.page.getByText('12 of 40 done').waitFor();
    await open.page.getByText('2 failed').waitFor();
  });

  test('sounds for each drive that can be taken out while the job goes on, unless the settings say no', async () => {
    const station = stationOf(plan, disks, [], { done: 0 });
    await open.start({ state: { disks, job: running, station } });
    const heard = await countTones(open.page);
    await open.main.push({ station: { ...station, done: 1 } });
    await expect.poll(heard).toBeGreaterThan(0);
    await open.main.push({ settings: { ...open.main.state.settings, sounds: false } });
    await open.main.push({ station: { ...station, done: 2 } });
    await open.page.getByText('2 done').waitFor();
    expect(await heard()).toBe(0);
  });

  test('tells a screen reader of a refusal, with the bay and the reason', async () => {
    const station = stationOf(plan, disks, []);
    await open.start({ state: { disks, station } });
    await open.main.push({
      station: stationOf(plan, disks, [{ kind: 'refused', reason: { kind: 'stationNoSerial' } }]),
    });
    await open.page.getByRole('status').getByText('Bay 1: not started. It reports no serial number').waitFor();
  });

  test('stops at a press, says why it has stopped, and is left with its last job', async () => {
    const ends = copies.destinations.map((_, index) => make.end(copies, index));
    const ended = make.job(copies, [], { phase: 'ended', result: make.result(copies, ends) });
    await open.start({ state: { disks, job: ended, station: stationOf(plan, disks, [{ kind: 'done' }]) } });
    await button('Stop the station').click();
    await open.page.getByRole('heading', { name: 'Station stopped' }).waitFor();
    await open.page.getByText('You stopped the station.', { exact: true }).first().waitFor();
    await button('Close').click();
    await expect.poll(() => open.main.names()).toEqual(['stopStation', 'dismissJob', 'dismissStation']);
    await open.page.getByRole('heading', { name: 'Source' }).waitFor();
  });

  test('leaves the running job on the screen when it is stopped', async () => {
    await open.start({
      state: { disks, job: running, station: stationOf(plan, disks, [{ kind: 'running', index: 0 }]) },
    });
    await open.page.getByText('A running job goes on.').waitFor();
    await button('Stop the station').click();
    await button('Cancel').waitFor();
  });

  test.each([
    [800, 600],
    [1280, 800],
    [1920, 1080],
  ])('fits a window of %d x %d in every language, with 8 bays and with 32', async (width, height) => {
    const many = hub(32);
    const activities = [
      { kind: 'done' },
      { kind: 'running', index: 1 },
      { kind: 'failed', reason: make.writeError(2, many[2]!.path).reason },
      { kind: 'countdown', until: Date.now() + 3.6e6 },
      { kind: 'refused', reason: { kind: 'stationUnread' } },
      { kind: 'refused', reason: { kind: 'stationSize', size: 8e9, least: 32e9, most: 256e9 } },
      { kind: 'waiting' },
    ] as const;
    await open.start({ state: { disks: many, job: running } });
    await open.page.setViewportSize({ width, height });
    for (const drives of [disks, many])
      for (const language of ['en', 'de', 'fr'] as const) {
        await open.main.push({ language, station: stationOf(stationPlan(drives), drives, activities) });
        await open.page.locator(`html[lang=${language}]`).waitFor();
        expect(await overflows(), `${language}, ${drives.length}`).toBe(false);
      }
  });
});
