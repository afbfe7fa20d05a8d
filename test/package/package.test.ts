// What users install, as they get it: built twice, looked at by Debian's own judges, installed into a clean Debian,
// used there by an ordinary user for clones, and removed without a trace.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdToStart, review, tick, tiles } from '../electron/steps.ts';
import { canLab, labdisk, seededBytes } from '../lab/lab.ts';
import { canCleanRoot, cleanRoot, type CleanRoot } from './clean-root.ts';
import { makePackages, type Packages } from './packages.ts';
import { openPackaged } from './window.ts';

const MIB = 1024 * 1024;
const HOME = '/usr/lib/platter';
const ID = 'io.github.platter.Platter';
const CHECKOUT = resolve(import.meta.dirname, '../..');
const ARTIFACTS = join(CHECKOUT, 'artifacts/package');
const FORMATS = ['deb', 'rpm', 'tar.gz'];

const output = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * MIB });
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

let packages: Packages;
let deb: string;
/** Begins at once and takes longest: what lintian says. */
let lintian: Promise<string>;

beforeAll(() => {
  packages = makePackages(...FORMATS);
  deb = packages.path('.deb');
  const judged = promisify(execFile)('lintian', ['--no-cfg', '--allow-root', '--fail-on', 'error,warning', deb]);
  lintian = judged.then(({ stdout }) => stdout, (error: unknown) => String((error as { stdout?: string }).stdout ?? error));
}, 600_000);
afterAll(() => packages[Symbol.dispose]());

describe('the files of a package', () => {
  it('are the same bytes when they are made again, and say nothing of where they were made', () => {
    using again = makePackages(...FORMATS);
    for (const format of FORMATS) expect(sha256(again.path(`.${format}`)), format).toBe(sha256(packages.path(`.${format}`)));
    const ours = join(packages.root, HOME, 'resources');
    const texts = readdirSync(ours, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(texts.length).toBeGreaterThan(4);
    for (const { parentPath, name } of texts) expect(readFileSync(join(parentPath, name)).includes(CHECKOUT), name).toBe(false);
  }, 600_000);

  it('belong to root, and nothing but Chromium\'s sandbox is setuid; deb and rpm have the same', () => {
    const inDeb = output('dpkg-deb', '--contents', deb).trim().split('\n').map((line) => line.split(/\s+/));
    expect(new Set(inDeb.map(([, owner]) => owner))).toEqual(new Set(['root/root']));
    expect(inDeb.filter(([mode = '']) => /[sS]/.test(mode)).map(([mode, , , , , path]) => `${mode} ${path}`)).toEqual([`-rwsr-xr-x .${HOME}/chrome-sandbox`]);
    expect(inDeb.filter(([mode = '']) => /^[^l].{4}w|^[^l].{7}w/.test(mode))).toEqual([]);
    const files = inDeb.filter(([mode = '']) => !mode.startsWith('d')).map(([, , , , , path = '']) => path.slice(1));
    const forDebian = /^\/usr\/share\/(doc|lintian)\//;
    const inRpm = output('rpm', '--query', '--list', '--package', packages.path('.rpm')).trim().split('\n').filter((path) => files.includes(path));
    expect(inRpm.sort()).toEqual(files.filter((path) => !forDebian.test(path)).sort());
    expect(output('rpm', '--query', '--package', '--queryformat', '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]', packages.path('.rpm')))
      .toContain(`-rwsr-xr-x root ${HOME}/chrome-sandbox\n`);
  });

  it('S1 have the broker as the only program for polkit: root\'s, not setuid, hardened, and no launcher of a host', () => {
    const broker = join(packages.root, HOME, 'platter-broker');
    expect(lstatSync(broker)).toMatchObject({ mode: 0o100755 });
    expect(existsSync(join(packages.root, HOME, 'platter-host'))).toBe(false);
    expect(realpathSync(join(packages.root, HOME, 'resources/app.asar.unpacked/out/native/platter-broker'))).toBe(realpathSync(broker));
    const policy = readFileSync(join(packages.root, 'usr/share/polkit-1/actions/io.github.platter.policy'), 'utf8');
    expect([...policy.matchAll(/<action id="(.*)">/g)].map(([, id]) => id)).toEqual(['io.github.platter.open-disks']);
    expect(policy).toContain(`<annotate key="org.freedesktop.policykit.exec.path">${HOME}/platter-broker</annotate>`);
    expect([...policy.matchAll(/<allow_\w+>(.*)<\/allow_\w+>/g)].map(([, answer]) => answer)).toEqual(['auth_admin', 'auth_admin', 'auth_admin']);
    const headers = output('readelf', '--wide', '--file-header', '--dynamic', '--program-headers', broker);
    expect(headers).toMatch(/Type:\s+DYN/);
    expect(headers).toContain('BIND_NOW');
    expect(headers).toMatch(/GNU_STACK\s.*\sRW\s/);
    expect(headers).not.toMatch(/R(UN)?PATH/);
  });

  it('are for the desktop what its validators ask for', () => {
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
      for (const [glob, types] of [['*.img', 'x-raw-disk-image'], ['*.dd', 'x-raw-disk-image'], ['*.raw', 'x-raw-disk-image'], ['*.iso', 'x-cd-image']] as const) {
        expect(globs, glob).toMatch(new RegExp(`:application/${types}:${glob.replace(/[.*]/g, '\\$&')}$`, 'm'));
        expect(readFileSync(entry, 'utf8')).toContain(`application/${types};`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('have a manual page that knows every command', () => {
    const page = gunzipSync(readFileSync(join(packages.root, 'usr/share/man/man1/platter.1.gz'))).toString();
    const help = output(join(packages.root, HOME, 'platter'), '--help');
    const [, commands = ''] = /^Commands:\n((?: .*\n)+)/m.exec(help) ?? [];
    const named = [...commands.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!);
    expect(named).toEqual(expect.arrayContaining(['list', 'copy', 'verify', 'repair', 'resume', 'jobs', 'forget']));
    for (const name of named) expect(page, name).toContain(`\n.TP\n.B ${name}\n`);
  });
});

const reason = canLab() ?? canCleanRoot();

describe.skipIf(reason !== null)(`the package in a clean Debian${reason === null ? '' : ` (${reason})`}`, () => {
  let root: CleanRoot;
  let before: string[];

  beforeAll(async () => {
    root = await cleanRoot(output('dpkg-deb', '--field', deb, 'Depends').trim());
    before = await root.files();
  }, 600_000);
  afterAll(() => root[Symbol.asyncDispose]());

  /** Runs a program in there and expects it to end well; gives what it says. */
  async function must(who: 'root' | 'user', ...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await root.run(who, argv);
    expect(code, `${argv.join(' ')}: ${stderr}${stdout}`).toBe(0);
    return stdout;
  }

  it('installs without anything that its dependencies do not name', async () => {
    copyFileSync(deb, root.outside('/tmp/platter.deb'));
    expect(await must('root', 'apt-get', 'install', '--yes', '--no-install-recommends', '/tmp/platter.deb')).toContain('0 upgraded, 1 newly installed');
    for (const program of ['platter-window', 'chrome_crashpad_handler', 'resources/app.asar.unpacked/out/native/kcopyd.node']) {
      expect(await must('user', 'ldd', `${HOME}/${program}`), program).not.toContain('not found');
    }
    expect((await must('user', 'platter', '--version')).trim()).toBe(output('dpkg-deb', '--field', deb, 'Version').trim().replace('~', '-'));
  });

  it('clones for an ordinary user, on the command line and in the window', async () => {
    await using one = await labdisk({ size: 32 * MIB, plain: true });
    await using two = await labdisk({ size: 32 * MIB, plain: true });
    for (const { device } of [one, two]) root.lend(device);
    const image = root.outside('/home/tester/disk.img');
    writeFileSync(image, seededBytes(8 * MIB + 100, 1));
    const cloned = (backing: string): Buffer => execFileSync('cmp', ['--bytes', String(8 * MIB + 100), image, backing]);

    const said = await must('user', 'platter', 'copy', '--yes', '--json', 'disk.img', one.device);
    const result = JSON.parse(said.trim().split('\n').at(-1)!) as { event: string; destinations: { state: string; verified: boolean }[] };
    expect(result).toMatchObject({ event: 'result', destinations: [{ state: 'done', verified: true }] });
    cloned(one.backing);
    await must('user', 'platter', 'report', 'last', '--pdf', 'report.pdf');
    expect(readFileSync(root.outside('/home/tester/report.pdf')).subarray(0, 5).toString()).toBe('%PDF-');

    const cookie = process.env.XAUTHORITY;
    if (cookie !== undefined) {
      copyFileSync(cookie, root.outside('/home/tester/.Xauthority'));
      chownSync(root.outside('/home/tester/.Xauthority'), 1000, 1000);
    }
    const settings = [`DISPLAY=${process.env.DISPLAY ?? ''}`, 'XDG_RUNTIME_DIR=/home/tester', 'PLATTER_LOOP_DEVICES=1'];
    const window = await openPackaged(root.inside('user', ['env', ...settings, `${HOME}/platter-window`, '/home/tester/disk.img']));
    const { page } = window;
    try {
      await page.getByRole('radio', { name: 'Image file /home/tester/disk.img', checked: true }).waitFor();
      expect(sandboxed(), 'every renderer is behind seccomp').toEqual(['2']);
      await tick(window, two.device);
      await review(window);
      await holdToStart(window);
      await page.getByRole('heading', { name: '1 verified' }).waitFor();
      expect(await tiles(page, 'verified').count()).toBe(1);
      mkdirSync(ARTIFACTS, { recursive: true });
      await page.screenshot({ path: join(ARTIFACTS, 'window.png') });
      expect(await window.close(), window.said()).toBe(0);
    } finally {
      window.child.kill();
    }
    cloned(two.backing);
  }, 600_000);

  it('S1 behind sudo belongs to the user who called it, and has its disks opened by the broker', async () => {
    await using disk = await labdisk({ size: 8 * MIB, plain: true });
    root.lend(disk.device, 'root');
    const image = root.outside('/home/tester/sudo.img');
    writeFileSync(image, seededBytes(8 * MIB, 3));
    writeFileSync(root.outside('/root/secret.img'), seededBytes(MIB, 4), { mode: 0o600 });
    const sudo = ['env', 'SUDO_UID=1000', 'SUDO_GID=1000', 'SUDO_USER=tester'];

    await must('root', ...sudo, 'platter', 'copy', '--yes', '/home/tester/sudo.img', disk.device);
    execFileSync('cmp', [image, disk.backing]);
    await must('root', ...sudo, 'platter', 'copy', '--yes', disk.device, '/home/tester/back.img');
    expect(statSync(root.outside('/home/tester/back.img'))).toMatchObject({ uid: 1000, gid: 1000 });
    const refused = await root.run('root', [...sudo, 'platter', 'copy', '--yes', '/root/secret.img', '/home/tester/stolen.img']);
    expect(refused.code, refused.stderr).toBe(2);
    expect(refused.stderr).toContain('whoever started it');
    expect(existsSync(root.outside('/home/tester/stolen.img'))).toBe(false);
  });

  it('leaves nothing when it is purged, not even what root has done with it', async () => {
    writeFileSync(root.outside('/root/disk.img'), seededBytes(MIB, 2));
    await must('root', 'platter', 'copy', '--yes', 'disk.img', '/tmp/copy.img');
    expect(await root.files()).not.toEqual(before);
    await must('root', 'apt-get', 'purge', '--yes', 'platter');
    const after = await root.files();
    expect(after.filter((path) => !before.includes(path))).toEqual([]);
    expect(before.filter((path) => !after.includes(path) )).toEqual([]);
  });
});

describe('lintian', () => {
  it('finds neither an error nor a warning that has no reason in the overrides', async () => {
    expect((await lintian).trim()).toBe('');
  }, 600_000);
});

/** How the kernel confines the renderers of the installed window: 2 is seccomp with a filter. */
function sandboxed(): string[] {
  const read = (pid: string, name: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'utf8');
    } catch {
      return ''; // it has ended meanwhile
    }
  };
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => read(pid, 'cmdline').startsWith(`${HOME}/platter-window`) && read(pid, 'cmdline').includes('--type=renderer'))
    .map((pid) => /^Seccomp:\s*(\d)/m.exec(read(pid, 'status'))?.[1] ?? '');
}
