// Builds the engine, the broker, the decoder and the server of images with CMake (native/CMakeLists.txt), and the addon
// from the engine with @electron/rebuild. The addon is built for the Electron that runs and is packed, with the headers in the Node package,
// so nothing is downloaded. It uses Node-API only, so plain Node loads the same file. Runs on Node 22 or newer.
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { capture, fail, fingerprint, inRoot, isMain, must, say, unlessDone } from './tools.mjs';

const output = 'out/native/kcopyd.node';
const broker = 'out/native/platter-broker';
const decoder = 'out/native/platter-unpack';
const server = 'out/native/platter-serve';

/** Silences talkative programs except for their errors. */
const quietly = { cwd: inRoot('native'), stdio: ['ignore', 'ignore', 2] };

/** The headers that the decoder of packed images needs, and the one that makes gzip fast. */
const HEADERS = ['lzma.h', 'zstd.h', 'bzlib.h', 'lz4frame.h', 'zlib.h', 'openssl/sha.h'];
const FAST_GZIP = 'isa-l/igzip_lib.h';
const FUSE = 'fuse3/fuse_lowlevel.h';
const hasHeader = (name) => existsSync(join('/usr/include', name));

/** The missing headers of the decoder of packed images. It is built only when there are none. */
export const decoderLacks = () => HEADERS.filter((name) => !hasHeader(name));

/** The missing headers of the server of images, which holds the decoder. It is built only when there are none. */
export const serverLacks = () => [...decoderLacks(), ...(hasHeader(FUSE) ? [] : [FUSE])];

/** Configures a preset of native/CMakePresets.json and builds `targets`. `options` are those of `run`. */
export async function cmake(preset, targets, options = quietly) {
  const fresh = isOfThisPath(preset) ? [] : ['--fresh'];
  await must('cmake', ['--preset', preset, ...fresh], { ...quietly, ...options });
  await must('cmake', ['--build', '--preset', preset, '--target', ...targets], { ...quietly, ...options });
}

/** CMake refuses a cache that was made at another path: the checkout was moved, or runs in an open folder. */
function isOfThisPath(preset) {
  const cache = inRoot(`out/native/${preset}/CMakeCache.txt`);
  return (
    !existsSync(cache) || readFileSync(cache, 'utf8').includes(`\nCMAKE_HOME_DIRECTORY:INTERNAL=${inRoot('native')}\n`)
  );
}

/** The version of Electron in node_modules, or the one that will be installed there. */
function electronVersion() {
  const runtime = inRoot('node_modules/electron/dist/version');
  if (existsSync(runtime)) return readFileSync(runtime, 'utf8').trim().replace(/^v/, '');
  return JSON.parse(readFileSync(inRoot('node_modules/electron/package.json'), 'utf8')).version;
}

async function rebuildAddon(electron) {
  say('addon: compiling native/addon/');
  const prefix = dirname(dirname(process.execPath));
  // Without npm's variables, which would override our settings. gyp calls `node`, which must be this one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  env.PATH = `${dirname(process.execPath)}${delimiter}${env.PATH ?? ''}`;
  if (existsSync(join(prefix, 'include/node/node_api.h'))) env.npm_package_config_node_gyp_nodedir = prefix;
  const rebuild = [
    inRoot('node_modules/@electron/rebuild/lib/cli.js'),
    ...['--force', '--build-from-source', '--disable-pre-gyp-copy', '--jobs', '2'],
    ...['--module-dir', inRoot('native'), '--version', electron],
  ];
  await must(process.execPath, rebuild, { ...quietly, env });
  await copyFile(inRoot('native/build/Release/kcopyd.node'), inRoot(output));
}

/** Builds a program with CMake into out/native/ unless it is up to date. `rooms` are its source folders. */
async function buildProgram(path, rooms, facts) {
  const name = basename(path);
  await unlessDone(`out/.stamps/${name}`, fingerprint(rooms, facts), [path], async () => {
    say(`${name}: compiling ${rooms[0]}/`);
    await cmake('plain', [name]);
    await copyFile(inRoot(`out/native/plain/${name}`), inRoot(path));
  });
}

/** Builds out/native/platter-unpack, or says what is missing. Without it only packed images are refused. */
async function buildDecoder(build, facts) {
  const lacking = decoderLacks();
  if (lacking.length === 0)
    return buildProgram(
      decoder,
      ['native/unpack', 'native/sandbox', ...build],
      [...facts, String(hasHeader(FAST_GZIP))],
    );
  await rm(inRoot(decoder), { force: true });
  say(`platter-unpack: not built, because ${lacking.join(', ')} are not there: packed images cannot be read`);
}

/** Builds out/native/platter-serve, or says what is missing. Without it only `platter mount` is refused. */
async function buildServer(build, facts) {
  const lacking = serverLacks();
  if (lacking.length === 0)
    return buildProgram(server, ['native/serve', 'native/unpack', 'native/sandbox', ...build], facts);
  await rm(inRoot(server), { force: true });
  say(`platter-serve: not built, because ${lacking.join(', ')} are not there: images cannot be mounted`);
}

/**
 * Builds out/native/kcopyd.node, platter-broker, platter-unpack and platter-serve unless they are up to date. Throws
 * Stop when that fails.
 */
export async function buildNative() {
  const compiler = await capture('g++', ['-dumpfullversion', '-dumpmachine']);
  const electron = electronVersion();
  const build = ['native/CMakeLists.txt', 'native/CMakePresets.json', 'native/flags.txt', 'build/native.mjs'];
  await buildProgram(broker, ['native/broker', ...build], [compiler.stdout]);
  await buildDecoder(build, [compiler.stdout]);
  await buildServer(build, [compiler.stdout]);
  const facts = [compiler.stdout, String(hasHeader('liburing.h'))];
  const packages = ['node_modules/node-addon-api/package.json', 'node_modules/xxhash-addon/package.json'];

  const rooms = ['native/kcopyd', 'native/io', 'native/addon', 'native/binding.gyp', 'native/package.json'];
  const print = fingerprint([...rooms, ...build, ...packages], [...facts, electron]);
  await unlessDone('out/.stamps/kcopyd.node', print, [output], async () => {
    say('engine: compiling native/kcopyd/');
    await cmake('plain', ['kcopyd']);
    await rebuildAddon(electron);
  });
}

if (isMain(import.meta.url)) await buildNative().catch(fail);
