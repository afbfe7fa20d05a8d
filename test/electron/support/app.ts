// The real app in a real Electron: started as `npm start` does it, driven by Playwright.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';

import { commandLine, descendants } from './processes.ts';

const HERE = import.meta.dirname;
const ARTIFACTS = resolve(HERE, '../../../artifacts/electron');
const LAUNCHER = join(HERE, 'launcher.mjs');
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

/** The user who called sudo unless a test says otherwise. It has no account. */
export const CALLER = 54_320;

/** A running window. Disposing of it closes the app and waits until it has ended. */
export interface App extends AsyncDisposable {
  readonly electron: ElectronApplication;
  readonly page: Page;
  /** The launcher: what `npm start` runs. */
  readonly launcher: ChildProcess;
  /** The output of launcher, window and engine host on stderr so far. */
  said(): string;
  /** Process of the engine host; it changes when main starts a new one. */
  hostPid(): number;
  /** Processes of brokers that polkit or sudo started, and that wait for a host's requests. */
  brokers(): number[];
  /** Resolves with the launcher's exit code. */
  readonly gone: Promise<number | null>;
}

/** How the app is started. */
export interface AppOptions {
  /** Window and engine host belong to an ordinary user, without root. */
  unprivileged?: boolean;
  /** Root opens the window without sudo. By default root opens it as behind sudo, for CALLER. */
  root?: boolean;
  /** Such a user, and the command that enters that user's namespace (polkit.ts). */
  user?: { uid: number; enter: readonly string[] };
  /** The command that runs the launcher in another namespace. Default: that of `user`. */
  enter?: readonly string[];
  /** File for every call that reaches another socket, by the launcher and all its descendants (strace). */
  trace?: string;
  /** The user's home folder. Default: a new one, removed at the end. */
  home?: string;
  /** More environment for the launcher. */
  env?: Record<string, string>;
}

/** Opens the window and waits for the page to show its first state. */
export async function launchApp({
  user,
  unprivileged = user !== undefined,
  root = false,
  enter = user?.enter,
  trace,
  home: own,
  env = {},
}: AppOptions = {}): Promise<App> {
  await screen();
  const home = own ?? mkdtempSync(join(tmpdir(), 'platter-test-home-'));
  const cookie = process.env.XAUTHORITY;
  if (unprivileged && cookie) copyFileSync(cookie, join(home, 'Xauthority'));
  const behindSudo = isRoot && !unprivileged && !root;
  const uid = user?.uid ?? (unprivileged ? NOBODY : CALLER);
  if (unprivileged || behindSudo)
    for (const path of [home, ...readdirSync(home).map((name) => join(home, name))]) chownSync(path, uid, uid);
  const electron = await _electron.launch({
    executablePath: enter === undefined ? LAUNCHER : entering(enter, home),
    chromiumSandbox: true,
    colorScheme: null, // the setting decides
    env: {
      ...(process.env as Record<string, string>),
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
      HOME: home,
      XDG_CONFIG_HOME: home,
      PLATTER_STATE: join(home, 'state'),
      ...(behindSudo && { SUDO_UID: String(uid), SUDO_GID: String(uid) }),
      ...env,
      ...(unprivileged && { PLATTER_TEST_UID: String(uid) }),
      ...(trace !== undefined && { PLATTER_TEST_TRACE: trace }),
      ...(unprivileged && cookie && { XAUTHORITY: join(home, 'Xauthority') }),
    },
  });
  const launcher = electron.process();
  let said = '';
  launcher.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const gone = once(launcher, 'exit').then(([code]) => code as number | null);
  const page = await electron.firstWindow();
  page.context().setDefaultTimeout(180_000);
  await page.locator('#source-heading').waitFor();
  return {
    electron,
    page,
    launcher,
    said: () => said,
    hostPid: () => descendants(launcher.pid ?? -1).find((pid) => commandLine(pid).includes('engine/host.js')) ?? -1,
    brokers: () =>
      descendants(launcher.pid ?? -1).filter((pid) => /^[^ ]*platter-broker --(read|write) /.test(commandLine(pid))),
    gone,
    async [Symbol.asyncDispose]() {
      if (launcher.exitCode === null) {
        // Everything is verified a moment before the job ends. Closing the window in between would ask.
        await electron.evaluate(
          ({ dialog }) => void (dialog.showMessageBox = () => Promise.resolve({ response: 1, checkboxChecked: false })),
        );
        await electron.close();
      }
      await gone;
      if (own === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The launcher as a program that starts with another command: Playwright takes no arguments before its own. */
function entering(enter: readonly string[], folder: string): string {
  const program = join(folder, 'launcher.sh');
  writeFileSync(program, `#!/bin/sh\nexec ${enter.join(' ')} ${process.execPath} ${LAUNCHER} "$@"\n`, { mode: 0o755 });
  return program;
}

/** Keeps a picture of the window among the artifacts. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTIFACTS, `${name}.png`) });
}

/** The next native save dialog answers with `path`. */
export async function answerSaveDialog({ electron }: Pick<App, 'electron'>, path: string): Promise<void> {
  await electron.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
  }, path);
}

/** Makes the next native file dialog answer with `path`, as if the user had chosen it. */
export async function answerOpenDialog({ electron }: App, path: string): Promise<void> {
  await electron.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [chosen] });
  }, path);
}

/** A folder for images that every user can see, and CALLER can write to. Removed by the caller. */
export function imageFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'platter-images-'));
  chmodSync(folder, 0o755);
  if (isRoot) chownSync(folder, CALLER, CALLER);
  return folder;
}

let server: ChildProcess | null = null;

/** Starts an X server where the environment has none; it ends with this process. */
export async function screen(): Promise<void> {
  if (process.env.DISPLAY !== undefined) return;
  server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [display] = (await once(server.stdout!, 'data')) as [Buffer];
  process.env.DISPLAY = `:${display.toString().trim()}`;
  // It does not keep the program running. Its pipe stays open, because it still writes the end of the line.
  server.unref();
  (server.stdout as Socket).unref();
  process.once('exit', () => server?.kill());
}
