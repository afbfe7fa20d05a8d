// The archive that can be unpacked anywhere. It holds the app's folder, for users whose distribution has no package.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
import { must } from '../tools.mjs';
import { HOME } from './tree.mjs';

/** See FORMATS. */
export async function packTar({ description, root, out, fast }) {
  const { name, version, arch, epoch } = description;
  const folder = `${name}-${version}-${arch}`;
  const tar = join(out, `${folder}.tar`);
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu', `--mtime=@${epoch}`];
  await must('tar', [...same, '--transform', `flags=r;s,^\\.,${folder},`, '-cf', tar, '-C', join(root, HOME), '.']);
  const path = `${tar}.gz`;
  writeFileSync(path, gzipSync(readFileSync(tar), { level: fast ? 1 : 9 })); // unlike gzip, records no name or time
  await rm(tar);
  return [path];
}
