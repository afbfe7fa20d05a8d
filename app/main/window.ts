// The window: one sandboxed page that can be reloaded or closed at any time without harm to a job.
import { app, BrowserWindow, Menu, type InputEvent } from 'electron';
import { watch } from 'node:fs';
import { say } from '../words/speech.ts';
import { APP_URL, IN_DEVELOPMENT } from './page-files.ts';
import { log } from './log.ts';
import { PRELOAD, RENDERER } from './paths.ts';
import { zoomByKeys } from './zoom.ts';

/** Do not reload a renderer that has crashed this many times within a minute. */
const CRASHES_A_MINUTE = 3;
/** Milliseconds without changes after which a rebuilt page is complete. */
const BUILT = 300;

let window: BrowserWindow | null = null;
const followers: WindowFollower[] = [];

/** The window; null while there is none. */
export function currentWindow(): BrowserWindow | null {
  return window;
}

/** Follows events of the window itself, below its page. */
export interface WindowFollower {
  /** The person pressed or moved something in the window. Scripts of the page cannot cause this. */
  input(input: InputEvent): void;
  /** The window became visible. */
  shown(): void;
  /** The window lost the focus. */
  blurred(): void;
  /** The page is gone, or another one is loading. */
  pageGone(): void;
}

/** Reports events of every following window to `follower`. */
export function followWindow(follower: WindowFollower): void {
  followers.push(follower);
}

/** True when the window is visible: open, and not minimized. */
export function isOnScreen(): boolean {
  return window !== null && window.isVisible() && !window.isMinimized();
}

/** Shows the open window, or a new one. */
export function showWindow(): void {
  if (window === null) {
    window = createWindow();
    return;
  }
  if (window.isMinimized()) window.restore();
  window.focus();
}

/** Gives developers reload and the inspector (menu hidden until Alt), and users of a package no menu. */
export function setupMenu(): void {
  const menu = Menu.buildFromTemplate([
    { label: say('dialogs.develop'), submenu: [{ role: 'reload' }, { role: 'toggleDevTools' }] },
  ]);
  Menu.setApplicationMenu(app.isPackaged ? null : menu);
}

function createWindow(): BrowserWindow {
  const created = new BrowserWindow({
    title: 'Platter',
    width: 1200,
    height: 800,
    minWidth: 720,
    minHeight: 480,
    show: false,
    autoHideMenuBar: true,
    webPreferences: {
      preload: PRELOAD,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      devTools: !app.isPackaged,
      // The sound at the end of a job comes long after the last click, or after a reload.
      autoplayPolicy: 'no-user-gesture-required',
    },
  });
  created.once('ready-to-show', () => created.show());
  created.once('closed', () => {
    window = null;
    notifyFollowers((follower) => follower.pageGone());
  });
  created.on('show', () => notifyFollowers((follower) => follower.shown()));
  created.on('restore', () => notifyFollowers((follower) => follower.shown()));
  created.on('blur', () => notifyFollowers((follower) => follower.blurred()));
  created.webContents.on('input-event', (_event, input) => notifyFollowers((follower) => follower.input(input)));
  created.webContents.on('did-navigate', () => notifyFollowers((follower) => follower.pageGone()));
  created.webContents.on('render-process-gone', () => notifyFollowers((follower) => follower.pageGone()));
  zoomByKeys(created.webContents);
  reloadAfterCrash(created);
  reloadWhenBuilt(created);
  created.loadURL(APP_URL).catch((error: unknown) => log.error(`the page could not be loaded: ${String(error)}`));
  return created;
}

const notifyFollowers = (what: (follower: WindowFollower) => void): void => followers.forEach(what);

function reloadAfterCrash({ webContents }: BrowserWindow): void {
  let crashes: number[] = [];
  webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason === 'clean-exit') return;
    log.error(`the page's process ended (${reason}, ${exitCode}); the engine is not affected`);
    const now = Date.now();
    crashes = [...crashes.filter((time) => now - time < 60_000), now];
    if (crashes.length <= CRASHES_A_MINUTE) webContents.reload();
  });
}

/** In development: reloads the page after a rebuild. */
function reloadWhenBuilt(created: BrowserWindow): void {
  if (!IN_DEVELOPMENT) return;
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(RENDERER, () => {
    clearTimeout(timer);
    timer = setTimeout(() => created.webContents.reload(), BUILT);
  });
  created.once('closed', () => {
    watcher.close();
    clearTimeout(timer);
  });
}
