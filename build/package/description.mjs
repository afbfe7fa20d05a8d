// The facts about a build that all packages use, from electron-builder.yml, package.json, the commit, and the Electron
// and Node to pack.
import { load } from 'js-yaml';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { capture, inRoot, Stop } from '../tools.mjs';

const read = (path) => readFileSync(inRoot(path), 'utf8');

/** The output of a program; null when it fails. */
async function answer(command, ...args) {
  const { code, stdout } = await capture(command, args, { quiet: true });
  return code === 0 ? stdout.trim() : null;
}

/**
 * "0.1.0" on the tag v0.1.0, else "0.1.0-git20261126103800.gd05d2b8f1", with ".changed" where the checkout is not the
 * commit. Later commits have greater versions, and all are smaller than the release.
 */
async function stampOf(version, epoch) {
  if ((await answer('git', 'describe', '--tags', '--exact-match', '--match', `v${version}`)) !== null) return version;
  const commit = await answer('git', 'rev-parse', '--short=9', 'HEAD');
  if (commit === null) return version; // a source archive has exactly its version
  const changed = (await answer('git', 'status', '--porcelain', '--untracked-files=no')) === '' ? '' : '.changed';
  const time = new Date(epoch * 1000)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '');
  return `${version}-git${time}.g${commit}${changed}`;
}

/** The time of all files and changelogs, in seconds since the epoch: SOURCE_DATE_EPOCH, else that of the commit. */
async function epochOf() {
  const epoch = process.env.SOURCE_DATE_EPOCH ?? (await answer('git', 'log', '-1', '--format=%ct'));
  if (epoch === null || !/^\d+$/.test(epoch))
    throw new Stop('there is no commit to take the time from: set SOURCE_DATE_EPOCH to seconds since 1970');
  return Number(epoch);
}

/** The Electron to pack, whether releases have the same one, and a sentence about it. */
function electronOf(wanted) {
  const dist = resolve(process.env.PLATTER_ELECTRON_DIST ?? inRoot('node_modules/electron/dist'));
  const version = readFileSync(join(dist, 'version'), 'utf8').trim().replace(/^v/, '');
  const forRelease = version === wanted;
  const words = forRelease
    ? `It runs on Electron ${version}.`
    : `This is a development build: it runs on Electron ${version}, which is not\nwhat releases have, and gets no security updates.`;
  return { dist, version, forRelease, words };
}

/** The Node to pack. It is that of the lockfile, with which everything is built and tested. */
function nodeOf(arch) {
  const folder = `node_modules/node-linux-${arch}`;
  if (!existsSync(inRoot(folder)))
    throw new Stop(`there is no ${folder} to pack: npm has left out the optional packages, or has none for ${arch}`);
  return {
    program: inRoot(folder, 'bin/node'),
    license: inRoot(folder, 'LICENSE'),
    version: JSON.parse(read(`${folder}/package.json`)).version,
  };
}

/**
 * Gives `{id, name, version, nativeVersion, epoch, arch, electron, node, config, ...}`. `version` is semantic;
 * `nativeVersion` is the form of it that dpkg and rpm sort correctly; `config` is electron-builder's own settings.
 */
export async function describe() {
  const manifest = JSON.parse(read('package.json'));
  const config = load(read('electron-builder.yml'));
  const epoch = await epochOf();
  const version = await stampOf(manifest.version, epoch);
  const electron = electronOf(JSON.parse(read('node_modules/electron/package.json')).version);
  return {
    id: config.appId,
    name: manifest.name,
    productName: config.productName,
    license: manifest.license,
    maintainer: config.linux.maintainer,
    summary: config.linux.synopsis,
    description: config.linux.description,
    version,
    nativeVersion: version.replace('-', '~'),
    released: version === manifest.version,
    epoch,
    date: new Date(epoch * 1000),
    arch: process.arch,
    electron,
    node: nodeOf(process.arch),
    config,
  };
}
