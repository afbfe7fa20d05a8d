// The windows of a test file: one browser for all of its tests, and a window for each. A problem of a page (its
// console, its policy) fails the test that has it open.
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { FakeMain, OpenWindow, WindowOptions } from './window.ts';
import { Windows } from './window.ts';

/** The window of the running test, with the members of an `OpenWindow`. */
export interface OneWindow extends Readonly<OpenWindow> {
  /** Opens it. */
  start(options?: WindowOptions): Promise<void>;
}

/** Call this once in a test file, outside of its tests. */
export function oneWindow(): OneWindow {
  let windows: Windows;
  let open: OpenWindow | null = null;
  const now = (): OpenWindow => {
    if (open === null) throw new Error('this test has opened no window');
    return open;
  };
  beforeAll(async () => void (windows = await Windows.start()));
  afterAll(() => windows.stop());
  afterEach(async () => {
    const problems = open?.problems ?? [];
    if (open !== null) await windows.close(open);
    open = null;
    expect(problems).toEqual([]);
  });
  return {
    get page() {
      return now().page;
    },
    get main(): FakeMain {
      return now().main;
    },
    get problems() {
      return now().problems;
    },
    picture: (name) => now().picture(name),
    async start(options) {
      open = await windows.open(options ?? {});
    },
  };
}
