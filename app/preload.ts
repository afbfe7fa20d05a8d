// The only code between the window and main: a loop over the contract. Runs sandboxed, bundled as CommonJS.
import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron';
import { calls, channel, notices } from './contract/window.ts';

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
contextBridge.exposeInMainWorld('platter', bridge);
