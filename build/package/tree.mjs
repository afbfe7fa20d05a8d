// The files of every package, with their installed paths, modes and times: /usr/lib/platter from electron-builder, and
// the files under /usr that the desktop and the shell look for.
import { chmod, copyFile, lutimes, mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { capture, inRoot, must, say, Stop } from '../tools.mjs';
import { bashCompletion, commandsInRoff, optionsInRoff, synopsisInRoff } from './command-line.mjs';

const ICON_SIZES = [16, 24, 32, 48, 64, 128, 256, 512];
/** Libraries are not executable, whatever Electron's archive says. */
const LIBRARY = /\.(so|node)(\.\d+)*$/;
/** Chromium's helper for kernels that deny user namespaces to ordinary users. It must belong to root and be setuid. */
const SANDBOX = 'chrome-sandbox';

const asset = (name) => inRoot('build/assets', name);
const compressed = (text) => gzipSync(text, { level: 9 });

/** The app's folder in every installed package. */
export const HOME = '/usr/lib/platter';
const UNPACKED = 'resources/app.asar.unpacked/out/native';
/**
 * Paths in HOME: the only program that runs as root, the decoder of packed images, the server of images, a library for
 * both, the engine, and the Node of the command line.
 */
export const BROKER = 'platter-broker';
export const DECODER = 'platter-unpack';
export const SERVER = 'platter-serve';
export const ISAL = 'libisal.so.2';
export const ADDON = `${UNPACKED}/kcopyd.node`;
export const NODE = 'platter-node';

/**
 * Puts ISA-L beside the decoder, because many distributions lack it and Debian has no static one. Gives its name, or
 * says that gzip will be slow.
 */
async function addIsal(target) {
  const { stdout } = await capture('g++', [`-print-file-name=${ISAL}`]);
  const path = stdout.trim();
  if (path !== ISAL) {
    await copyFile(path, join(target, ISAL));
    return [ISAL];
  }
  say(`package: without ${ISAL}, so gzip is decoded by zlib. To install it: sudo apt-get install libisal-dev`);
  return [];
}

/** Runs electron-builder: the app's archive, its fuses, its Electron. */
async function makeApp({ version, electron, node, arch }, target, work) {
  const settings = {
    electronDist: electron.dist,
    electronVersion: electron.version,
    'directories.output': work,
    'extraMetadata.version': version,
  };
  const args = Object.entries(settings).map(([name, value]) => `-c.${name}=${value}`);
  const program = inRoot('node_modules/electron-builder/cli.js');
  // Show its stderr only, which has the errors.
  await must(process.execPath, [program, '--linux', 'dir', `--${arch}`, '--publish', 'never', ...args], {
    stdio: ['ignore', 'ignore', 2],
    env: { ...process.env, NO_UPDATE_NOTIFIER: '1' },
  });
  await mkdir(dirname(target), { recursive: true });
  await rename(join(work, arch === 'x64' ? 'linux-unpacked' : `linux-${arch}-unpacked`), target);
  await rm(work, { recursive: true });
  // Electron's archive has two files for developers: an app that starts others, and a note of the version.
  for (const name of ['resources/default_app.asar', 'version']) await rm(join(target, name), { force: true });
  for (const name of [DECODER, SERVER])
    if (!existsSync(join(target, name))) throw new Stop(`a package needs ${name}; what it lacks is said above`);
  const isal = await addIsal(target);
  // The engine looks for our programs beside itself, as in a checkout.
  for (const name of [BROKER, DECODER, SERVER]) await symlink(relative(UNPACKED, name), join(target, UNPACKED, name));
  await copyFile(node.program, join(target, NODE));
  await copyFile(node.license, join(target, 'LICENSE.node.txt'));
  await must('strip', [
    '--strip-unneeded',
    ...[BROKER, DECODER, SERVER, ...isal, ADDON, NODE].map((file) => join(target, file)),
  ]);
}

/** The desktop entry, as electron-builder would write it. */
function desktopEntry({ id, productName, config: { linux } }) {
  const lines = {
    Type: 'Application',
    Name: productName,
    Exec: [`${HOME}/${linux.executableName}`, ...linux.executableArgs].join(' '),
    Terminal: 'false',
    StartupWMClass: id,
    MimeType: linux.mimeTypes.map((type) => `${type};`).join(''),
    ...linux.desktop.entry,
  };
  return `[Desktop Entry]\n${Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')}`;
}

function metainfo({ id, version, date, released }) {
  const facts = {
    VERSION: version,
    DATE: date.toISOString().slice(0, 10),
    RELEASE_TYPE: released ? 'stable' : 'development',
  };
  return readFileSync(asset(`${id}.metainfo.xml`), 'utf8').replace(/@([A-Z_]+)@/g, (_all, name) => facts[name]);
}

async function manualPage({ version, date }) {
  return readFileSync(asset('platter.1'), 'utf8')
    .replace('@SYNOPSIS@\n', await synopsisInRoff())
    .replace('@COMMANDS@\n', await commandsInRoff())
    .replace('@OPTIONS@\n', await optionsInRoff())
    .replace('@VERSION@', version)
    .replace('@DATE@', date.toISOString().slice(0, 10));
}

async function makeSystem(description, root) {
  const { id, name } = description;
  const share = join(root, 'usr/share');
  const put = async (path, content) => {
    await mkdir(dirname(join(share, path)), { recursive: true });
    await writeFile(join(share, path), content);
  };
  const copy = (from, path) => put(path, readFileSync(asset(from)));
  await put(`applications/${id}.desktop`, desktopEntry(description));
  await put(`metainfo/${id}.metainfo.xml`, metainfo(description));
  await copy(`${id}.xml`, `mime/packages/${id}.xml`);
  for (const policy of readdirSync(asset('')).filter((file) => file.endsWith('.policy')))
    await copy(policy, `polkit-1/actions/${policy}`);
  await put(`man/man1/${name}.1.gz`, compressed(await manualPage(description)));
  await put(`bash-completion/completions/${name}`, await bashCompletion());
  await copy(`${id}.svg`, `icons/hicolor/scalable/apps/${id}.svg`);
  for (const size of ICON_SIZES) {
    const png = join(share, `icons/hicolor/${size}x${size}/apps/${id}.png`);
    await mkdir(dirname(png), { recursive: true });
    await must('rsvg-convert', [
      '--width',
      String(size),
      '--height',
      String(size),
      '--output',
      png,
      asset(`${id}.svg`),
    ]);
  }
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await symlink(relative('/usr/bin', `${HOME}/platter`), join(root, 'usr/bin', name));
  await copyFile(inRoot('LICENSE'), join(root, HOME, 'LICENSE'));
}

async function modeOf(name, path) {
  if (name === SANDBOX) return 0o4755;
  return ((await stat(path)).mode & 0o100) !== 0 && !LIBRARY.test(name) ? 0o755 : 0o644;
}

/** Sets the modes and times below `folder` to values that do not depend on who built it, or where. */
export async function normalize(folder, epoch) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await normalize(path, epoch);
    else if (entry.isFile()) await chmod(path, await modeOf(entry.name, path));
    if (!entry.isDirectory()) await lutimes(path, epoch, epoch);
  }
  await chmod(folder, 0o755);
  await lutimes(folder, epoch, epoch);
}

/** Replaces `root` by a new tree. */
export async function makeTree(description, root) {
  await rm(root, { recursive: true, force: true });
  await makeApp(description, join(root, HOME), `${root}.electron-builder`);
  await makeSystem(description, root);
  await normalize(root, description.epoch);
}
