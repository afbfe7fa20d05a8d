// A small machine for polkit and sudo in a mount namespace that ends with the test: another user, a system bus,
// polkit's own rules, our action and an installed Platter. Nothing outside changes.
import { spawn, spawnSync, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { FOLLOWING } from '../../../build/own-mounts.mjs';

const ROOT = resolve(import.meta.dirname, '../../..');
const HOME = '/usr/lib/platter';
/** Programs that the package installs. */
export const BROKER = `${HOME}/platter-broker`;
export const PLATTER = `${HOME}/platter`;
/** Debian's own Python, because Debian packages bring the modules. */
export const PYTHON = '/usr/bin/python3';

/** The user who is not root. */
export const USER = 54_321;

/** The answer of polkit to the question for disks: yes, no, or that an administrator has to give a password. */
export type Answer = 'yes' | 'no' | 'ask';

/** The exit code and output of a program. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A program that runs in the lab. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface PolkitLab extends AsyncDisposable {
  /** The command prefix that runs a command in the lab. */
  readonly enter: readonly [string, ...string[]];
  answer(answer: Answer): void;
  /** Starts a program as USER, without a terminal. `env` is all that it gets beside PATH. */
  start(argv: readonly [string, ...string[]], env?: Record<string, string>): Running;
  /** The command lines that polkit has been asked about since the lab began. Reading does not clear them. */
  asked(): string[];
  /** A desktop's agent for a process. `asked` resolves with the question, `putAway` dismisses it. */
  agent(pid: number): Promise<{ asked: Promise<string>; putAway(): void } & AsyncDisposable>;
}

/** Why there can be no lab here. null when there can. */
export function canPolkit(): string | null {
  if (process.getuid?.() !== 0) return 'root is needed to make a user, and loop devices';
  const missing = ['/usr/bin/pkexec', '/usr/bin/sudo', '/usr/lib/polkit-1/polkitd', '/usr/bin/dbus-daemon'].filter(
    (path) => !existsSync(path),
  );
  if (missing.length > 0) return `${missing.join(', ')} not installed`;
  if (spawnSync(PYTHON, ['-c', 'import dbus.mainloop.glib, gi.repository.GLib']).status !== 0)
    return 'python3-dbus or python3-gi not installed';
  if (existsSync(HOME) && readdirSync(HOME).length > 0) return 'Platter is installed here';
  return spawnSync('unshare', ['--mount', 'true']).status === 0 ? null : 'no mount namespaces here';
}

/**
 * The rule runs a program, so an answer changes at once, without polkit reading its rules again. The program also
 * records the questions.
 */
const RULES = `polkit.addRule(function(action) {
  if (action.id !== "io.github.platter.open-disks") return polkit.Result.NOT_HANDLED;
  var script = 'printf "%s\\\\n" "$1" >>asked && cat answer';
  var shell = ["/bin/sh", "-c", "cd /etc/polkit-1/rules.d && " + script, "sh"];
  var answer = polkit.spawn(shell.concat(action.lookup("command_line")));
  return answer === "yes" ? polkit.Result.YES : answer === "no" ? polkit.Result.NO : polkit.Result.NOT_HANDLED;
});
`;

/** Ends with the bus, which ends with its input. */
const SCRIPT = `set -e
cd "$0"
for file in passwd group shadow sudoers; do mount --bind $file /etc/$file; done
mount --bind bus /run/dbus
mount --bind actions /usr/share/polkit-1/actions
mount --bind rules /etc/polkit-1/rules.d
mount --bind platter ${HOME}
dbus-daemon --system --nofork --nopidfile --nosyslog --print-address >&2 &
bus=$!
trap 'kill $bus; wait $bus || true' EXIT
until [ -S /run/dbus/system_bus_socket ]; do kill -0 $bus; done
echo ready
read line || true
`;

/**
 * Makes HOME, the mount point of each lab. Other test runs share the folder, so each holds a shared lock on it. Returns
 * the descriptor of the lock.
 */
function takeHome(): number {
  for (;;) {
    mkdirSync(HOME, { recursive: true });
    const taken = unlessGone(() => openSync(HOME, 'r'));
    if (taken === null) continue;
    const { status } = spawnSync('flock', ['--shared', '3'], { stdio: ['ignore', 'ignore', 'inherit', taken] });
    if (status !== 0) throw new Error(`${HOME} cannot be locked`);
    if (unlessGone(() => statSync(HOME).ino) === fstatSync(taken).ino) return taken;
    closeSync(taken); // removed by the last run
  }
}

/** Removes HOME unless another run uses it. It is empty, because its content was only mounted in a namespace. */
function leaveHome(taken: number): void {
  closeSync(taken);
  spawnSync('flock', ['--exclusive', '--nonblock', HOME, 'rmdir', HOME]);
}

function unlessGone<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

export async function polkitLab(): Promise<PolkitLab> {
  const lab = mkdtempSync(join(tmpdir(), 'platter-polkit-'));
  chmodSync(lab, 0o755);
  const put = (name: string, content: string, mode = 0o644): void => writeFileSync(join(lab, name), content, { mode });
  for (const folder of [
    'bus',
    'actions',
    'rules',
    'platter',
    'platter/resources',
    'platter/resources/app.asar.unpacked',
  ])
    mkdirSync(join(lab, folder));
  const lines = {
    passwd: `platter-test:x:${USER}:${USER}::/nonexistent:/bin/sh\n`,
    group: `platter-test:x:${USER}:\n`,
    shadow: 'platter-test:*:20000:0:99999:7:::\n',
  };
  for (const [name, line] of Object.entries(lines))
    put(name, readFileSync(`/etc/${name}`, 'utf8') + line, name === 'shadow' ? 0o600 : 0o644);
  put(
    'sudoers',
    'Defaults use_pty\nDefaults env_keep += PLATTER_STATE\n' +
      `platter-test ALL=(root) NOPASSWD: ${HOME}/platter-broker, ${HOME}/platter\n`,
    0o440,
  );
  for (const action of readdirSync('/usr/share/polkit-1/actions'))
    copyFileSync(join('/usr/share/polkit-1/actions', action), join(lab, 'actions', action));
  copyFileSync(join(ROOT, 'build/assets/io.github.platter.policy'), join(lab, 'actions/io.github.platter.policy'));
  put('rules/00-platter-test.rules', RULES);
  put('rules/answer', 'no');
  put('rules/asked', '');
  chmodSync(join(lab, 'rules/asked'), 0o666); // polkitd is a user of its own
  copyFileSync(join(ROOT, 'build/assets/platter'), join(lab, 'platter/platter'));
  copyFileSync(join(ROOT, 'out/native/platter-broker'), join(lab, 'platter/platter-broker'));
  for (const program of ['platter', 'platter-broker']) chmodSync(join(lab, 'platter', program), 0o755);
  symlinkSync(join(ROOT, 'node_modules/electron/dist/electron'), join(lab, 'platter/platter-window'));
  symlinkSync(realpathSync(process.execPath), join(lab, 'platter/platter-node'));
  symlinkSync(join(ROOT, 'out'), join(lab, 'platter/resources/app.asar.unpacked/out'));

  for (const place of ['/run/dbus', '/etc/polkit-1/rules.d']) mkdirSync(place, { recursive: true });
  const home = takeHome();
  const holder = spawn('unshare', [...FOLLOWING, 'sh', '-c', SCRIPT, lab], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  await saying(holder, 'ready');
  const enter: [string, ...string[]] = ['nsenter', `--mount=/proc/${holder.pid!}/ns/mnt`, '--'];
  return {
    enter,
    answer: (answer) => put('rules/answer', answer),
    start(argv, env) {
      const [command, ...args]: [string, ...string[]] = [
        ...enter,
        'setpriv',
        `--reuid=${USER}`,
        `--regid=${USER}`,
        '--clear-groups',
        ...argv,
      ];
      const child = spawn(command, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH, ...env },
      });
      const ended = Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close') as Promise<[number | null]>,
      ]);
      return { child, ended: ended.then(([stdout, stderr, [code]]) => ({ code, stdout, stderr })) };
    },
    asked: () => readFileSync(join(lab, 'rules/asked'), 'utf8').split('\n').filter(Boolean),
    async agent(pid) {
      const program = join(import.meta.dirname, 'polkit-agent.py');
      const [command, ...args]: [string, ...string[]] = [
        ...enter,
        'setpriv',
        `--reuid=${USER}`,
        `--regid=${USER}`,
        '--clear-groups',
        PYTHON,
        program,
        String(pid),
      ];
      const agent = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
      await saying(agent, 'ready');
      return {
        asked: saying(agent, 'asked '),
        putAway: () => agent.stdin.write('\n'),
        async [Symbol.asyncDispose]() {
          agent.kill();
          await once(agent, 'close');
        },
      };
    },
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await once(holder, 'close');
      leaveHome(home);
      rmSync(lab, { recursive: true });
    },
  };
}

/** Waits for a line that begins with `start`. Throws with the output on stderr when the program ends without one. */
function saying(child: ChildProcessByStdio<Writable, Readable, Readable>, start: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    let wrong = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (wrong += text));
    child.once('close', () => reject(new Error(`it ended: ${wrong}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const line = said
        .split('\n')
        .slice(0, -1)
        .find((one) => one.startsWith(start));
      if (line !== undefined) resolve(line);
    });
  });
}
