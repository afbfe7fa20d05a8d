// The packages as users get them: built twice, judged by Debian's own tools, installed into clean Debians with and
// without a desktop's libraries, used there by an ordinary user for clones, and removed without a trace.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdToStart, review, tick, tiles } from '../electron/support/steps.ts';
import { canLab, labdisk, seededBytes } from '../lab/lab.ts';
import { sourceCard } from '../renderer/support/source.ts';
import { canCleanRoot, cleanRoot, type CleanRoot } from './clean-root.ts';
import { makePackages, type Packages } from './packages.ts';
import { openPackaged } from './window.ts';

const MIB = 1024 * 1024;
const HOME = '/usr/lib/platter';
const ID = 'io.github.platter.Platter';
const CHECKOUT = resolve(import.meta.dirname, '../..');
const ARTIFACTS = join(CHECKOUT, 'artifacts/package');
const FORMATS = ['deb', 'rpm', 'tar.gz'];
/** The packages of deb and rpm: the window, and the command line that it depends on. */
const PARTS = ['platter-cli', 'platter'];

const output = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * MIB });
/** Documents and lintian overrides that only Debian needs. */
const FOR_DEBIAN = /^\/usr\/share\/(doc|lintian)\//;
/** The files that a Debian package unpacks. */
function contents(path: string): { mode: string; owner: string; path: string }[] {
  const lines = output('dpkg-deb', '--contents', path)
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/));
  return lines.map(([mode = '', owner = '', , , , name = '']) => ({ mode, owner, path: name.slice(1) }));
}
const filesOf = (entries: ReturnType<typeof contents>): string[] =>
  entries.filter(({ mode }) => !mode.startsWith('d')).map(({ path }) => path);
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

let packages: Packages;
/** The window's package and the command line's. */
let deb: string;
let cli: string;
/** The output of lintian, which starts at once because it takes longest. */
let lintian: Promise<string>;

beforeAll(() => {
  packages = makePackages(...FORMATS);
  deb = packages.path('deb');
  cli = packages.path('deb', 'platter-cli');
  const judged = promisify(execFile)('lintian', ['--no-cfg', '--allow-root', '--fail-on', 'error,warning', cli, deb]);
  lintian = judged.then(
    ({ stdout }) => stdout,
    (error: unknown) => String((error as { stdout?: string }).stdout ?? error),
  );
}, 600_000);
afterAll(() => packages[Symbol.dispose]());

describe('the files of a package', () => {
  it('builds the same bytes again, without the path of the build', () => {
    using again = makePackages(...FORMATS);
    for (const format of FORMATS) {
      for (const name of format === 'tar.gz' ? ['platter'] : PARTS)
        expect(sha256(again.path(format, name)), `${name}, ${format}`).toBe(sha256(packages.path(format, name)));
    }
    const ours = join(packages.root, HOME, 'resources');
    const texts = readdirSync(ours, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(texts.length).toBeGreaterThan(4);
    for (const { parentPath, name } of texts)
      expect(readFileSync(join(parentPath, name)).includes(CHECKOUT), name).toBe(false);
  }, 600_000);

  it("gives all files to root, makes only Chromium's sandbox setuid, and puts the same into deb and rpm", () => {
    const setuid: Record<string, string[]> = { 'platter-cli': [], platter: [`-rwsr-xr-x .${HOME}/chrome-sandbox`] };
    for (const name of PARTS) {
      const inDeb = contents(packages.path('deb', name));
      expect(new Set(inDeb.map(({ owner }) => owner))).toEqual(new Set(['root/root']));
      expect(inDeb.filter(({ mode }) => /[sS]/.test(mode)).map(({ mode, path }) => `${mode} .${path}`)).toEqual(
        setuid[name],
      );
      expect(inDeb.filter(({ mode }) => /^[^l].{4}w|^[^l].{7}w/.test(mode))).toEqual([]);
      const files = filesOf(inDeb);
      const rpm = packages.path('rpm', name);
      const inRpm = output('rpm', '--query', '--list', '--package', rpm)
        .trim()
        .split('\n')
        .filter((path) => files.includes(path));
      expect(inRpm.sort()).toEqual(files.filter((path) => !FOR_DEBIAN.test(path)).sort());
      const modes = output(
        'rpm',
        '--query',
        '--package',
        '--queryformat',
        '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]',
        rpm,
      );
      for (const line of setuid[name] ?? []) expect(modes).toContain(line.replace(' .', ' root '));
    }
  });

  it("F13 puts each file into one package, the command line's or the window's, which depends on it", () => {
    const tree = readdirSync(packages.root, { recursive: true, withFileTypes: true }).filter(
      (entry) => !entry.isDirectory(),
    );
    const all = tree.map(({ parentPath, name }) => `/${relative(packages.root, join(parentPath, name))}`);
    const inBoth = [cli, deb].flatMap((path) => filesOf(contents(path)));
    expect(inBoth.filter((path) => !FOR_DEBIAN.test(path)).sort()).toEqual(all.sort());
    expect(output('dpkg-deb', '--field', deb, 'Depends')).toContain(
      `platter-cli (= ${output('dpkg-deb', '--field', cli, 'Version').trim()})`,
    );
    expect(output('rpm', '--query', '--requires', '--package', packages.path('rpm'))).toMatch(/^platter-cli = \S+-1$/m);
    for (const name of [cli, packages.path('rpm', 'platter-cli')]) {
      const needs =
        name === cli
          ? output('dpkg-deb', '--field', cli, 'Depends')
          : output('rpm', '--query', '--requires', '--package', name);
      expect(needs, name).not.toMatch(/gtk|nss|libX|libgbm|libasound|libcups|libdrm|atk/i);
    }
  });

  it('F13 ships a Node for the command line with the licences of all that is in it', () => {
    const licences = readFileSync(join(packages.root, HOME, 'LICENSE.node.txt'), 'utf8');
    for (const part of ['Node.js', 'V8', 'OpenSSL', 'ICU', 'libuv', 'zlib']) expect(licences, part).toContain(part);
    const program = join(packages.root, HOME, 'platter-node');
    expect(output(program, '--version')).toBe(`${process.version}\n`);
    expect(output('readelf', '--wide', '--sections', program)).not.toMatch(/\.(symtab|debug_\w+)\s/);
  });

  it("S1 offers polkit the broker alone: root's, not setuid, hardened, and no launcher of a host", () => {
    const broker = join(packages.root, HOME, 'platter-broker');
    expect(lstatSync(broker)).toMatchObject({ mode: 0o100755 });
    expect(existsSync(join(packages.root, HOME, 'platter-host'))).toBe(false);
    expect(realpathSync(join(packages.root, HOME, 'resources/app.asar.unpacked/out/native/platter-broker'))).toBe(
      realpathSync(broker),
    );
    const policy = readFileSync(join(packages.root, 'usr/share/polkit-1/actions/io.github.platter.policy'), 'utf8');
    expect([...policy.matchAll(/<action id="(.*)">/g)].map(([, id]) => id)).toEqual(['io.github.platter.open-disks']);
    expect(policy).toContain(`<annotate key="org.freedesktop.policykit.exec.path">${HOME}/platter-broker</annotate>`);
    expect([...policy.matchAll(/<allow_\w+>(.*)<\/allow_\w+>/g)].map(([, answer]) => answer)).toEqual([
      'auth_admin',
      'auth_admin',
      'auth_admin',
    ]);
    const headers = output('readelf', '--wide', '--file-header', '--dynamic', '--program-headers', broker);
    expect(headers).toMatch(/Type:\s+DYN/);
    expect(headers).toContain('BIND_NOW');
    expect(headers).toMatch(/GNU_STACK\s.*\sRW\s/);
    expect(headers).not.toMatch(/R(UN)?PATH/);
  });

  it('ships the decoder of packed images beside the engine, hardened, in need of libc alone', () => {
    const decoder = join(packages.root, HOME, 'platter-unpack');
    expect(realpathSync(join(packages.root, HOME, 'resources/app.asar.unpacked/out/native/platter-unpack'))).toBe(
      realpathSync(decoder),
    );
    const headers = output('readelf', '--wide', '--file-header', '--dynamic', decoder);
    expect(headers).toMatch(/Type:\s+DYN/);
    expect(headers).toContain('BIND_NOW');
    const needed = [...headers.matchAll(/NEEDED.*\[(.*)\]/g)].map(([, name]) => name!);
    expect(needed.filter((name) => !name.startsWith('ld-linux'))).toEqual(['libc.so.6']);
    const packed = join(packages.root, 'usr/share/man/man1/platter.1.gz');
    expect(execFileSync(decoder, ['probe'], { input: readFileSync(packed) }).toString()).toContain('"isal":true');
  });

  it('ships the server of images beside the engine, hardened, in need of libc alone', () => {
    const server = join(packages.root, HOME, 'platter-serve');
    expect(realpathSync(join(packages.root, HOME, 'resources/app.asar.unpacked/out/native/platter-serve'))).toBe(
      realpathSync(server),
    );
    const headers = output('readelf', '--wide', '--file-header', '--dynamic', server);
    expect(headers).toMatch(/Type:\s+DYN/);
    expect(headers).toContain('BIND_NOW');
    const needed = [...headers.matchAll(/NEEDED.*\[(.*)\]/g)].map(([, name]) => name!);
    expect(needed.filter((name) => !name.startsWith('ld-linux'))).toEqual(['libc.so.6']);
  });

  it('satisfies the validators of the desktop', () => {
    const share = join(packages.root, 'usr/share');
    output('appstreamcli', 'validate', '--no-net', join(share, `metainfo/${ID}.metainfo.xml`));
    const entry = join(share, `applications/${ID}.desktop`);
    expect(output('desktop-file-validate', entry)).toBe('');
    const [, command = ''] = /^Exec=(\S+) %f$/m.exec(readFileSync(entry, 'utf8')) ?? [];
    expect(readFileSync(join(packages.root, command)).subarray(0, 4).toString('latin1')).toBe('\x7fELF');
    const folder = mkdtempSync(join(tmpdir(), 'platter-mime-'));
    try {
      mkdirSync(join(folder, 'packages'));
      for (const source of ['/usr/share/mime/packages/freedesktop.org.xml', join(share, `mime/packages/${ID}.xml`)]) {
        copyFileSync(source, join(folder, 'packages', source.split('/').at(-1)!));
      }
      execFileSync('update-mime-database', [folder], { stdio: 'ignore' });
      const globs = readFileSync(join(folder, 'globs2'), 'utf8');
      for (const [glob, types] of [
        ['*.img', 'x-raw-disk-image'],
        ['*.dd', 'x-raw-disk-image'],
        ['*.raw', 'x-raw-disk-image'],
        ['*.iso', 'x-cd-image'],
      ] as const) {
        expect(globs, glob).toMatch(new RegExp(`:application/${types}:${glob.replace(/[.*]/g, '\\$&')}$`, 'm'));
        expect(readFileSync(entry, 'utf8')).toContain(`application/${types};`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ships a manual page that names every command', () => {
    const page = gunzipSync(readFileSync(join(packages.root, 'usr/share/man/man1/platter.1.gz'))).toString();
    const help = output(join(packages.root, HOME, 'platter'), '--help');
    const [, commands = ''] = /^Commands:\n((?: .*\n)+)/m.exec(help) ?? [];
    const named = [...commands.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!);
    expect(named).toEqual(expect.arrayContaining(['list', 'copy', 'verify', 'repair', 'resume', 'jobs', 'forget']));
    for (const name of named) expect(page, name).toContain(`\n.TP\n.B ${name}\n`);
  });
});

const reason = canLab() ?? canCleanRoot();
const because = reason === null ? '' : ` (${reason})`;

/** The dependencies of packages, without one another. */
function needs(...paths: string[]): string {
  const all = paths.flatMap((path) => output('dpkg-deb', '--field', path, 'Depends').trim().split(', '));
  return [...new Set(all.filter((one) => !one.startsWith('platter')))].join(', ');
}

/** The package's version in the form that the program prints. */
const version = (): string => output('dpkg-deb', '--field', cli, 'Version').trim().replace('~', '-');

/** Runs a program in the clean Debian and expects it to succeed. Returns its output. */
async function must(root: CleanRoot, who: 'root' | 'user', ...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await root.run(who, argv);
  expect(code, `${argv.join(' ')}: ${stderr}${stdout}`).toBe(0);
  return stdout;
}

/** Installs packages in the clean Debian as `apt install ./NAME.deb` does. */
async function install(root: CleanRoot, ...paths: string[]): Promise<string> {
  const there = paths.map((path) => `/tmp/${basename(path)}`);
  for (const [i, path] of paths.entries()) copyFileSync(path, root.outside(there[i]!));
  return must(root, 'root', 'apt-get', 'install', '--yes', '--no-install-recommends', ...there);
}

/** The paths that were left or lost when the packages were purged, compared with `before`. */
async function purged(root: CleanRoot, before: readonly string[], ...names: string[]): Promise<string[]> {
  await must(root, 'root', 'apt-get', 'purge', '--yes', ...names);
  const after = await root.files();
  return [...after.filter((path) => !before.includes(path)), ...before.filter((path) => !after.includes(path))];
}

/** Expects that the output of `platter copy --json` or `verify` ends with one verified destination. */
function verified(said: string): void {
  const result = JSON.parse(said.trim().split('\n').at(-1)!) as {
    event: string;
    destinations: { state: string; verified: boolean }[];
  };
  expect(result).toMatchObject({ event: 'result', destinations: [{ state: 'done', verified: true }] });
}

describe.skipIf(reason !== null)(`the command line in a Debian without a desktop${because}`, () => {
  let root: CleanRoot;
  let before: string[];

  beforeAll(async () => {
    root = await cleanRoot('server', needs(cli));
    before = await root.files();
  }, 600_000);
  afterAll(() => root[Symbol.asyncDispose]());

  it('F13 installs alone, without any library of the window', async () => {
    expect(await install(root, cli)).toContain('0 upgraded, 1 newly installed');
    const files = await root.files();
    expect(files.filter((path) => /lib(gtk-3|nss3|X11|gbm|asound|cups)\.so|platter-window/.test(path))).toEqual([]);
    for (const program of [
      'platter-node',
      'platter-broker',
      'platter-unpack',
      'platter-serve',
      'resources/app.asar.unpacked/out/native/kcopyd.node',
    ]) {
      expect(await must(root, 'user', 'ldd', `${HOME}/${program}`), program).not.toContain('not found');
    }
  });

  it('F13 lists, copies, verifies and reports without a display', async () => {
    await using disk = await labdisk({ size: 32 * MIB, plain: true });
    root.lend(disk.device);
    const image = root.outside('/home/tester/disk.img');
    writeFileSync(image, seededBytes(8 * MIB + 100, 1));

    expect((await must(root, 'user', 'platter', '--version')).trim()).toBe(version());
    expect(await must(root, 'user', 'platter', 'list', '--all')).toContain(disk.device);
    verified(await must(root, 'user', 'platter', 'copy', '--yes', '--json', 'disk.img', disk.device));
    execFileSync('cmp', ['--bytes', String(8 * MIB + 100), image, disk.backing]);
    verified(await must(root, 'user', 'platter', 'verify', '--json', 'disk.img', disk.device));
    await must(root, 'user', 'platter', 'report', 'last', '--pdf', 'report.pdf');
    expect(readFileSync(root.outside('/home/tester/report.pdf')).subarray(0, 5).toString()).toBe('%PDF-');

    await using other = await labdisk({ size: 8 * MIB, plain: true });
    root.lend(other.device, 'root');
    await must(
      root,
      'root',
      'env',
      'SUDO_UID=1000',
      'SUDO_GID=1000',
      'SUDO_USER=tester',
      'platter',
      'copy',
      '--yes',
      other.device,
      '/home/tester/back.img',
    );
    expect(statSync(root.outside('/home/tester/back.img'))).toMatchObject({ uid: 1000, gid: 1000 });
  });

  it('F13 runs no code that the environment names', async () => {
    writeFileSync(root.outside('/tmp/other.cjs'), 'console.log("other code");');
    expect(
      (await must(root, 'user', 'env', 'NODE_OPTIONS=--require=/tmp/other.cjs', 'platter', '--version')).trim(),
    ).toBe(version());
  });

  it('F13 says how to get the window when it is not installed', async () => {
    for (const caller of [[], ['env', 'SUDO_UID=1000', 'SUDO_GID=1000', 'SUDO_USER=tester']]) {
      const { code, stdout, stderr } = await root.run(caller.length === 0 ? 'user' : 'root', [...caller, 'platter']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toBe(
        'platter: The window is not installed. Its package is "platter": sudo apt install platter\n' +
          'platter --help shows the command line.\n',
      );
    }
  });

  it('F13 leaves nothing when purged, not even what root has done with it', async () => {
    writeFileSync(root.outside('/root/disk.img'), seededBytes(MIB, 2));
    await must(root, 'root', 'platter', 'copy', '--yes', 'disk.img', '/tmp/copy.img');
    expect(existsSync(root.outside('/var/lib/platter'))).toBe(true);
    expect(await purged(root, before, 'platter-cli')).toEqual([]);
  });

  it('F13 runs from the unpacked archive', async () => {
    execFileSync('tar', ['-xf', packages.path('tar.gz'), '-C', root.outside('/opt')]);
    const [folder = ''] = readdirSync(root.outside('/opt'));
    expect((await must(root, 'user', `/opt/${folder}/platter`, '--version')).trim()).toBe(version());
    await must(root, 'user', `/opt/${folder}/platter`, 'list');
    verified(await must(root, 'user', `/opt/${folder}/platter`, 'copy', '--yes', '--json', 'disk.img', 'unpacked.img'));
  });
});

describe.skipIf(reason !== null)(`the packages in a clean Debian${because}`, () => {
  let root: CleanRoot;
  let before: string[];

  beforeAll(async () => {
    root = await cleanRoot('desktop', needs(cli, deb));
    before = await root.files();
  }, 600_000);
  afterAll(() => root[Symbol.asyncDispose]());

  it('installs with its named dependencies only, the window also on top of the command line', async () => {
    expect(await install(root, cli)).toContain('0 upgraded, 1 newly installed');
    expect((await root.run('user', ['platter'])).code).toBe(2);
    expect(await install(root, deb)).toContain('0 upgraded, 1 newly installed');
    expect(await purged(root, before, ...PARTS)).toEqual([]);

    expect(await install(root, deb, cli)).toContain('0 upgraded, 2 newly installed');
    for (const program of [
      'platter-window',
      'chrome_crashpad_handler',
      'platter-node',
      'resources/app.asar.unpacked/out/native/kcopyd.node',
    ]) {
      expect(await must(root, 'user', 'ldd', `${HOME}/${program}`), program).not.toContain('not found');
    }
    expect((await must(root, 'user', 'platter', '--version')).trim()).toBe(version());
  });

  it('clones for an ordinary user, on the command line and in the window', async () => {
    await using one = await labdisk({ size: 32 * MIB, plain: true });
    await using two = await labdisk({ size: 32 * MIB, plain: true });
    for (const { device } of [one, two]) root.lend(device);
    const image = root.outside('/home/tester/disk.img');
    writeFileSync(image, seededBytes(8 * MIB + 100, 1));
    const cloned = (backing: string): Buffer => execFileSync('cmp', ['--bytes', String(8 * MIB + 100), image, backing]);

    verified(await must(root, 'user', 'platter', 'copy', '--yes', '--json', 'disk.img', one.device));
    cloned(one.backing);
    await must(root, 'user', 'platter', 'report', 'last', '--pdf', 'report.pdf');
    expect(readFileSync(root.outside('/home/tester/report.pdf')).subarray(0, 5).toString()).toBe('%PDF-');

    const cookie = process.env.XAUTHORITY;
    if (cookie !== undefined) {
      copyFileSync(cookie, root.outside('/home/tester/.Xauthority'));
      chownSync(root.outside('/home/tester/.Xauthority'), 1000, 1000);
    }
    const settings = [`DISPLAY=${process.env.DISPLAY ?? ''}`, 'XDG_RUNTIME_DIR=/home/tester', 'PLATTER_LOOP_DEVICES=1'];
    const window = await openPackaged(
      root.inside('user', ['env', ...settings, `${HOME}/platter-window`, '/home/tester/disk.img']),
    );
    const { page } = window;
    try {
      await sourceCard(page, 'Image file /home/tester/disk.img').waitFor();
      expect(sandboxed(), 'every renderer is behind seccomp').toEqual(['2']);
      await tick(window, two.device);
      await review(window);
      await holdToStart(window);
      await page.getByRole('heading', { name: '1 verified' }).waitFor();
      expect(await tiles(page, 'verified').count()).toBe(1);
      expect(hosts(), "the window's engine runs on the window's own program").toEqual([`${HOME}/platter-window`]);
      mkdirSync(ARTIFACTS, { recursive: true });
      await page.screenshot({ path: join(ARTIFACTS, 'window.png') });
      expect(await window.close(), window.said()).toBe(0);
    } finally {
      window.child.kill();
    }
    cloned(two.backing);
  }, 600_000);

  it('S1 runs behind sudo as the user who called it, and opens disks through the broker', async () => {
    await using disk = await labdisk({ size: 8 * MIB, plain: true });
    root.lend(disk.device, 'root');
    const image = root.outside('/home/tester/sudo.img');
    writeFileSync(image, seededBytes(8 * MIB, 3));
    writeFileSync(root.outside('/root/secret.img'), seededBytes(MIB, 4), { mode: 0o600 });
    const sudo = ['env', 'SUDO_UID=1000', 'SUDO_GID=1000', 'SUDO_USER=tester'];

    await must(root, 'root', ...sudo, 'platter', 'copy', '--yes', '/home/tester/sudo.img', disk.device);
    execFileSync('cmp', [image, disk.backing]);
    await must(root, 'root', ...sudo, 'platter', 'copy', '--yes', disk.device, '/home/tester/back.img');
    expect(statSync(root.outside('/home/tester/back.img'))).toMatchObject({ uid: 1000, gid: 1000 });
    const refused = await root.run('root', [
      ...sudo,
      'platter',
      'copy',
      '--yes',
      '/root/secret.img',
      '/home/tester/stolen.img',
    ]);
    expect(refused.code, refused.stderr).toBe(2);
    expect(refused.stderr).toContain('no matter who started it');
    expect(existsSync(root.outside('/home/tester/stolen.img'))).toBe(false);
  });

  it('leaves nothing when purged, not even what root has done with the packages', async () => {
    writeFileSync(root.outside('/root/disk.img'), seededBytes(MIB, 2));
    await must(root, 'root', 'platter', 'copy', '--yes', 'disk.img', '/tmp/copy.img');
    expect(await root.files()).not.toEqual(before);
    expect(await purged(root, before, ...PARTS)).toEqual([]);
  });
});

describe('lintian', () => {
  it('passes lintian with no error or warning but those that the overrides explain', async () => {
    expect((await lintian).trim()).toBe('');
  }, 600_000);
});

/**
 * Processes of what is installed: the command line of each, as the kernel or Chromium writes it, and its entry in
 * /proc.
 */
function installed(): { command: string; pid: string }[] {
  const all = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => ({ command: inProc(pid, 'cmdline').replaceAll('\0', ' '), pid }));
  return all.filter(({ command }) => command.startsWith(`${HOME}/`));
}

/** How the kernel confines the renderers of the installed window: 2 is seccomp with a filter. */
const sandboxed = (): string[] =>
  installed()
    .filter(({ command }) => command.includes('--type=renderer'))
    .map(({ pid }) => /^Seccomp:\s*(\d)/m.exec(inProc(pid, 'status'))?.[1] ?? '');

/** The program that each engine host runs on. */
const hosts = (): string[] =>
  installed()
    .filter(({ command }) => command.includes('/out/engine/host.js'))
    .map(({ command }) => command.split(' ')[0]!);

function inProc(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
