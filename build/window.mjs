// Opens Platter's window. The window never runs as root: started by root, this launcher starts the engine host itself,
// hands Electron to an ordinary user with its sandbox on, and relays the bytes between the two. Behind sudo the host
// keeps of root's rights only that it may open disks (app/engine/elevated.ts).
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants as os, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';

/**
 * The window's descriptors of engine hosts, in pairs: what a host says, and what it is told. The first host is started at
 * once, each of the others when the window first speaks to it, which it does when the one before has failed.
 */
const HOSTS = [[3, 4], [5, 6], [7, 8], [9, 10]];

/** How a stream says that the other side has gone. */
const CLOSED = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

/** What an ordinary user's window may know of root's environment: how to reach the screen, the language, our own settings (but not root's state folder). */
const PASSED_ON = /^(PATH|LANG|LANGUAGE|LC_.*|TZ|TERM|DISPLAY|WAYLAND_DISPLAY|XDG_SESSION_TYPE|XDG_CURRENT_DESKTOP|GTK_.*|GDK_.*|ELECTRON_.*|PLATTER_(?!STATE$).*)$/;

/**
 * Opens the window and waits until it is closed.
 * @param {object} options
 * @param {string} options.electron path of the Electron binary
 * @param {string} options.appDir folder with our package.json and out/
 * @param {string[]} [options.args] arguments for the app
 * @param {string[]} [options.switches] Electron's own, before the app's folder
 * @param {string} [options.host] path of the engine host's program
 * @param {NodeJS.ProcessEnv} [options.env]
 * @returns {Promise<number>} exit code; 2 when the window cannot be opened
 */
export async function openWindow({ electron, appDir, args = [], switches = [], host = join(appDir, 'out/engine/host.js'), env = process.env }) {
  const argv = [...switches, appDir, ...args];
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return refuse('there is no screen to open a window on. The command line needs none: `npm start -- --help`.');
  if (process.getuid?.() !== 0) return ended(spawn(electron, argv, { stdio: 'inherit', env }));

  const user = ordinaryUser(env);
  const hidden = [electron, join(appDir, 'package.json'), join(appDir, 'out/main/main.js')].find((path) => !canRead(user, path));
  if (hidden !== undefined) {
    return refuse(
      `the window runs as the user "${user.name}", never as root, and "${user.name}" cannot read ${hidden}. ` +
        'Put Platter in a folder every user may read (for example /opt/platter), or run `npm start` as an ordinary user.',
    );
  }
  const home = mkdtempSync(join(tmpdir(), 'platter-window-'));
  try {
    chownSync(home, user.uid, user.gid);
    return await openAsUser({ electron, argv, host, user, home, env });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function refuse(reason) {
  console.error(`platter: ${reason}`);
  return 2;
}

/** The root half: the hosts here, the window there, two pipes between it and each. */
async function openAsUser({ electron, argv, host, user, home, env }) {
  const running = [];
  const elevated = user.behindSudo ? ['--elevated', ...(env.PLATTER_STATE ? ['--state', env.PLATTER_STATE] : [])] : [];
  // This user may have no session bus, of which Chromium complains at length: only what is fatal is shown.
  const quiet = env.ELECTRON_ENABLE_LOGGING ? [] : ['--log-level=3'];
  const window = spawn(electron, [...quiet, ...argv], {
    stdio: ['ignore', 'inherit', 'inherit', ...HOSTS.flatMap(() => ['pipe', 'pipe'])],
    uid: user.uid,
    gid: user.gid,
    env: { ...windowEnv(env, user, home), PLATTER_HOST_FDS: HOSTS.join() },
  });
  const start = ([from, to]) => {
    // Detached: Ctrl-C in the terminal must not reach the host, which stops safely when its input ends.
    const child = spawn(process.execPath, [host, ...elevated], { stdio: ['pipe', 'pipe', 'inherit'], env, detached: true });
    running.push({ child, closed: once(child, 'close') });
    relay(child.stdout, window.stdio[from]);
    relay(window.stdio[to], child.stdin);
  };
  const [first, ...spare] = HOSTS;
  start(first);
  for (const pair of spare) window.stdio[pair[1]].once('readable', () => window.stdio[pair[1]].readableLength > 0 && start(pair));
  try {
    return await ended(window);
  } finally {
    for (const { child } of running) child.stdin.end();
    await Promise.all(running.map(({ closed }) => closed));
  }
}

/** Passes bytes on until either end closes; the other side then sees its input end, which is all it has to know. */
function relay(from, to) {
  pipeline(from, to, (error) => {
    if (error && !CLOSED.has(error.code)) console.error(`platter: the window and the engine lost each other: ${error.message}`);
  });
}

/** Waits for a child; signals that would end us end it first, so that a running job can stop safely. */
async function ended(child) {
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

/** Who opens the window for root: the user who called sudo, else nobody. */
function ordinaryUser(env) {
  const uid = Number(env.SUDO_UID);
  const gid = Number(env.SUDO_GID);
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const known = (matches) => {
    const found = accounts.find(matches);
    return found && { name: found[0], uid: Number(found[2]), gid: Number(found[3]), home: found[5] };
  };
  if (Number.isInteger(uid) && uid > 0 && Number.isInteger(gid) && gid > 0) {
    const user = known((account) => Number(account[2]) === uid);
    return { name: user?.name ?? String(uid), uid, gid, home: user?.home ?? null, behindSudo: true };
  }
  const nobody = known((account) => account[0] === 'nobody') ?? { name: 'nobody', uid: 65534, gid: 65534 };
  return { ...nobody, home: null, behindSudo: false };
}

/** Whether the user can read a file, which the folders above it decide too. */
function canRead(user, path) {
  return spawnSync('test', ['-r', path], { uid: user.uid, gid: user.gid }).status === 0;
}

/** Environment of a window that runs as `user`. `home` is a folder of their own that lasts as long as the window. */
function windowEnv(env, user, home) {
  const passed = Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.test(name)));
  const runtime = `/run/user/${user.uid}`;
  const desktop = user.home !== null && existsSync(runtime)
    ? { HOME: user.home, XDG_RUNTIME_DIR: runtime, DBUS_SESSION_BUS_ADDRESS: env.DBUS_SESSION_BUS_ADDRESS ?? `unix:path=${runtime}/bus` }
    : { HOME: home, XDG_RUNTIME_DIR: home, GSETTINGS_BACKEND: 'memory' };
  const cookie = xCookie(env, user, home);
  return { ...passed, ...desktop, USER: user.name, LOGNAME: user.name, TMPDIR: home, ...(cookie && { XAUTHORITY: cookie }) };
}

/** Path of an X cookie that the user can read: root's own is copied for them. Null when there is none. */
function xCookie(env, user, home) {
  const cookie = env.XAUTHORITY ?? (env.HOME && join(env.HOME, '.Xauthority'));
  if (!cookie || !existsSync(cookie)) return null;
  if (canRead(user, cookie)) return cookie;
  const copy = join(home, 'Xauthority');
  copyFileSync(cookie, copy);
  chmodSync(copy, 0o600);
  chownSync(copy, user.uid, user.gid);
  return copy;
}
