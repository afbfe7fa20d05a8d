// `npm test [-- STAGE...]`: all the set-up, then the stages below in this order, then one line that adds them up.
// Exit code 1 when anything failed, a stage that crashed included. Starts on Node 20.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { elsewhere } from './open-folder.mjs';
import { onCurrentNode } from './packages.mjs';
import { setUp } from './setup.mjs';
import { fail, inRoot, run, Stop } from './tools.mjs';

/** A stage: what set-up it needs, and a function that runs it and gives `{passed, failed, skips}`. */
const stages = {
  lint: { purpose: 'tools', run: () => checks([['eslint/bin/eslint.js', ...eslintArgs]]) },
  types: {
    purpose: 'tools',
    run: () =>
      checks([
        ...['app', 'build', 'test'].map((room) => ['typescript/bin/tsc', '--project', room]),
        ['svelte-check/bin/svelte-check', '--workspace', 'renderer', '--tsconfig', './tsconfig.json', '--fail-on-warnings'],
      ]),
  },
  plain: { purpose: 'test', run: () => native('plain') },
  asan: { purpose: 'test', run: () => native('asan') },
  tsan: { purpose: 'test', run: () => native('tsan') },
  app: { purpose: 'test', run: () => vitest('app', ['test/app', 'test/engine', 'test/lab']) },
  fuzz: { purpose: 'test', run: () => lines('fuzz', process.execPath, [inRoot('test/fuzz/run.mjs')]) },
  renderer: { purpose: 'test', run: () => vitest('renderer', ['test/renderer']) },
  electron: { purpose: 'test', run: () => vitest('electron', ['test/electron'], ['xvfb-run', '--auto-servernum', '--server-args=-screen 0 1280x800x24']) },
};
const eslintArgs = ['--config', 'build/eslint.config.mjs', '--max-warnings', '0', 'app', 'build', 'renderer', 'test'];

/** What a stage starts talks on stdout, in colour only to a terminal, and finds the Node it was started with first. */
const options = () => ({
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }), ...process.env, PATH: `${inRoot('node_modules/.bin')}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}` },
});

/** Programs of node_modules, each one a test that passes with exit code 0. */
async function checks(programs) {
  const counts = { passed: 0, failed: 0, skips: [] };
  for (const [program, ...args] of programs) {
    const code = await run(process.execPath, [inRoot('node_modules', program), ...args], options());
    counts[code === 0 ? 'passed' : 'failed']++;
  }
  return counts;
}

/** The engine's own tests. */
const native = (target) => lines(target, 'make', ['--silent', '--no-print-directory', '--jobs=2', '-C', inRoot('test/engine'), target]);

/** A program that says "ok", "FAIL" or "SKIP: what: why" on a line for each of its tests. */
async function lines(name, command, args) {
  let output = '';
  const code = await run(command, args, {
    ...options(),
    stdio: ['ignore', 'pipe', 'inherit'],
    onSpawn: (child) =>
      child.stdout.setEncoding('utf8').on('data', (text) => {
        output += text;
        process.stdout.write(text);
      }),
  });
  const said = output.split('\n');
  const count = (pattern) => said.filter((line) => pattern.test(line)).length;
  const skips = said.filter((line) => line.startsWith('SKIP: ')).map((line) => `${name}: ${line.slice('SKIP: '.length)}`);
  return orCrashed(code, { passed: count(/^ok\b/), failed: count(/^FAIL\b/), skips });
}

/** Tests in TypeScript; `wrapper` is a command that runs another. */
async function vitest(name, paths, wrapper = []) {
  const report = inRoot(`out/test/${name}.json`);
  rmSync(report, { force: true });
  await mkdir(dirname(report), { recursive: true });
  const args = ['run', '--config', 'build/vitest.config.ts', '--reporter', 'default', '--reporter', './test/reporter.ts', ...paths];
  const [command, ...rest] = [...wrapper, process.execPath, inRoot('node_modules/vitest/vitest.mjs'), ...args];
  const { env, ...other } = options();
  const code = await run(command, rest, { ...other, env: { ...env, PLATTER_TEST_REPORT: report } });
  return orCrashed(code, existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { passed: 0, failed: 0, skips: [] });
}

/** A stage that fails without a failed test (it did not compile, it crashed, it found no test) is a failure itself. */
const orCrashed = (code, counts) => (code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts);

async function test(asked) {
  const unknown = asked.filter((name) => !(name in stages));
  if (unknown.length > 0) throw new Stop(`no such stage: ${unknown.join(', ')}. There are: ${Object.keys(stages).join(', ')}`);
  const chosen = asked.length > 0 ? Object.keys(stages).filter((name) => asked.includes(name)) : Object.keys(stages);
  await setUp(chosen.every((name) => stages[name].purpose === 'tools') ? 'tools' : 'test');

  const total = { passed: 0, failed: 0, skips: [] };
  const broken = [];
  for (const name of chosen) {
    console.log(`\n=== ${name}`);
    const started = performance.now();
    const { passed, failed, skips } = await stages[name].run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`=== ${name}: ${passed} passed, ${failed} failed, ${skips.length} skipped in ${seconds} s`);
    total.passed += passed;
    total.failed += failed;
    total.skips.push(...skips);
    if (failed > 0) broken.push(name);
  }
  console.log();
  for (const skip of total.skips) console.log(`skipped: ${skip}`);
  if (broken.length > 0) console.log(`failed stages: ${broken.join(', ')}`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skips.length} skipped`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

async function main() {
  const asked = process.argv.slice(2);
  const code = await elsewhere(fileURLToPath(import.meta.url), asked);
  if (code !== null) process.exit(code);
  await onCurrentNode(import.meta.url);
  await test(asked);
}

await main().catch(fail);
