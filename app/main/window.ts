// The window: one page, sandboxed, that can be reloaded or closed at any moment without harm to a job.
import { app, BrowserWindow, Menu, type InputEvent } from 'electron';
import { watch } from 'node:fs';
import { say } from '../words/speech.ts';
import { APP_URL, IN_DEVELOPMENT } from './content.ts';
import { log } from './log.ts';
import { PRELOAD, RENDERER } from './paths.ts';

/** A renderer that crashed this many times within a minute is not reloaded again. */
const CRASHES_A_MINUTE = 3;
/** A page is built when nothing has come for so long, in milliseconds. */
const BUILT = 300;

let window: BrowserWindow | null = null;
const followers: WindowFollower[] = [];

/** The window, null while there is none. */
export function currentWindow(): BrowserWindow | null {
  return window;
}

/** Follows what happens to the window itself, below its page. */
export interface WindowFollower {
  /** The person pressed or moved something in the window. Scripts of the page cannot cause it. */
  input(input: InputEvent): void;
  /** It came onto the screen. */
  shown(): void;
  /** It has lost the focus. */
  blurred(): void;
  /** Its page is gone, or another one is being loaded. */
  pageGone(): void;
}

/** Tells `follower` of every window from the next one on. */
export function followWindow(follower: WindowFollower): void {
  followers.push(follower);
}

/** True when the window can be seen: it is open, and not minimized. */
export function isOnScreen(): boolean {
  return window !== null && window.isVisible() && !window.isMinimized();
}

/** Shows the window: the one that is open, else a new one. */
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
    tell((follower) => follower.pageGone());
  });
  created.on('show', () => tell((follower) => follower.shown()));
  created.on('restore', () => tell((follower) => follower.shown()));
  created.on('blur', () => tell((follower) => follower.blurred()));
  created.webContents.on('input-event', (_event, input) => tell((follower) => follower.input(input)));
  created.webContents.on('did-navigate', () => tell((follower) => follower.pageGone()));
  created.webContents.on('render-process-gone', () => tell((follower) => follower.pageGone()));
  reloadAfterCrash(created);
  reloadWhenBuilt(created);
  created.loadURL(APP_URL).catch((error: unknown) => log.error(`the page could not be loaded: ${String(error)}`));
  return created;
}

const tell = (what: (follower: WindowFollower) => void): void => followers.forEach(what);

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

/** In development: loads the page again when it was built again. */
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
