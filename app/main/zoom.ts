// The window's zoom by keys, as in browsers. A package has no menu whose items would bring them.
import type { Input, WebContents } from 'electron';

/** Chromium's levels: each is 1.2 times the one before. */
const LEAST = -2;
const MOST = 4;

/** The level after a key; null when the key is for something else. */
function levelAfter({ type, control, alt, meta, key }: Input, level: number): number | null {
  if (type !== 'keyDown' || !control || alt || meta) return null;
  switch (key) {
    case '0':
      return 0;
    case '-':
      return Math.max(LEAST, level - 1);
    // On many keyboards the plus needs Shift. Browsers take the same key without it.
    case '+':
    case '=':
      return Math.min(MOST, level + 1);
    default:
      return null;
  }
}

/** Zooms the page when a person presses Ctrl with plus, minus or zero. */
export function zoomByKeys(contents: WebContents): void {
  contents.on('before-input-event', (event, input) => {
    const level = levelAfter(input, contents.getZoomLevel());
    if (level === null) return;
    event.preventDefault();
    contents.setZoomLevel(level);
  });
}
