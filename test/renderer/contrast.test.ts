// Forced colours (high contrast) and reduced motion, on every screen.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { afterEach, describe, expect, test } from 'vitest';
import { oneWindow } from './support/one-window.ts';
import { reach, screens } from './support/screens.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const open = oneWindow();

afterEach(() => open.page.emulateMedia({ forcedColors: null }));

/** Glyphs and bars that cannot be told from what is behind them. */
function unseen(): string[] {
  const colourOf = (node: Element, property: 'color' | 'backgroundColor'): string => getComputedStyle(node)[property];
  const clear = 'rgba(0, 0, 0, 0)';
  const ground = (node: Element | null): string =>
    node === null
      ? colourOf(document.documentElement, 'backgroundColor')
      : colourOf(node, 'backgroundColor') === clear
        ? ground(node.parentElement)
        : colourOf(node, 'backgroundColor');
  const isShown = (node: Element): boolean =>
    node.checkVisibility({ visibilityProperty: true }) && node.closest('.visually-hidden') === null;
  const found: string[] = [];
  for (const glyph of document.querySelectorAll('svg')) {
    if (!isShown(glyph)) continue;
    const { width, height } = glyph.getBoundingClientRect();
    if (width === 0 || height === 0 || colourOf(glyph, 'color') === ground(glyph.parentElement))
      found.push(`glyph: ${glyph.outerHTML.slice(0, 100)}`);
  }
  for (const bar of document.querySelectorAll('[role="progressbar"]')) {
    if (!isShown(bar)) continue;
    const { backgroundColor, borderTopWidth, outlineStyle, forcedColorAdjust } = getComputedStyle(bar);
    const hasEdge = borderTopWidth !== '0px' || outlineStyle !== 'none' || forcedColorAdjust === 'none';
    if (!hasEdge && backgroundColor === ground(bar.parentElement)) found.push(`bar: ${bar.outerHTML.slice(0, 100)}`);
  }
  return found;
}

describe('forced colours and reduced motion', () => {
  test.each(screens)('leave every state visible and nothing in motion on the screen: $name', async (screen) => {
    await open.start({ state: screen.state, reducedMotion: true });
    await open.page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
    await reach(screen, open);

    await open.page.evaluate(axeSource);
    const { violations } = await open.page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([]);
    expect(await open.page.evaluate(unseen)).toEqual([]);
    expect(
      await open.page.evaluate(
        () => document.getAnimations().filter(({ playState }) => playState === 'running').length,
      ),
    ).toBe(0);
  });

  test('tell a chosen task and a chosen drive from the others without their colours', async () => {
    const chosen = screens.find(({ name }) => name === 'chosen')!;
    await open.start({ state: chosen.state });
    await open.page.emulateMedia({ forcedColors: 'active' });
    await reach(chosen, open);
    await open.page.getByRole('checkbox', { checked: true }).first().click();
    const borderOf = (selector: string): Promise<string> =>
      open.page
        .locator(selector)
        .first()
        .evaluate((node) => [getComputedStyle(node).borderTopColor, getComputedStyle(node).borderTopStyle].join());

    expect(await borderOf('input[type="radio"]:checked + span')).not.toBe(
      await borderOf('input[type="radio"]:not(:checked) + span'),
    );
    const ticks = (state: string): Promise<boolean[]> =>
      open.page
        .locator(`.row[data-state="${state}"] > .mark > *`)
        .evaluateAll((all) => all.map((tick) => tick.checkVisibility({ visibilityProperty: true })));
    expect([new Set(await ticks('checked')), new Set(await ticks('unchecked'))]).toEqual([
      new Set([true]),
      new Set([false]),
    ]);
  });
});
