// Opens Platter's window. Root's window belongs to an ordinary user: platter-broker starts Electron as that user and
// stays behind as root, to open the disks that the window's engine asks it for (native/broker).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants as os } from 'node:os';
import { join } from 'node:path';
import { canRead, handOver, removeFolder, sudoCaller, windowUser } from './window-user.mjs';

/** The variables of root's environment that an ordinary user's window gets: screen, language, our own settings. */
const PASSED_ON =
  /^(PATH|LANG|LANGUAGE|LC_.*|TZ|TERM|DISPLAY|WAYLAND_DISPLAY|XDG_SESSION_TYPE|XDG_CURRENT_DESKTOP|GTK_.*|GDK_.*|ELECTRON_.*|PLATTER_.*)$/;
/** The variables that name folders: the caller's behind sudo; otherwise root's, to which no other user can write. */
const PLACES = /^(PLATTER_STATE|XDG_(CONFIG|STATE|DATA|CACHE)_HOME)$/;

/**
 * Opens the window and waits until it is closed.
 * @param {object} options
 * @param {string} options.electron path of the Electron binary
 * @param {string} options.appDir folder with our package.json and out/
 * @param {string[]} [options.args] arguments for the app
 * @param {string[]} [options.switches] Electron's own, before the app's folder
 * @param {NodeJS.ProcessEnv} [options.env]
 * @returns {Promise<number>} exit code; 2 when the window cannot be opened
 */
export async function openWindow({ electron, appDir, args = [], switches = [], env = process.env }) {
  const argv = [...switches, appDir, ...args];
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY)
    return refuse('there is no screen to open a window on. The command line needs none: `npm start -- --help`.');
  if (process.getuid?.() !== 0) return ended(spawn(electron, argv, { stdio: 'inherit', env }));

  const user = windowUser(env);
  try {
    const hidden = [electron, join(appDir, 'package.json'), join(appDir, 'out/main/main.js')].find(
      (path) => !canRead(user, path),
    );
    if (hidden !== undefined) {
      return refuse(
        `the window never runs as root. It would run as ${user.name}, who cannot read ${hidden}. ` +
          'Put Platter in a folder that every user can read (for example /opt/platter), or run `npm start` as an ordinary user.',
      );
    }
    return await openAs(user, { electron, appDir, argv, env });
  } finally {
    await removeFolder(user);
  }
}

function refuse(reason) {
  console.error(`platter: ${reason}`);
  return 2;
}

/** Starts Electron as `user`, with a broker behind it. */
function openAs(user, { electron, appDir, argv, env }) {
  const cookie = xCookie(env);
  const copied = cookie !== null && !canRead(user, cookie);
  handOver(user, user.folder, copied ? cookie : null);
  // This user may have no session bus, about which Chromium complains at length. Show only fatal errors.
  const quiet = env.ELECTRON_ENABLE_LOGGING ? [] : ['--log-level=3'];
  const broker = join(appDir, 'out/native/platter-broker');
  // The user must not be able to type into root's terminal: pass no descriptor of it, and use a session without it.
  const started = spawn(
    broker,
    ['--as', `${user.uid}:${user.gid}`, '--home', user.folder, '--', electron, ...quiet, ...argv],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: windowEnv(env, user, copied ? join(user.folder, 'Xauthority') : cookie),
    },
  );
  started.stdout.pipe(process.stdout, { end: false });
  started.stderr.pipe(process.stderr, { end: false });
  return ended(started);
}

/** Waits for a child. Passes on signals that would end this process, so that a running job can stop safely first. */
export async function ended(child) {
  const forward = (signal) => child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  try {
    const [code, signal] = await once(child, 'exit');
    return code ?? 128 + os.signals[signal];
  } finally {
    for (const signal of signals) process.off(signal, forward);
  }
}

/** Environment of the window. The broker adds HOME, USER and LOGNAME. */
function windowEnv(env, user, cookie) {
  const behindSudo = sudoCaller(env) !== null;
  const passed = Object.entries(env).filter(([name]) => (PLACES.test(name) ? behindSudo : PASSED_ON.test(name)));
  const runtime = `/run/user/${user.uid}`;
  const desktop =
    user.home !== null && existsSync(runtime)
      ? {
          XDG_RUNTIME_DIR: runtime,
          DBUS_SESSION_BUS_ADDRESS: env.DBUS_SESSION_BUS_ADDRESS ?? `unix:path=${runtime}/bus`,
        }
      : { XDG_RUNTIME_DIR: user.folder, GSETTINGS_BACKEND: 'memory' };
  return {
    ...Object.fromEntries(passed),
    ...desktop,
    TMPDIR: user.folder,
    ...(cookie !== null && { XAUTHORITY: cookie }),
  };
}

/** Path of the X cookie in root's environment, or null when there is none. */
function xCookie(env) {
  const cookie = env.XAUTHORITY ?? (env.HOME && join(env.HOME, '.Xauthority'));
  return cookie && existsSync(cookie) ? cookie : null;
}
