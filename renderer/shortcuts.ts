// The keyboard shortcuts of the window, in one list: what App.svelte obeys, what controls tell assistive technology, and
// what the help shows. None of them can agree to anything: main wants a held button or a typed word.

/** What a shortcut does. */
export type Action = 'openImage' | 'review' | 'find' | 'refresh' | 'back' | 'history' | 'settings' | 'help';

/** Keys of the zoom, which main obeys, and what a shortcut of the page does. */
export type ShortcutId = Action | 'zoomIn' | 'zoomOut' | 'zoomReset';

/** A key, with or without Control. `key` is that of a KeyboardEvent. */
interface Keys {
  control: boolean;
  key: string;
}

const control = (key: string): Keys => ({ control: true, key });
const alone = (key: string): Keys => ({ control: false, key });

/** All shortcuts, in the order of the help. */
export const SHORTCUTS: Readonly<Record<ShortcutId, Keys>> = {
  openImage: control('o'),
  review: control('Enter'),
  find: control('f'),
  refresh: alone('F5'),
  back: alone('Escape'),
  history: control('h'),
  settings: control(','),
  help: alone('F1'),
  zoomIn: control('+'),
  zoomOut: control('-'),
  zoomReset: control('0'),
};

const ACTIONS = ['openImage', 'review', 'find', 'refresh', 'back', 'history', 'settings', 'help'] as const;

/** The action of a pressed key; null when it has none. */
export function actionOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey'>,
): Action | null {
  if (event.altKey || event.metaKey || event.shiftKey) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return ACTIONS.find((id) => SHORTCUTS[id].key === key && SHORTCUTS[id].control === event.ctrlKey) ?? null;
}

/** The value of `aria-keyshortcuts` for a control that does the same. */
export function ariaKeys(id: ShortcutId): string {
  const { control: isHeld, key } = SHORTCUTS[id];
  return `${isHeld ? 'Control+' : ''}${key.length === 1 ? key.toUpperCase() : key}`;
}
