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
 * The formats by name. Each function is called with `{description, root, out, fast}`. It packs the tree `root` into the
 * folder `out`, as one package or as its parts, and gives the paths. When a tool is missing, it says so and gives none.
 * The same tree gives the same bytes.
 */
export const FORMATS = { deb: packDeb, rpm: packRpm, 'tar.gz': packTar, AppImage: packAppImage };

/** Makes the tree in `out`/root, then its packages in these formats. Gives their paths. */
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
