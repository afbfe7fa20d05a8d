// The packages under test, made as `npm run package` makes them.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** Packages in a folder of their own, which is removed on disposal. */
export interface Packages extends Disposable {
  /** Path of the package of this format. Where there are two, "platter-cli" names that of the command line. */
  path(format: string, name?: string): string;
  /** All installed files of the packages of a format. */
  readonly root: string;
}

/** Makes packages of these formats, hardly compressed. */
export function makePackages(...formats: string[]): Packages {
  const folder = mkdtempSync(join(tmpdir(), 'platter-packages-'));
  chmodSync(folder, 0o755); // so that an ordinary user can start its programs
  const dispose = (): void => rmSync(folder, { recursive: true });
  const paths = packed(folder, formats, dispose);
  return {
    root: resolve(folder, 'root'),
    path(format, name = 'platter') {
      const found = paths.find(
        (path) =>
          path.endsWith(`.${format}`) &&
          /^[_-]\d/.test(basename(path).slice(name.length)) &&
          basename(path).startsWith(name),
      );
      if (found === undefined) throw new Error(`no ${name} as ${format} among ${paths.join(', ')}`);
      return found;
    },
    [Symbol.dispose]: dispose,
  };
}

/** Makes them. Returns their paths. */
function packed(folder: string, formats: readonly string[], dispose: () => void): string[] {
  try {
    const args = [resolve(ROOT, 'build/package.mjs'), ...formats, '--fast', '--out', folder];
    return execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      .trim()
      .split('\n');
  } catch (error) {
    dispose();
    throw error;
  }
}
