// The packages for Fedora, openSUSE and their kin, by rpmbuild.
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { capture, must, say } from '../tools.mjs';
import { copyPart, partsOf } from './parts.mjs';
import { HOME } from './tree.mjs';

const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };

function spec({ nativeVersion, license, epoch }, { name, summary, description, rpm, purges }, root, files, fast) {
  const others = [
    ...rpm.requires.map((other) => `Requires: ${other}\n`),
    ...rpm.conflicts.map((other) => `Conflicts: ${other}\n`),
  ].join('');
  // Pack the tree as it is: strip nothing, search nothing for dependencies, record no time and no host.
  return `%define _build_id_links none
%define __os_install_post %{nil}
%define _buildhost reproducible
%define clamp_mtime_to_source_date_epoch 1
%define use_source_date_epoch_as_buildtime 1
%define _binary_payload ${fast ? 'w1.gzdio' : 'w6.xzdio'}
Name: ${name}
Version: ${nativeVersion}
Release: 1
Summary: ${summary}
License: ${license}
AutoReqProv: no
${others}
%description
${description}

%install
mkdir -p %{buildroot}
cp -a ${root}/. %{buildroot}/

${purges ? '%postun\nif [ "$1" = 0 ]; then rm -rf /var/lib/platter; fi\n' : ''}
%files
%defattr(-,root,root,-)
${files.join('\n')}

%changelog
* ${new Date(epoch * 1000).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+).*$/, '$1 $3 $2 $4')} Platter - ${nativeVersion}-1
- As in CHANGELOG.md of the source.
`;
}

/** The paths in the package: all files, and Platter's own folders, which both packages may own. */
async function listed(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => ({
    path: `/${relative(root, join(entry.parentPath, entry.name))}`,
    isFolder: entry.isDirectory(),
  }));
  const own = paths.filter(({ path, isFolder }) => !isFolder || path === HOME || path.startsWith(`${HOME}/`));
  return own.map(({ path, isFolder }) => (isFolder ? `%dir ${path}` : path)).sort();
}

/** Packs one part. Gives its path. */
async function pack(part, { description, root, out, fast }) {
  const { nativeVersion, arch, epoch } = description;
  const work = join(out, 'rpm');
  await rm(work, { recursive: true, force: true });
  const tree = join(work, 'tree');
  await copyPart(part, root, tree, epoch);
  const specFile = join(work, `${part.name}.spec`);
  await writeFile(specFile, spec(description, part, tree, await listed(tree), fast));
  await must('rpmbuild', [
    '-bb',
    '--quiet',
    '--target',
    ARCHITECTURES[arch],
    '--define',
    `_topdir ${work}`,
    '--define',
    `_rpmdir ${work}`,
    specFile,
  ]);
  const file = `${part.name}-${nativeVersion}-1.${ARCHITECTURES[arch]}.rpm`;
  await rename(join(work, ARCHITECTURES[arch], file), join(out, file));
  await rm(work, { recursive: true });
  return join(out, file);
}

/** See FORMATS. */
export async function packRpm(asked) {
  if ((await capture('rpmbuild', ['--version'], { quiet: true }).catch(() => ({ code: 127 }))).code !== 0) {
    say('package: no rpm is made, because there is no rpmbuild. To install it: sudo apt-get install rpm');
    return [];
  }
  const made = [];
  for (const part of partsOf(asked.description)) made.push(await pack(part, asked));
  return made;
}
