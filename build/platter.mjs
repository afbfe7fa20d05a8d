#!/usr/bin/env node
// The command line as `npx platter`; makes what is not up to date first.
import { pathToFileURL } from 'node:url';
import { onCurrentNode } from './packages.mjs';
import { setUp } from './setup.mjs';
import { fail, inRoot, isMain } from './tools.mjs';

/** Becomes the command line: same process, its arguments as they stand in argv. */
export async function commandLine() {
  await setUp('cli');
  const program = inRoot('out/cli/platter.js');
  process.argv[1] = program;
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(program).href);
}

if (isMain(import.meta.url)) {
  await onCurrentNode(import.meta.url).catch(fail);
  await commandLine().catch(fail);
}
