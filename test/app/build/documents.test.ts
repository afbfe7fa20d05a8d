// Paths of tests in documents exist, although tests move.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const documents = globSync('{*,{app,build,docs,native,renderer,test}/**/*}.md');

test.each(documents)('%s names only tests that exist', (document) => {
  // `out/test/…` is built, so it may be missing.
  const named = readFileSync(document, 'utf8').match(/(?<!out\/)\btest\/[a-z]+\/[\w-]+(?:\/[\w-]+)*/gu) ?? [];

  const missing = named.filter((name) => !existsSync(name) && globSync(`${name}.*`).length === 0);

  expect(missing).toEqual([]);
});
