// The only code between the window and main: a loop over the contract, and the report of dropped files. Runs sandboxed
// and in a world of its own, bundled as CommonJS.
import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron';
import { calls, channel, DROPPED, GIVEN_LINK, isLink, notices } from './contract/window.ts';

/** The data of a drop or a paste. */
interface Transfer {
  files: ArrayLike<File>;
  getData(type: string): string;
}

/** The page's window, as far as this script uses it. */
declare const window: {
  addEventListener(
    type: 'drop' | 'paste' | 'dragstart' | 'dragend',
    listener: (event: { isTrusted: boolean; dataTransfer?: Transfer | null; clipboardData?: Transfer | null }) => void,
    options: { capture: true },
  ): void;
};

const bridge: Record<string, unknown> = {
  pathOf: (file: File): string => webUtils.getPathForFile(file),
};
for (const name of calls) {
  bridge[name] = (...args: unknown[]): Promise<unknown> => ipcRenderer.invoke(channel(name), ...args);
}
for (const name of notices) {
  bridge[`on${name.charAt(0).toUpperCase()}${name.slice(1)}`] = (listener: (value: unknown) => void) => {
    const forward = (_event: IpcRendererEvent, value: unknown): void => listener(value);
    ipcRenderer.on(channel(name), forward);
    return (): void => void ipcRenderer.off(channel(name), forward);
  };
}

// Listen before any script of the page can prevent it. An event that a script dispatches is not trusted, and a file
// that a script makes has no path.
window.addEventListener(
  'drop',
  ({ isTrusted, dataTransfer }) => {
    if (!isTrusted) return;
    const file = dataTransfer?.files[0];
    const path = file !== undefined ? webUtils.getPathForFile(file) : '';
    if (path !== '') ipcRenderer.send(DROPPED, path);
    else if (!ownDrag) give(dataTransfer?.getData('text/uri-list') ?? '');
  },
  { capture: true },
);
window.addEventListener(
  'paste',
  ({ isTrusted, clipboardData }) => isTrusted && give(clipboardData?.getData('text/plain') ?? ''),
  { capture: true },
);
// The page decides what a drag that begins in it carries, so ignore those.
let ownDrag = false;
window.addEventListener('dragstart', () => (ownDrag = true), { capture: true });
window.addEventListener('dragend', () => (ownDrag = false), { capture: true });

/** Tells main the link in `text`, if there is one. */
function give(text: string): void {
  const link = text.trim();
  if (isLink(link)) ipcRenderer.send(GIVEN_LINK, link);
}

contextBridge.exposeInMainWorld('platter', bridge);
