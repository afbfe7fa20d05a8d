// `npm run format`: formats every source. `formatted()` only checks. Prettier formats TypeScript, JavaScript and Svelte
// (.prettierrc.json), clang-format C and C++ (.clang-format).
import { onCurrentNode } from './npm.mjs';
import { capture, fail, filesIn, inRoot, isMain, must, run } from './tools.mjs';

const prettier = (option) => [
  inRoot('node_modules/prettier/bin/prettier.cjs'),
  '--log-level',
  'warn',
  option,
  'app',
  'build',
  'renderer',
  'test',
];
const native = () => filesIn(['native', 'test']).filter((path) => /\.(c|cc|h)$/.test(path));

/** True when clang-format is installed. It comes from the distribution. */
const canFormatNative = async () =>
  (await capture('sh', ['-c', 'command -v clang-format'], { quiet: true })).code === 0;

/**
 * Checks the format of all sources, as counts of two tests. The output of the formatters names the bad files; `options`
 * of `run` say where it goes.
 */
export async function formatted(options) {
  const counts = { passed: 0, failed: 0, skips: [], failures: [] };
  const count = (code) => counts[code === 0 ? 'passed' : 'failed']++;
  count(await run(process.execPath, prettier('--check'), options));
  if (await canFormatNative()) count(await run('clang-format', ['--dry-run', '--Werror', ...native()], options));
  else counts.skips.push('format of C and C++: clang-format is not installed: sudo apt-get install clang-format');
  return counts;
}

async function format() {
  await must(process.execPath, prettier('--write'));
  if (await canFormatNative()) await must('clang-format', ['-i', ...native()]);
}

if (isMain(import.meta.url)) {
  await onCurrentNode(import.meta.url)
    .then(format)
    .catch(fail);
}
