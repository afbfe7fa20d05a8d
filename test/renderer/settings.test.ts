// The settings in the built page, and the page in every language: no English is left, nothing overflows, axe is
// content.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { afterEach, describe, expect, test } from 'vitest';
import type { Disk } from '../../app/contract/disks.ts';
import type { ErrorCode } from '../../app/contract/errors.ts';
import type { Reason } from '../../app/contract/facts.ts';
import { BY_CODE } from '../../app/contract/remedies.ts';
import { defaultSettings } from '../../app/contract/default-settings.ts';
import { LANGUAGES, type Language } from '../../app/contract/limits.ts';
import type { AppState, JobView } from '../../app/contract/window.ts';
import { say, speakWith } from '../../app/words/speech.ts';
import { samples } from '../facts.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { chooseDisk } from './support/source.ts';
import { refuse } from './support/window.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const open = oneWindow();

afterEach(() => speakWith(() => 'en'));

const disks = [make.systemDisk, ...make.sticks(3), make.mountedDisk, make.loopDisk];
const eight = make.plan(
  make.sticks(8).map((disk, i) => make.endpoint(disk, { contents: i === 0 ? [make.ext4('root')] : [] })),
);
const two = make.plan(make.sticks(2).map((disk) => make.endpoint(disk)));
const running = make.job(eight, make.midway(eight), { errors: [make.writeError(2, '/dev/sdd')] });

/** Changes that reached main. */
const changes = (): unknown[] => open.main.asked('changeSettings').map(([change]) => change);

describe('the settings', () => {
  test('opens the settings and changes the language by keyboard alone, and all text follows', async () => {
    await open.start({ state: { disks } });
    const { page } = open;
    await page.keyboard.press('Control+,');
    await page.getByRole('dialog', { name: 'Settings' }).waitFor();
    await page.getByRole('radio', { name: 'Same as system' }).first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog', { name: 'Einstellungen' }).waitFor();
    expect(changes()).toEqual([{ language: 'en' }, { language: 'de' }]);
    expect(await page.getAttribute('html', 'lang')).toBe('de');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Quelle' }).waitFor();
    expect(await page.getByRole('region', { name: 'Ziele' }).innerText()).toMatch(/1,07\sGB/);
  });

  test("applies theme, alerts and a job's defaults, and the next request has them", async () => {
    await open.start({ state: { disks } });
    const { page } = open;
    await page.getByRole('button', { name: 'Settings' }).click();
    const drawer = page.getByRole('dialog', { name: 'Settings' });
    await drawer.getByText('Dark').click();
    await drawer.getByRole('switch', { name: 'Sound' }).click();
    await drawer.getByRole('switch', { name: 'Notification' }).click();
    await drawer.getByRole('switch', { name: 'Verify' }).click();
    await drawer.getByRole('switch', { name: 'Skip empty space' }).click();
    await drawer.getByRole('textbox', { name: 'Speed limit' }).fill('20');
    await page.keyboard.press('Enter');
    await drawer.getByRole('textbox', { name: 'Give up on a drive after' }).fill('9');
    await open.main.push({ disks: disks.slice(1) });
    await open.main.push({ disks });
    expect(
      await drawer.getByRole('textbox', { name: 'Give up on a drive after' }).inputValue(),
      'what is typed stays when a drive comes',
    ).toBe('9');
    await page.keyboard.press('Tab');
    const defaults = { verify: false, update: false, sparse: false, throttle: 20_000_000, stallTimeout: 9 };
    await expect
      .poll(() => open.main.state.settings)
      .toEqual({ ...defaultSettings, theme: 'dark', sounds: false, notifications: false, defaults });
    // An invalid number is not stored.
    await drawer.getByRole('textbox', { name: 'Give up on a drive after' }).fill('long');
    await page.keyboard.press('Tab');
    expect(await drawer.getByRole('textbox', { name: 'Give up on a drive after' }).getAttribute('aria-invalid')).toBe(
      'true',
    );
    expect(open.main.state.settings.defaults.stallTimeout).toBe(9);
    await page.keyboard.press('Escape');
    await chooseDisk(page, '/dev/sdb');
    await page.getByRole('region', { name: 'Destinations' }).getByRole('checkbox', { name: '/dev/sdc' }).click();
    await page.getByRole('button', { name: 'Review' }).click();
    await expect.poll(() => open.main.lastRequest()).toMatchObject(defaults);
  });

  test('says why a change could not be kept, and where damaged settings went until that is read', async () => {
    const settingsError = make.failure('BAD_FILE', {
      reason: { kind: 'settingsDamaged' },
      remedy: { kind: 'settingsKept', path: '/home/me/.config/platter/settings.json.broken-1' },
      device: '/home/me/.config/platter/settings.json.broken-1',
    });
    await open.start({ state: { disks, settingsError } });
    const { page } = open;
    await page.getByText('Its old contents are kept in /home/me/.config/platter/settings.json.broken-1').waitFor();
    await page.getByRole('button', { name: 'OK' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    open.main.controlled = refuse(make.failure('READ_ONLY', { message: 'The file system is read-only.' }));
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('switch', { name: 'Sound' }).click();
    await page.getByText('The file system is read-only.').waitFor();
    expect(await page.getByRole('switch', { name: 'Sound' }).getAttribute('aria-checked')).toBe('true');
  });
});

/** English words that neither German nor French has: a sign of untranslated text. */
const ENGLISH = new RegExp(
  String.raw`(?<!\p{L})(the|drives?|is|it|of|with|will be|not|and|left|port|copying|verified|` +
    String.raw`erase|choose|start|settings)(?!\p{L})`,
  'iu',
);
/** Those of them that are French words too. */
const FRENCH = /(?<!\p{L})port(?!\p{L})/giu;

/** The text of the page for people and screen readers, without commands and the languages' own names. */
const told = (): Promise<string[]> =>
  open.page.evaluate(() => {
    const foreign = (node: Element | null): boolean => node !== null && node.closest('span[lang], code') !== null;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: string[] = [];
    while (walker.nextNode() !== null)
      if (!foreign(walker.currentNode.parentElement)) texts.push(walker.currentNode.textContent ?? '');
    for (const node of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
      for (const name of ['aria-label', 'placeholder', 'title']) texts.push(node.getAttribute(name) ?? '');
    }
    // Codes for scripts and shell commands are the same in every language.
    return texts.map((text) => text.replaceAll(/`[^`]*`|[A-Z]+(_[A-Z]+)+/g, '').trim()).filter((text) => text !== '');
  });

/** The English words in the text when another language is set. */
async function english(language: Language): Promise<string[]> {
  if (language === 'en') return [];
  return (await told()).filter((text) => ENGLISH.test(language === 'fr' ? text.replaceAll(FRENCH, '') : text));
}

/** Buttons and headings whose words are cut off, and a page wider than its window. */
const overflowing = (): Promise<string[]> =>
  open.page.evaluate(() => [
    ...(document.documentElement.scrollWidth > innerWidth ? ['the page'] : []),
    ...[...document.querySelectorAll('button, h2, h3, label span, .drawer, .zone')]
      .filter(
        (node) =>
          node.scrollWidth > node.clientWidth + 1 &&
          getComputedStyle(node).display !== 'inline' &&
          node.closest('.visually-hidden') === null,
      )
      .map((node) => node.textContent.trim()),
  ]);

async function violations(): Promise<string[]> {
  await open.page.evaluate(axeSource);
  const { violations: found } = await open.page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** A job with every failure there is. */
function everyFailure(): JobView {
  const reasons = samples('reasons').filter(({ kind }) => kind !== 'said');
  const remedies = samples('remedies').filter(({ kind }) => kind !== 'said');
  const codes = Object.keys(BY_CODE) as ErrorCode[];
  // The details of a drive list a hundred errors at most.
  const plan = make.plan(make.sticks(Math.ceil(reasons.length / 100)).map((disk) => make.endpoint(disk)));
  const { destinations } = plan;
  return make.job(
    plan,
    destinations.map(() => ({ state: 'failed' })),
    {
      errors: reasons.map((reason, i) =>
        make.writeError(i % destinations.length, destinations[i % destinations.length]!.path, {
          code: codes[i % codes.length]!,
          reason,
          remedy: remedies[i % remedies.length]!,
        }),
      ),
    },
  );
}

/** Drives, each locked for another reason and in another kind of socket. */
const locks: Reason[] = [
  { kind: 'isSystem' },
  { kind: 'mountedAt', targets: ['/a', '/b'] },
  { kind: 'mountedAndSwap', targets: ['/a'] },
  { kind: 'usedAsSwap' },
  { kind: 'optical' },
  { kind: 'writeProtected' },
  { kind: 'heldBy', holders: ['/dev/md0 (raid1)'] },
];
const sockets = samples('sockets').filter(({ kind }) => kind !== 'named');
const plugged = (disk: Disk, i: number): Disk => ({
  ...disk,
  port: { path: `p${i}`, sockets: [sockets[i % sockets.length]!, { kind: 'port', number: String(i) }], bay: null },
});
const locked = make
  .sticks(12)
  .map((disk, i) => plugged({ ...disk, locked: i < locks.length ? { code: 'IN_USE', reason: locks[i]! } : null }, i));
const noted = make.plan(
  make.sticks(12).map((disk, i) => make.endpoint(plugged(disk, i), { contents: samples('contents') })),
  { notes: samples('notes').filter(({ kind }) => kind !== 'said') },
);

const screens: [name: string, state: Partial<AppState>, settings?: boolean][] = [
  ['choose', { disks, interrupted: [make.interrupted(['/dev/sdb'])] }],
  ['review', { disks, review: make.review(eight) }],
  ['review-held', { disks, review: make.review(two) }],
  ['eight', { disks, job: running }],
  ['locks', { disks: locked }],
  ['notes', { disks, review: make.review(noted) }],
  ['settings', { disks }, true],
];

describe.each(LANGUAGES)('the page in %s', (language) => {
  test.each(screens)('fits its words on the screen: %s', async (name, state, settings = false) => {
    await open.start({ state: { ...state, language, settings: { ...defaultSettings, language } } });
    speakWith(() => language);
    if (settings) {
      await open.page.getByRole('button', { name: say('settings.title') }).click();
      await open.page.getByRole('dialog').waitFor();
    }
    if (name === 'choose') await open.page.getByRole('button', { name: say('options.more') }).click();
    await open.picture(`${name}-${language}`);
    expect(await violations()).toEqual([]);
    expect(await overflowing()).toEqual([]);
    expect(await english(language)).toEqual([]);
  });

  test('says every failure', async () => {
    const job = everyFailure();
    await open.start({ state: { job, language, settings: { ...defaultSettings, language } } });
    speakWith(() => language);
    let shown = 0;
    for (const name of job.plan.destinations.map(({ path }) => path.slice('/dev/'.length))) {
      await open.page.getByRole('button', { name: say('job.detailsOf', { name }) }).click();
      await open.page.getByRole('dialog').waitFor();
      await open.picture(`failures-${name}-${language}`);
      shown += await open.page.locator('.note').count();
      expect(await overflowing()).toEqual([]);
      expect(await english(language)).toEqual([]);
      await open.page.keyboard.press('Escape');
      await open.page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    expect(shown).toBe(samples('reasons').length - 1); // except the one that quotes another program
  });
});
