// Builds out/ from app/ (rolldown) and renderer/ (vite). Leaves up-to-date files alone. Runs on Node 22 or newer.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { makeTexts, TEXTS } from './texts.mjs';
import { fail, fingerprint, inRoot, isMain, say, unlessDone } from './tools.mjs';

/**
 * Each output contains everything but Node's own modules and electron. Code that is imported on demand lies beside it.
 */
const programs = [
  { input: 'app/engine/host.ts', output: 'out/engine/host.js', format: 'esm' },
  // A thread of the host, the command line or the window.
  { input: 'app/engine/formats/reader-thread.ts', output: 'out/engine/reader.js', format: 'esm' },
  { input: 'app/cli/platter.ts', output: 'out/cli/platter.js', format: 'esm' },
  { input: 'app/main/main.ts', output: 'out/main/main.js', format: 'esm' },
  { input: 'app/download/fetch.ts', output: 'out/download/fetch.js', format: 'esm' }, // talks to servers
  { input: 'app/records/pdf.ts', output: 'out/records/pdf.js', format: 'esm' }, // loaded when a report is wanted
  { input: 'app/preload.ts', output: 'out/preload.cjs', format: 'cjs' }, // a sandboxed preload cannot be ESM
];
/** The report's fonts lie beside it, with their licence. */
const INTER = 'node_modules/@expo-google-fonts/inter';
const fonts = {
  [`${INTER}/400Regular/Inter_400Regular.ttf`]: 'out/records/inter-regular.ttf',
  [`${INTER}/600SemiBold/Inter_600SemiBold.ttf`]: 'out/records/inter-semibold.ttf',
  [`${INTER}/LICENSE_FONT`]: 'out/records/inter-licence.txt',
};
/** The oldest Node that runs the programs is that of a closed network's Electron (build/closed-network). */
const TARGET = 'node20';
const common = ['package.json', 'package-lock.json', 'build/bundle.mjs', 'build/tools.mjs'];

async function makeProgram({ input, output, format }) {
  const { build } = await import('rolldown');
  const split = input === 'app/cli/platter.ts';
  if (split) rmSync(inRoot(dirname(output)), { recursive: true, force: true }); // chunks of an earlier build
  await build({
    input: inRoot(input),
    platform: 'node',
    external: ['electron'],
    logLevel: 'warn',
    transform: { target: TARGET },
    output: {
      format,
      sourcemap: true,
      ...(split
        ? { dir: inRoot(dirname(output)), entryFileNames: basename(output), chunkFileNames: '[name].js' }
        : { file: inRoot(output), codeSplitting: false }),
    },
  });
}

function copyFonts() {
  mkdirSync(inRoot('out/records'), { recursive: true });
  for (const [from, to] of Object.entries(fonts)) copyFileSync(inRoot(from), inRoot(to));
}

async function makePage() {
  const { build } = await import('vite');
  await build({ configFile: inRoot('build/vite.config.ts'), logLevel: 'warn' });
}

/**
 * Brings out/ up to date. A failed output does not stop the others. Throws the error of rolldown or vite at the end.
 */
export async function bundle() {
  const ofPrograms = fingerprint(['app', ...common]);
  const ofPage = fingerprint([
    'renderer',
    'app/base',
    'app/contract',
    'app/view',
    'app/words',
    'build/vite.config.ts',
    'build/svelte.config.js',
    ...common,
  ]);
  const bring = async (output, print, make) => {
    if (await unlessDone(`out/.stamps/${basename(output)}`, print, [output], make)) say(`bundle: ${output}`);
  };
  const ends = await Promise.allSettled([
    ...programs.map((program) => bring(program.output, ofPrograms, () => makeProgram(program))),
    bring('out/records/inter-regular.ttf', fingerprint(common), copyFonts),
    bring(
      `${TEXTS}/notices.txt`,
      fingerprint(['README.md', 'LICENSE', 'build/assets/copyright', 'build/texts.mjs', ...common]),
      makeTexts,
    ),
    bring('out/renderer/index.html', ofPage, makePage),
  ]);
  const failures = ends.filter((end) => end.status === 'rejected').map((end) => end.reason);
  if (failures.length > 0) throw new Error(failures.map((error) => error.stack).join('\n\n'));
}

if (isMain(import.meta.url)) await bundle().catch(fail);
