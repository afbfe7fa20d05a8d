// Makes the packages: describes them, makes the tree of files they hold, and has each format pack it.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { say } from '../tools.mjs';
import { packAppImage } from './appimage.mjs';
import { packDeb } from './deb.mjs';
import { describe } from './description.mjs';
import { packRpm } from './rpm.mjs';
import { packTar } from './tar.mjs';
import { makeTree } from './tree.mjs';

/**
 * Each packs the tree `root` into the folder `out`, as one package or as its parts, and gives the paths: none after it
 * has said what is missing to do so. Called with `{description, root, out, fast}`. Same tree, same bytes.
 */
export const FORMATS = { deb: packDeb, rpm: packRpm, 'tar.gz': packTar, AppImage: packAppImage };

/** Makes the tree in `out`/root and from it the packages of `formats`; gives their paths. */
export async function makePackages(formats, { out, fast }) {
  const folder = resolve(out);
  const root = join(folder, 'root');
  const description = await describe();
  process.env.SOURCE_DATE_EPOCH = String(description.epoch);
  await mkdir(folder, { recursive: true });
  const { electron, node } = description;
  say(
    `package: ${description.name} ${description.version} on Node ${node.version} and Electron ${electron.version}${electron.forRelease ? '' : ', for development only: releases take the official download'}`,
  );
  await makeTree(description, root);
  const made = [];
  for (const format of formats.filter((name) => name in FORMATS))
    made.push(...(await FORMATS[format]({ description, root, out: folder, fast })));
  return made;
}
