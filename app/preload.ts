// The only code between the window and main: a loop over the contract, and the report of dropped files. Runs sandboxed
// and in a world of its own, bundled as CommonJS.
import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron';
import { calls, channel, DROPPED, notices } from './contract/window.ts';

/** The page's window, as far as this script uses it. */
declare const window: {
  addEventListener(
    type: 'drop',
    listener: (event: { isTrusted: boolean; dataTransfer: { files: ArrayLike<File> } | null }) => void,
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

// Before any script of the page, so none can stop it. An event that a script dispatches is not trusted, and a file that
// a script makes has no path.
window.addEventListener(
  'drop',
  ({ isTrusted, dataTransfer }) => {
    const file = dataTransfer?.files[0];
    const path = isTrusted && file !== undefined ? webUtils.getPathForFile(file) : '';
    if (path !== '') ipcRenderer.send(DROPPED, path);
  },
  { capture: true },
);

contextBridge.exposeInMainWorld('platter', bridge);
