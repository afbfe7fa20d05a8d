// The AppImage. It is made only where somebody has installed appimagetool, because no distribution has a package of it.
import { cp, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, must, say } from '../tools.mjs';
import { HOME, normalize } from './tree.mjs';

const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };

/** See FORMATS. */
export async function packAppImage({ description, root, out }) {
  const { id, name, version, arch, epoch } = description;
  const tool = process.env.APPIMAGETOOL ?? 'appimagetool';
  if ((await capture(tool, ['--version'], { quiet: true }).catch(() => ({ code: 127 }))).code !== 0) {
    say(
      'package: no AppImage is made, because there is no appimagetool. It is at https://github.com/AppImage/appimagetool/releases; ' +
        'make it executable and name it: APPIMAGETOOL=./appimagetool npm run package -- AppImage',
    );
    return [];
  }
  const folder = join(out, 'AppDir');
  await rm(folder, { recursive: true, force: true });
  await cp(root, folder, { recursive: true, verbatimSymlinks: true });
  await symlink(`.${HOME}/platter`, join(folder, 'AppRun'));
  await cp(join(root, `usr/share/applications/${id}.desktop`), join(folder, `${id}.desktop`));
  await cp(join(root, `usr/share/icons/hicolor/256x256/apps/${id}.png`), join(folder, `${id}.png`));
  await normalize(folder, epoch);
  const path = join(out, `${name}-${version}-${ARCHITECTURES[arch]}.AppImage`);
  await must(tool, ['--no-appstream', folder, path], { env: { ...process.env, ARCH: ARCHITECTURES[arch] } });
  await rm(folder, { recursive: true });
  return [path];
}
