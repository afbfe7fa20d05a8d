// The Debian packages, by dpkg-deb.
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { capture, inRoot, must, Stop } from '../tools.mjs';
import { copyPart, partsOf } from './parts.mjs';
import { HOME, normalize } from './tree.mjs';

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

/** Regular files below `folder`, sorted; links are left out. */
async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The libraries that `files` were linked with, as dependencies with versions. */
async function librariesOf(files) {
  const work = await mkdtemp(join(tmpdir(), 'platter-shlibdeps-'));
  try {
    await mkdir(join(work, 'debian'));
    await writeFile(join(work, 'debian/control'), 'Source: platter\n\nPackage: platter\nArchitecture: any\n');
    const { code, stdout } = await capture('dpkg-shlibdeps', ['-O', ...files], { cwd: work, quiet: true });
    const depends = /^shlibs:Depends=(.*)$/m.exec(stdout)?.[1];
    if (code !== 0 || depends === undefined)
      throw new Stop(`"dpkg-shlibdeps -O ${files.join(' ')}" cannot tell which libraries they need`);
    return depends.split(', ');
  } finally {
    await rm(work, { recursive: true });
  }
}

/** The long description's form: a blank before each line, and a dot for an empty one. */
const folded = (text) =>
  text
    .split('\n')
    .map((line) => (line === '' ? ' .' : ` ${line}`))
    .join('\n');

async function control(
  { config, name: source, nativeVersion, arch, maintainer },
  { name, summary, description, linked, deb },
  root,
  tree,
) {
  const files = await filesBelow(root);
  const size = files.reduce((sum, file) => sum + Math.ceil(statSync(file).size / 1024), 0);
  const fields = {
    Package: name,
    ...(name === source ? {} : { Source: source }),
    Version: nativeVersion,
    Architecture: ARCHITECTURES[arch],
    Maintainer: maintainer,
    'Installed-Size': size,
    Depends: [...(await librariesOf(linked.map((file) => join(tree, HOME, file)))), ...deb.depends].join(', '),
    ...deb.fields,
    Section: config.deb.packageCategory,
    Priority: config.deb.priority,
    Description: `${summary}\n${folded(description)}`,
  };
  return Object.entries(fields)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('');
}

/** A list item, wrapped at 80 columns. */
function wrapped(item) {
  const lines = ['  *'];
  for (const word of item.split(/\s+/)) {
    if (`${lines.at(-1)} ${word}`.length > 80) lines.push('   ');
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines.join('\n');
}

/** The first section of CHANGELOG.md as a Debian changelog. */
function changelog({ name, nativeVersion, maintainer, date }) {
  const [, section] = readFileSync(inRoot('CHANGELOG.md'), 'utf8').split(/^## .*$/m);
  const items = section
    .replaceAll(/^### .*$/gm, '')
    .split(/^- /m)
    .map((item) => item.trim())
    .filter(Boolean)
    .map(wrapped)
    .join('\n');
  const stamp = date.toUTCString().replace('GMT', '+0000');
  return `${name} (${nativeVersion}) unstable; urgency=medium\n\n${items}\n\n -- ${maintainer}  ${stamp}\n`;
}

async function addDebianFiles(description, { name }, root) {
  const doc = join(root, 'usr/share/doc', name);
  await mkdir(doc, { recursive: true });
  await writeFile(join(doc, 'changelog.gz'), gzipSync(changelog(description), { level: 9 }));
  await cp(inRoot('build/assets/copyright'), join(doc, 'copyright'));
  await mkdir(join(root, 'usr/share/lintian/overrides'), { recursive: true });
  await cp(inRoot(`build/assets/${name}.lintian-overrides`), join(root, 'usr/share/lintian/overrides', name));
  await normalize(root, description.epoch);
}

/** Packs one part. Gives its path. */
async function pack(part, { description, root, out, fast }) {
  const { nativeVersion, arch, epoch } = description;
  const folder = join(out, 'deb');
  await copyPart(part, root, folder, epoch);
  await addDebianFiles(description, part, folder);
  const sums = (await filesBelow(folder)).map(
    (file) => `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${relative(folder, file)}\n`,
  );
  const text = await control(description, part, folder, root);
  const meta = join(folder, 'DEBIAN');
  await mkdir(meta);
  await writeFile(join(meta, 'control'), text);
  await writeFile(join(meta, 'md5sums'), sums.join(''));
  if (part.purges) await cp(inRoot('build/assets/postrm'), join(meta, 'postrm'));
  await normalize(meta, epoch);
  const path = join(out, `${part.name}_${nativeVersion}_${ARCHITECTURES[arch]}.deb`);
  const compression = fast ? ['-Zgzip', '-z1'] : ['-Zxz'];
  await must('dpkg-deb', ['--root-owner-group', ...compression, '--build', folder, path], {
    stdio: ['ignore', 'ignore', 2],
  });
  await rm(folder, { recursive: true });
  return path;
}

/** See FORMATS. */
export async function packDeb(asked) {
  const made = [];
  for (const part of partsOf(asked.description)) made.push(await pack(part, asked));
  return made;
}
