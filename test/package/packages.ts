// The packages under test, made as `npm run package` makes them.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** Packages in a folder of their own, which goes when they are disposed of. */
export interface Packages extends Disposable {
  /** Path of the one of this format; where there are two, "platter-cli" is the name of the command line's. */
  path(format: string, name?: string): string;
  /** The files that all of a format hold together, as installed. */
  readonly root: string;
}

/** Makes packages of these formats, hardly compressed. */
export function makePackages(...formats: string[]): Packages {
  const folder = mkdtempSync(join(tmpdir(), 'platter-packages-'));
  chmodSync(folder, 0o755); // so that an ordinary user can start what is in there
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

/** Has them made; gives their paths. */
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
