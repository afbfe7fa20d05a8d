// Keeps tests in folders of their own. Every run gets a state folder and XDG folders under the temporary folder, which
// every process of a test inherits. After each test file it checks that the folders of the machine and its user have
// not changed.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** The folders of a real Platter: root's state, the user's state, settings and downloads. */
export const realFolders = (): string[] => {
  const home = userInfo().homedir; // from the system, not from HOME
  return [
    '/var/lib/platter',
    join(home, '.local/state/platter'),
    join(home, '.config/platter'),
    join(home, '.cache/platter'),
  ];
};

/**
 * Where tests keep what takes minutes to make and is the same in every run, such as a clean Debian. It is none of the
 * folders of a real Platter.
 */
export const testCache = (): string =>
  process.env.PLATTER_TEST_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(userInfo().homedir, '.cache'), 'platter-tests');

/** All paths in these folders, with size and time of change. A missing folder is empty. */
export function picture(folders: readonly string[]): Map<string, string> {
  const seen = new Map<string, string>();
  for (const folder of folders) {
    const below =
      statSync(folder, { throwIfNoEntry: false }) === undefined
        ? []
        : readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const path of below.map((name) => join(folder, name))) {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats !== undefined) seen.set(path, `${stats.size} bytes, written ${stats.mtimeMs}`);
    }
  }
  return seen;
}

/** The paths that were added, changed or removed between two listings. */
export function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
}

/** Runs once before all test files, in vitest's own process (`globalSetup`). */
export default function setup(): () => void {
  process.env.PLATTER_TEST_CACHE = testCache(); // before XDG_CACHE_HOME is that of this run
  const folder = mkdtempSync(join(tmpdir(), 'platter-run-'));
  process.env.PLATTER_STATE = join(folder, 'state');
  process.env.XDG_STATE_HOME = join(folder, 'xdg-state');
  process.env.XDG_CONFIG_HOME = join(folder, 'xdg-config');
  process.env.XDG_CACHE_HOME = join(folder, 'xdg-cache');
  return () => rmSync(folder, { recursive: true, force: true });
}

/** Runs around each test file, in its process (`guard-folders.ts`). */
export function guardFolders(): void {
  const before = picture(realFolders());
  afterAll(() => {
    const strays = changes(before, picture(realFolders()));
    if (strays.length > 0)
      throw new Error(
        `Something wrote outside of the tests' own folders while these tests ran: ${strays.join(', ')}. ` +
          'Set PLATTER_STATE for each process that a test starts; close other Platters.',
      );
  });
}
