// `npm test [-- STAGE...] [-t NAME]`: all the set-up, then the stages below in this order, then one line that adds them up.
// The engine is compiled while linters run, and tested with and without sanitizers at the same time: most of its tests
// wait. Each stage is told of as a whole.
// Exit code 1 when anything failed, a stage that crashed included. Starts on Node 20.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatted } from './format.mjs';
import { elsewhere } from './open-folder.mjs';
import { onCurrentNode } from './packages.mjs';
import { setUp } from './setup.mjs';
import { fail, inRoot, run, Stop } from './tools.mjs';
import { unitTests } from './unit.mjs';

/** A stage: what set-up it needs, `apart` when another stage runs the same tests and it is run only by name, `named` when `-t` without a stage looks there, and a function that runs it, prints with what it is given, and gives `{passed, failed, skips}`. */
const stages = {
  lint: {
    purpose: 'tools',
    run: async () =>
      sum(
        await checks([['eslint/bin/eslint.js', ...eslintArgs]]),
        await formatted(),
        await check(inRoot('.ci/commits')),
      ),
  },
  types: {
    purpose: 'tools',
    run: () =>
      checks([
        ...['app', 'build', 'test'].map((room) => ['typescript/bin/tsc', '--project', room]),
        [
          'svelte-check/bin/svelte-check',
          '--workspace',
          'renderer',
          '--tsconfig',
          './tsconfig.json',
          '--fail-on-warnings',
        ],
      ]),
  },
  plain: { purpose: 'test', named: true, run: (print) => native('plain', print) },
  asan: { purpose: 'test', run: (print) => native('asan', print) },
  tsan: { purpose: 'test', run: (print) => native('tsan', print) },
  broker: { purpose: 'test', named: true, run: (print) => native('broker', print) },
  unit: { purpose: 'tools', apart: true, run: () => vitest('unit', unitTests()) },
  app: { purpose: 'test', named: true, run: () => vitest('app', ['test/app', 'test/engine', 'test/lab']) },
  fuzz: { purpose: 'test', run: (print) => lines('fuzz', process.execPath, [inRoot('test/fuzz/run.mjs')], print) },
  // Pages know nothing of each other, and wait for their frames half of the time.
  renderer: {
    purpose: 'test',
    named: true,
    run: () => vitest('renderer', ['test/renderer', '--fileParallelism', '--maxWorkers=2']),
  },
  electron: { purpose: 'test', named: true, run: () => vitest('electron', ['test/electron'], onScreen) },
  package: { purpose: 'test', named: true, run: () => vitest('package', ['test/package'], onScreen) },
};
/** Stages that run at the same time, as far as they are asked for; all others run alone. */
const together = ['plain', 'asan', 'tsan', 'broker'];
/** For tests that open windows. */
const onScreen = ['xvfb-run', '--auto-servernum', '--server-args=-screen 0 1280x800x24'];
const eslintArgs = ['--config', 'build/eslint.config.mjs', '--max-warnings', '0', 'app', 'build', 'renderer', 'test'];

/** What a stage starts talks on stdout, in colour only to a terminal, and finds the Node it was started with first. */
const options = () => ({
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
    ...process.env,
    PATH: `${inRoot('node_modules/.bin')}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
  },
});

/** A program as a test that passes with exit code 0. */
const check = async (command, args = []) =>
  (await run(command, args, options())) === 0
    ? { passed: 1, failed: 0, skips: [] }
    : { passed: 0, failed: 1, skips: [] };

const sum = (...all) => ({
  passed: all.reduce((count, { passed }) => count + passed, 0),
  failed: all.reduce((count, { failed }) => count + failed, 0),
  skips: all.flatMap(({ skips }) => skips),
});

/** Programs of node_modules, each one a test. */
async function checks(programs) {
  const counts = [];
  for (const [program, ...args] of programs)
    counts.push(await check(process.execPath, [inRoot('node_modules', program), ...args]));
  return sum(...counts);
}

const make = ['--silent', '--no-print-directory', '--jobs=2', '-C'];
const roomOf = (target) => inRoot(target === 'broker' ? 'test/broker' : 'test/engine');

/** Compiles the engine, the broker and their tests for these stages. Says nothing: what fails, its stage makes again, and shows. */
async function compile(targets) {
  for (const room of new Set(targets.map(roomOf))) {
    const builds = targets.filter((target) => roomOf(target) === room).map((target) => `build-${target}`);
    await run('make', [...make, room, '--keep-going', ...builds], { ...options(), stdio: 'ignore' });
  }
}
let compiled = Promise.resolve();
/** With `-t NAME`: what the names of the tests to run contain. */
let named = null;

/** The tests of the engine or the broker. */
async function native(target, print) {
  await compiled;
  const chosen = named === null ? [] : [`TESTS='-tc=*${named.replaceAll("'", '?')}*'`];
  return lines(target, 'make', [...make, roomOf(target), target, ...chosen], print);
}

/** Hears everything that a program says. */
function listen(child, hear) {
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear);
}

/** A program that says "ok", "FAIL" or "SKIP: what: why" on a line for each of its tests. */
async function lines(name, command, args, print) {
  let output = '';
  const code = await run(command, args, {
    ...options(),
    stdio: ['ignore', 'pipe', 'pipe'],
    onSpawn: (child) =>
      listen(child, (text) => {
        output += text;
        print(text);
      }),
  });
  const said = output.split('\n');
  const count = (pattern) => said.filter((line) => pattern.test(line)).length;
  const skips = said
    .filter((line) => line.startsWith('SKIP: '))
    .map((line) => `${name}: ${line.slice('SKIP: '.length)}`);
  return orCrashed(code, { passed: count(/^ok\b/), failed: count(/^FAIL\b/), skips });
}

/** Tests in TypeScript: files, folders and options of vitest; `wrapper` is a command that runs another. */
async function vitest(name, asked, wrapper = []) {
  const report = inRoot(`out/test/${name}.json`);
  rmSync(report, { force: true });
  await mkdir(dirname(report), { recursive: true });
  const args = [
    'run',
    '--config',
    'build/vitest.config.ts',
    '--reporter',
    'default',
    '--reporter',
    './test/reporter.ts',
    ...asked,
    ...(named === null ? [] : ['-t', named]),
  ];
  const [command, ...rest] = [...wrapper, process.execPath, inRoot('node_modules/vitest/vitest.mjs'), ...args];
  const { env, ...other } = options();
  const code = await run(command, rest, {
    ...other,
    env: { ...env, PLATTER_TEST_REPORT: report, ...(named === null ? {} : { PLATTER_TEST_NAME: named }) },
  });
  return orCrashed(
    code,
    existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { passed: 0, failed: 0, skips: [] },
  );
}

/** A stage that fails without a failed test (it did not compile, it crashed, it found no test) is a failure itself. */
const orCrashed = (code, counts) => (code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts);

/** Runs stages at the same time. What the first that has not ended says is printed at once, what the others say is held. */
async function atOnce(names, stage, say) {
  const held = names.map(() => '');
  let speaker = 0;
  const ended = names.map(() => false);
  const turn = () => {
    while (speaker < names.length) {
      say(held[speaker]);
      held[speaker] = '';
      if (!ended[speaker]) return;
      speaker++;
    }
  };
  await Promise.all(
    names.map(async (name, i) => {
      await stage(name, (text) => {
        held[i] += text;
        if (i === speaker) turn();
      });
      ended[i] = true;
      turn();
    }),
  );
}

async function test(args) {
  const option = args.indexOf('-t');
  if (option !== -1) named = args[option + 1] ?? null;
  if (option !== -1 && named === null) throw new Stop('-t needs the name of a test, or a part of it');
  const given = option === -1 ? args : args.toSpliced(option, 2);
  const asked = given.length > 0 || named === null ? given : Object.keys(stages).filter((name) => stages[name].named);
  const unknown = asked.filter((name) => !(name in stages));
  if (unknown.length > 0)
    throw new Stop(`no such stage: ${unknown.join(', ')}. There are: ${Object.keys(stages).join(', ')}`);
  const chosen =
    asked.length > 0
      ? Object.keys(stages).filter((name) => asked.includes(name))
      : Object.keys(stages).filter((name) => !stages[name].apart);
  await setUp(chosen.every((name) => stages[name].purpose === 'tools') ? 'tools' : 'test');

  const total = { passed: 0, failed: 0, skips: [] };
  const broken = [];
  const stage = async (name, print) => {
    print(`\n=== ${name}\n`);
    const started = performance.now();
    const { passed, failed, skips } = await stages[name].run(print);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    print(`=== ${name}: ${passed} passed, ${failed} failed, ${skips.length} skipped in ${seconds} s\n`);
    total.passed += passed;
    total.failed += failed;
    total.skips.push(...skips);
    if (failed > 0) broken.push(name);
  };
  const say = (text) => process.stdout.write(text);
  const beside = chosen.filter((name) => together.includes(name));
  if (beside.length > 0) compiled = compile(beside);
  for (const name of chosen) {
    if (!together.includes(name)) await stage(name, say);
    else if (name === beside[0]) await atOnce(beside, stage, say);
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
