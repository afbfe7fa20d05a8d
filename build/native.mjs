// Builds the engine's addon with node-gyp, from the headers that come with the Node package: nothing is downloaded. Builds
// the broker with make.
// Runs on Node 22 or newer.
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { capture, fail, fingerprint, inRoot, isMain, must, say, unlessDone } from './tools.mjs';

const output = 'out/native/kcopyd.node';
const broker = 'out/native/platter-broker';

/** Builds out/native/kcopyd.node unless it is up to date with native/ and the toolchain. Throws Stop when it fails. */
export async function buildAddon() {
  const compiler = await capture('g++', ['-dumpfullversion', '-dumpmachine']);
  const print = fingerprint(
    [
      'native',
      'build/native.mjs',
      'node_modules/node-addon-api/package.json',
      'node_modules/xxhash-addon/package.json',
    ],
    [compiler.stdout, String(existsSync('/usr/include/liburing.h'))],
  );
  await unlessDone('out/.stamps/kcopyd.node', print, [output], async () => {
    say('addon: compiling native/');
    const prefix = dirname(dirname(process.execPath));
    const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? ['--nodedir', prefix] : [];
    // npm's settings in the environment would win over ours; gyp's own calls of `node` have to find this one.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    env.PATH = `${dirname(process.execPath)}${delimiter}${env.PATH ?? ''}`;
    const gyp = inRoot('node_modules/node-gyp/bin/node-gyp.js');
    const args = [
      gyp,
      'configure',
      'build',
      '--loglevel=error',
      '--directory',
      inRoot('native'),
      '--jobs',
      '2',
      ...headers,
    ];
    await must(process.execPath, args, { env, stdio: ['ignore', 'ignore', 2] });
    await mkdir(dirname(inRoot(output)), { recursive: true });
    await copyFile(inRoot('native/build/Release/kcopyd.node'), inRoot(output));
  });
}

/** Builds out/native/platter-broker unless it is up to date. Throws Stop when it fails. */
export async function buildBroker() {
  const built = 'out/native/plain/platter-broker';
  const compiler = await capture('g++', ['-dumpfullversion', '-dumpmachine']);
  const print = fingerprint(['native/broker', 'native/Makefile', 'build/native.mjs'], [compiler.stdout]);
  await unlessDone('out/.stamps/platter-broker', print, [broker], async () => {
    say('broker: compiling native/broker/');
    await must(
      'make',
      ['--silent', '--no-print-directory', '--jobs=2', '-C', inRoot('native'), 'BUILD=plain', 'broker'],
      { stdio: ['ignore', 'ignore', 2] },
    );
    await copyFile(inRoot(built), inRoot(broker));
  });
}

/** Builds all that is native. */
export async function buildNative() {
  await buildAddon();
  await buildBroker();
}

if (isMain(import.meta.url)) await buildNative().catch(fail);
