// Axe finds no violation in either theme, and everything works without a mouse.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../app/contract/limits.ts';
import * as make from './support/fixtures.ts';
import { described, recentImage } from './support/images.ts';
import { oneWindow } from './support/one-window.ts';
import { reach, screens } from './support/screens.ts';
import { browseImage, chooseDisk, openDisks, sourceCard } from './support/source.ts';
import { refuse } from './support/window.ts';
import { changed } from '../requests.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const open = oneWindow();

async function violations(): Promise<string[]> {
  await open.page.evaluate(axeSource);
  const { violations: found } = await open.page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

const disks = [make.systemDisk, ...make.sticks(3), make.mountedDisk, make.loopDisk];
const sticks = make.plan(
  make.sticks(8).map((disk, i) => make.endpoint(disk, { contents: i === 0 ? [make.ext4('root')] : [] })),
);
const plain = make.plan(make.sticks(2).map((disk) => make.endpoint(disk)));
const running = make.job(sticks, make.midway(sticks), { errors: [make.writeError(2, '/dev/sdd')] });

const usedOnly = make.plan(plain.destinations, {
  mapped: 12e9,
  parts: [
    {
      partition: 1,
      signatures: ['ntfs'],
      offset: 1e6,
      size: 8e9,
      used: 8e9,
      whole: { kind: 'usedHibernated' },
      saves: 5e9,
    },
    { partition: null, signatures: [], offset: 9e9, size: 8e9, used: 4e9, whole: null, saves: 0 },
  ],
  request: changed(plain.request, { used: true }),
});

describe.each(['light', 'dark'] as const)('axe in the %s theme', (scheme) => {
  test.each(screens)('finds no violation in any language on the screen: $name', async (screen) => {
    await open.start({ state: screen.state, scheme });
    await reach(screen, open);
    for (const language of LANGUAGES) {
      await open.main.push({ language });
      await open.page.locator(`html[lang=${language}]`).waitFor();
      expect({ language, found: await violations() }).toEqual({ language, found: [] });
    }
  });

  test('finds no violation with a refused choice and the command line open', async () => {
    await open.start({ state: { disks }, scheme });
    open.main.image = '/home/me/disk.img';
    open.main.newImage = '/home/me/copy.img';
    open.main.reviewed = refuse(make.failure('IN_USE', { device: '/dev/sdb' }));
    await open.page.getByRole('button', { name: 'Choose an image…' }).click();
    await open.page.getByRole('button', { name: 'Select all' }).click();
    await open.page.getByRole('button', { name: 'New image file…' }).click();
    await open.page.getByRole('button', { name: 'Review' }).click();
    await open.page.getByText('Not started: nothing was written.').waitFor();
    await open.page.getByRole('button', { name: 'Command line' }).click();
    expect(await violations()).toEqual([]);
  });

  test('finds no violation in the options with an invalid limit', async () => {
    await open.start({ state: { disks }, scheme });
    await open.page.getByRole('button', { name: 'More options' }).click();
    await open.page.getByRole('switch', { name: 'Write only changes' }).click();
    await open.page.getByRole('textbox', { name: 'Speed limit' }).fill('fast');
    expect(await violations()).toEqual([]);
  });

  test('finds no violation in the choice of used blocks', async () => {
    const source = make.disk('/dev/sda', { fileSystem: 'ext4' });
    await open.start({ state: { disks: [source, ...disks] }, scheme });
    open.main.usageFound = {
      ok: true,
      value: { size: source.size, used: 12e9, copied: 12e9, image: null, parts: usedOnly.parts! },
    };
    await chooseDisk(open.page, '/dev/sda');
    await open.page.getByRole('switch', { name: 'Copy used blocks only' }).click();
    await open.page.getByRole('button', { name: 'By partition' }).click();
    expect(await violations()).toEqual([]);
  });

  test('finds no violation in the list of disks to clone', async () => {
    await open.start({ state: { disks }, scheme });
    await openDisks(open.page);
    expect(await violations()).toEqual([]);
  });

  test('finds no violation in what is beside a chosen source', async () => {
    await open.start({ state: { disks, recent: [recentImage('class.zip')] }, scheme });
    open.main.image = '/home/me/disk.img';
    open.main.described = { ok: true, value: described() };
    await browseImage(open.page);
    await open.page.getByRole('img', { name: '2 partitions' }).waitFor();
    expect(await violations()).toEqual([]);
    await open.page.getByRole('button', { name: 'Change…' }).click();
    expect(await violations()).toEqual([]);
  });

  test('finds no violation in a check against a manifest', async () => {
    await open.start({ state: { disks }, scheme });
    open.main.manifest = '/home/me/disk.manifest';
    await open.page.getByRole('radio', { name: 'Check only' }).check({ force: true });
    await open.page.getByRole('button', { name: 'Choose a manifest…' }).click();
    await sourceCard(open.page, 'Manifest /home/me/disk.manifest').waitFor();
    expect(await violations()).toEqual([]);
  });

  test('finds no violation in the question before a drive is stopped', async () => {
    await open.start({ state: { disks, job: running }, scheme });
    await open.page.getByRole('button', { name: 'Details of sdi' }).click();
    await open.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(await violations()).toEqual([]);
  });

  test('finds no violation in the speed of the whole job', async () => {
    await open.start({ state: { disks, job: running }, scheme });
    await open.page.getByRole('button', { name: 'Job details' }).click();
    await open.page.getByRole('dialog').waitFor();
    expect(await violations()).toEqual([]);
  });

  test('finds no violation in the details of a failed drive', async () => {
    await open.start({ state: { disks, job: running }, scheme });
    await open.page.getByRole('button', { name: 'Details of sdd' }).click();
    await open.page.getByRole('dialog').waitFor();
    expect(await violations()).toEqual([]);
  });
});

describe('the window zoomed in to 200 %', () => {
  // What a person opens over a screen covers it.
  test.each(screens.filter(({ steps }) => steps === undefined))(
    'keeps everything reachable and nothing covered at 200 % on the screen: $name',
    async ({ name, state }) => {
      await open.start({ state, width: 600, height: 400 });
      const lost = await open.page.evaluate(() => {
        const found: string[] = document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [];
        for (const node of document.querySelectorAll<HTMLElement>(
          'button, input, select, h2, [role=checkbox], [role=radio], [role=switch], .note p, .card',
        )) {
          if (
            node.closest('.visually-hidden') !== null ||
            node.matches('.visually-hidden, :disabled') ||
            getComputedStyle(node).display === 'none' ||
            node.getClientRects().length === 0
          )
            continue;
          node.scrollIntoView({ block: 'center' });
          const { left, right, top, bottom, width, height } = node.getBoundingClientRect();
          const inside = left >= -1 && right <= innerWidth + 1 && bottom > 0 && top < innerHeight;
          const at = document.elementFromPoint(
            left + width / 2,
            Math.max(0, Math.min(innerHeight - 1, top + Math.min(height, 16) / 2)),
          );
          const open =
            at !== null && (node.contains(at) || at.contains(node) || at.closest('.tile') === node.closest('.tile'));
          if (!inside || !open)
            found.push(
              `${node.tagName} "${(node.getAttribute('aria-label') ?? node.textContent).trim().slice(0, 40)}" ` +
                (inside ? 'is covered' : 'is outside'),
            );
        }
        return found;
      });
      expect(lost).toEqual([]);
      const zones = await open.page.locator('.zone:visible').evaluateAll((all) =>
        all.map((each) => {
          const { top, bottom, height } = each.getBoundingClientRect();
          return { top, bottom, height, needs: each.scrollHeight };
        }),
      );
      for (const [i, { top, height, needs }] of zones.entries()) {
        expect(needs).toBeLessThanOrEqual(height + 1);
        if (i > 0) expect(top).toBeGreaterThanOrEqual(zones[i - 1]!.bottom);
      }
      await open.picture(`zoom-${name.replace(/\W+/g, '-')}`);
    },
  );
});

test('moves nothing when the user prefers reduced motion', async () => {
  await open.start({ state: { disks, job: running }, reducedMotion: true });
  const moving = await open.page.evaluate(() => document.getAnimations().length);
  const styles = await open.page
    .locator('*')
    .evaluateAll(
      (all) =>
        all.filter(
          (node) =>
            getComputedStyle(node).animationName !== 'none' ||
            (getComputedStyle(node).transitionProperty !== 'none' &&
              getComputedStyle(node).transitionDuration !== '0s'),
        ).length,
    );
  expect([moving, styles]).toEqual([0, 0]);
});

/** Presses Tab until `name` has the focus. Every focused element must show it. */
async function tabTo(name: RegExp): Promise<void> {
  for (let i = 0; i < 60; i += 1) {
    const focus = await open.page.evaluate(() => {
      const at = document.activeElement;
      if (at === null) return { name: '', outline: '' };
      const style = getComputedStyle(at);
      return {
        name: at.getAttribute('aria-label') ?? at.textContent.trim(),
        outline: `${style.outlineStyle} ${style.outlineWidth}`,
      };
    });
    if (name.test(focus.name)) {
      expect(focus.outline).toBe('solid 3px');
      return;
    }
    await open.page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reached ${String(name)}.`);
}

describe('the keyboard alone', () => {
  test("goes from an empty choice to a running job and a tile's details by keyboard alone", async () => {
    await open.start({ state: { disks } });
    const plan = make.plan([make.endpoint(disks[2]!), make.endpoint(disks[3]!)]);
    open.main.reviewed = { ok: true, value: plan };
    open.main.jobToRun = make.job(plan, []);
    const { keyboard } = open.page;

    await tabTo(/^Clone a disk…$/);
    await keyboard.press('Enter');
    await tabTo(/sdb$/);
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowUp');
    await keyboard.press('Enter');
    await sourceCard(open.page, '/dev/sdb').waitFor();
    await tabTo(/^Search drives$/);
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowDown');
    await tabTo(/^SanDisk.*sdc$/);
    await keyboard.press('Space');
    // A button without anything left to do keeps the focus.
    await tabTo(/^Select all \(3\)$/);
    await keyboard.press('Enter');
    expect(await open.page.evaluate(() => document.activeElement?.textContent.trim())).toBe('Select all (3)');
    await tabTo(/^Review$/);
    await keyboard.press('Enter');
    await open.page.getByRole('heading', { name: 'Erase 2 drives?' }).waitFor();
    expect(open.main.lastRequest()?.destinations).toEqual(['/dev/sdc', '/dev/sdd', '/dev/sdx']);

    expect(await open.page.evaluate(() => document.activeElement?.textContent.trim())).toBe('Erase 2 drives?');
    await tabTo(/^Hold to start$/);
    await keyboard.down('Space');
    await open.page.getByRole('button', { name: 'Details of sdd' }).waitFor();
    await keyboard.up('Space');
    expect(open.main.names()).toEqual(['review', 'start']);

    await tabTo(/^Details of sdd$/);
    await keyboard.press('Enter');
    await open.page.getByRole('dialog', { name: 'sdd' }).waitFor();
    await keyboard.press('Escape');
    await open.page.getByRole('dialog').waitFor({ state: 'detached' });

    // When the buttons of the job go, the focus moves to the summary.
    await tabTo(/^Pause$/);
    await open.main.push({
      job: { ...open.main.jobToRun, phase: 'ended', result: make.result(plan, [make.end(plan, 0), make.end(plan, 1)]) },
    });
    await expect
      .poll(() => open.page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toBe('2 verified');
    expect(open.problems).toEqual([]);
  });
});
