// A clean Debian in which packages are installed. debootstrap makes it with the packages' dependencies. It is stored as
// an archive in the cache of the tests and unpacked in memory for each run.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { FOLLOWING } from '../../build/own-mounts.mjs';
import { testCache } from '../own-folders.ts';

/** The ordinary user of the clean Debian. */
const USER = { name: 'tester', id: '1000' };
const HERE = import.meta.dirname;

/** The exit code and output of a program. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A Debian that runs beside this one, with processes, mounts and a /dev of its own. */
export interface CleanRoot extends AsyncDisposable {
  /** The path on this machine of a file in the clean Debian. */
  outside(path: string): string;
  /** The command line that runs `argv` in the clean Debian, as root or as the ordinary user. */
  inside(who: 'root' | 'user', argv: readonly string[]): string[];
  /** Runs a program in the clean Debian to its end, in a nearly empty environment with `env` added. */
  run(who: 'root' | 'user', argv: readonly string[]): Promise<Ended>;
  /** Gives the ordinary user, or root alone, the node of a block device of this machine. */
  lend(device: string, who?: 'root' | 'user'): void;
  /**
   * Every path with its type and mode, without mounts, homes, temporary files and the records of apt and dpkg.
   */
  files(): Promise<string[]>;
}

/** Runs a program to its end. */
async function run(argv: readonly string[]): Promise<Ended> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

async function must(argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(argv);
  if (code !== 0)
    throw new Error(
      `${argv.join(' ')} ended with ${code}: ${(stderr || stdout).trim().split('\n').slice(-5).join('\n')}`,
    );
  return stdout;
}

/** This machine's release of Debian, as debootstrap names it; null elsewhere. */
function suite(): string | null {
  const text = readFileSync('/etc/os-release', 'utf8');
  return /^ID=debian$/m.test(text) ? (/^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1] ?? null) : null;
}

/** Why there can be no clean root here, or null when there can. */
export function canCleanRoot(): string | null {
  if (process.getuid?.() !== 0) return 'a clean Debian needs root';
  if (!existsSync('/usr/sbin/debootstrap')) return 'a clean Debian needs debootstrap';
  return suite() === null ? 'a clean Debian is made on Debian only' : null;
}

/** Makes the archive: a minimal system in which `depends`, the field of a package, is satisfied. About a minute. */
async function bootstrap(archive: string, depends: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'platter-debootstrap-'));
  try {
    await must(['debootstrap', '--variant=minbase', suite() ?? '', folder]);
    copyFileSync('/etc/resolv.conf', join(folder, 'etc/resolv.conf'));
    // Use new namespaces: what packages start or mount during installation ends with them.
    const satisfy = 'mount -t proc proc "$1/proc" && exec chroot "$1" sh -c "$2" sh "$3"';
    const steps = [
      'export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin',
      'apt-get --quiet=2 --yes --no-install-recommends satisfy "$1"',
      'apt-get clean',
      'rm -rf /var/lib/apt/lists/* /etc/resolv.conf',
      `useradd --create-home --uid ${USER.id} ${USER.name}`,
    ].join(' && ');
    await must([
      'unshare',
      ...FOLLOWING,
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      satisfy,
      'sh',
      folder,
      steps,
      depends,
    ]);
    await must(['tar', '-C', folder, '--exclude=./dev/*', '-cf', `${archive}.new`, '.']);
    renameSync(`${archive}.new`, archive);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The path of an archive of a minimal Debian in which `depends`, the field of a package, is satisfied. It is made when
 * there is none yet. `name` tells it from those for others.
 */
export async function debianArchive(name: string, depends: string): Promise<string> {
  const folder = testCache();
  const key = createHash('sha256')
    .update(`${suite() ?? ''} ${process.arch} ${depends}`)
    .digest('hex')
    .slice(0, 16);
  const archive = join(folder, `clean-root-${name}-${key}.tar`);
  if (existsSync(archive)) return archive;
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(folder).filter((file) => file.startsWith(`clean-root-${name}-`)))
    rmSync(join(folder, old)); // other dependencies
  console.error(`making a clean Debian, once for these dependencies: ${archive}`);
  await bootstrap(archive, depends);
  return archive;
}

/** Resolves with the first process of the clean Debian, once it has reported that everything is ready. */
async function ready(holder: ChildProcess): Promise<number> {
  let said = '';
  holder.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [first] = (await Promise.race([once(holder.stdout!, 'data'), once(holder, 'exit')])) as [Buffer | number];
  if (!Buffer.isBuffer(first)) throw new Error(`the clean root could not be made: ${said.trim()}`);
  return Number(readFileSync(`/proc/${holder.pid ?? ''}/task/${holder.pid ?? ''}/children`, 'utf8').trim());
}

/** Makes a clean root in which `depends`, the field of a package, is satisfied. `name` is one word for its purpose. */
export async function cleanRoot(name: string, depends: string): Promise<CleanRoot> {
  const archive = await debianArchive(name, depends);
  const mountPoint = mkdtempSync(join(tmpdir(), 'platter-clean-root-'));
  const script = [
    'unshare',
    ...FOLLOWING,
    '--pid',
    '--fork',
    '--kill-child',
    join(HERE, 'clean-root.sh'),
    mountPoint,
    archive,
  ];
  const holder = spawn(script[0]!, script.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  const gone = once(holder, 'exit');
  const pid = await ready(holder);
  const identity = { root: ['--reuid=0', '--regid=0'], user: [`--reuid=${USER.id}`, `--regid=${USER.id}`] };
  const home = { root: '/root', user: `/home/${USER.name}` };
  const inside: CleanRoot['inside'] = (who, argv) => [
    'nsenter',
    '--target',
    String(pid),
    '--mount',
    '--pid',
    '--root',
    `--wd=/proc/${pid}/root${home[who]}`,
    'setpriv',
    ...identity[who],
    '--clear-groups',
    'env',
    '-i',
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    `HOME=${home[who]}`,
    'LC_ALL=C.UTF-8',
    'DEBIAN_FRONTEND=noninteractive',
    ...argv,
  ];
  const outside = (path: string): string => `/proc/${pid}/root${path}`;
  return {
    outside,
    inside,
    run: (who, argv) => run(inside(who, argv)),
    lend(device, who = 'user') {
      const id = statSync(device).rdev;
      const node = outside(`/dev/${basename(device)}`);
      rmSync(node, { force: true }); // of an earlier device with this name
      execFileSync('mknod', [
        '-m',
        '600',
        node,
        'b',
        String((id >> 8) & 0xfff),
        String((id & 0xff) | ((id >> 12) & 0xfff00)),
      ]);
      execFileSync('chown', [who === 'user' ? USER.id : '0', node]);
    },
    async files() {
      const left = [
        '/proc',
        '/sys',
        '/dev',
        '/home',
        '/root',
        '/tmp',
        '/var/lib/dpkg',
        '/var/lib/apt',
        '/var/cache/apt',
        '/var/log',
      ];
      const prune = left.flatMap((path) => ['-path', path, '-prune', '-o']);
      const { stdout } = await run(inside('root', ['find', '/', ...prune, '-printf', '%y %m %p %l\\n']));
      return stdout.trim().split('\n').sort();
    },
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await gone;
      rmdirSync(mountPoint); // empty out here: nothing was ever mounted on it in this namespace
    },
  };
}
