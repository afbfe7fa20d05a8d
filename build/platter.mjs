#!/usr/bin/env node
// The command line as `npx platter`. Builds outdated parts first.
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { onCurrentNode } from './npm.mjs';
import { setUp } from './setup.mjs';
import { fail, inRoot, isMain } from './tools.mjs';
import { sudoCaller } from './window-user.mjs';
import { ended } from './window.mjs';

/**
 * Runs the command line in this process, with the arguments in argv. Behind sudo it runs as a process of the user who
 * called sudo, with a broker behind it that opens disks.
 */
export async function commandLine() {
  await setUp('cli');
  const program = inRoot('out/cli/platter.js');
  const caller = sudoCaller(process.env);
  if (caller !== null) {
    const command = [process.execPath, '--enable-source-maps', program, ...process.argv.slice(2)];
    const argv = ['--as', `${caller.uid}:${caller.gid}`, '--', ...command];
    process.exitCode = await ended(spawn(inRoot('out/native/platter-broker'), argv, { stdio: 'inherit' }));
    return;
  }
  process.argv[1] = program;
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(program).href);
}

if (isMain(import.meta.url)) {
  await onCurrentNode(import.meta.url).catch(fail);
  await commandLine().catch(fail);
}
