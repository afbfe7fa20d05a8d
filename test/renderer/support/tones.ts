// The sounds of the page.
import type { Page } from 'playwright-core';

/**
 * Counts the sounds that the page plays from now on, without playing them, because a machine without sound plays none.
 * Returns what gives the number since it was last asked.
 */
export async function countTones(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const tones: number[] = [];
    Object.assign(window, { tones });
    OscillatorNode.prototype.start = function heard(this: OscillatorNode) {
      tones.push(this.frequency.value);
    };
    OscillatorNode.prototype.stop = () => undefined;
  });
  return () => page.evaluate(() => (window as unknown as { tones: number[] }).tones.splice(0).length);
}
