// `npm run format`: brings every source into the house's form. `formatted()` only looks. Prettier has TypeScript,
// JavaScript and Svelte (.prettierrc.json), clang-format has C and C++ (.clang-format).
import { onCurrentNode } from './packages.mjs';
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

/** Whether clang-format is here. It comes from the distribution. */
const canFormatNative = async () =>
  (await capture('sh', ['-c', 'command -v clang-format'], { quiet: true })).code === 0;

/**
 * Whether all sources have the house's form: as counts of two tests. What has not is named where `options` of `run`
 * say.
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
