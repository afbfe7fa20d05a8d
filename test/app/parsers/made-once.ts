// Folders that take long to make: made once for a file of tests.
import { afterAll } from 'vitest';
import { Folder } from './source-files.ts';

/** Calls `make` once for each `how`, and gives every test a copy of its own. Call it outside of the tests. */
export function madeOnce<How>(make: (how: How) => Promise<Folder>): (how: How) => Promise<Folder> {
  const originals = new Map<string, Promise<Folder>>();
  afterAll(async () => {
    for (const original of originals.values()) (await original)[Symbol.dispose]();
  });
  return async (how) => {
    const key = JSON.stringify(how);
    const original = originals.get(key) ?? make(how);
    originals.set(key, original);
    const folder = new Folder();
    await folder.run(`cp -a '${(await original).path}/.' .`);
    return folder;
  };
}
