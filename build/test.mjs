// `npm test [-- STAGE...] [-t NAME]`: all the set-up, then the stages below in this order (without those that run only
// when they are asked for), then one line with the totals. The engine is compiled while the linters run. It is tested
// with and without sanitizers at the same time, because most of its tests wait. The output of a stage is never mixed
// with another's. The stages in TypeScript are the projects of vitest.config.ts. Exit code 1 when anything failed or a
// stage crashed. Starts on Node 20.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatted } from './format.mjs';
import { elsewhere } from './closed-network/open-folder.mjs';
import { cmake } from './native.mjs';
import { onCurrentNode } from './npm.mjs';
import { inOwnMounts } from './own-mounts.mjs';
import { setUp } from './setup.mjs';
import { fail, inRoot, run, Stop } from './tools.mjs';

/**
 * A stage: `purpose`, the set-up that it needs; `named`, true when `-t` without a stage includes it; `apart`, true when
 * it runs only when it is asked for; and `run`, which prints with its argument and gives `{passed, failed, skips,
 * failures}`. `failures` are printed again at the end.
 */
const stages = {
  lint: {
    purpose: 'tools',
    run: async (print) =>
      sum(
        await checks([['eslint/bin/eslint.js', ...eslintArgs()]], print),
        await formatted(heard(print)),
        await check(inRoot('.ci/commits'), [], print),
      ),
  },
  lab: { purpose: 'test', named: true, run: (print) => vitest('lab', print) },
  types: {
    purpose: 'tools',
    run: (print) =>
      checks(
        [
          ...['app', 'build', 'test'].map((room) => ['typescript/bin/tsc', '--project', room]),
          [
            'svelte-check/bin/svelte-check',
            '--workspace',
            'renderer',
            '--tsconfig',
            './tsconfig.json',
            '--fail-on-warnings',
          ],
        ],
        print,
      ),
  },
  plain: { purpose: 'test', named: true, run: (print) => native('plain', print) },
  asan: { purpose: 'test', run: (print) => native('asan', print) },
  tsan: { purpose: 'test', run: (print) => native('tsan', print) },
  broker: { purpose: 'test', named: true, run: (print) => native('broker', print) },
  unit: { purpose: 'tools', named: true, run: (print) => vitest('unit', print) },
  app: { purpose: 'test', named: true, run: (print) => vitest('app', print) },
  fuzz: { purpose: 'test', run: (print) => lines('fuzz', process.execPath, [inRoot('test/fuzz/run.mjs')], print) },
  renderer: { purpose: 'test', named: true, run: (print) => vitest('renderer', print) },
  electron: { purpose: 'test', named: true, run: (print) => vitest('electron', print, onScreen) },
  package: { purpose: 'test', named: true, run: (print) => vitest('package', print, onScreen) },
  boot: { purpose: 'test', apart: true, run: (print) => vitest('boot', print) },
};
/** Stages in C++: their preset in native/CMakePresets.json, the targets to build, and the label of the tests. */
const inCpp = {
  plain: { preset: 'plain', targets: ['engine', 'client'], label: 'engine' },
  asan: { preset: 'asan', targets: ['engine', 'client'], label: 'engine' },
  tsan: { preset: 'tsan', targets: ['engine', 'client'], label: 'engine' },
  broker: { preset: 'asan', targets: ['broker-tests'], label: 'broker' },
};

/**
 * Stages that run at the same time when several of them are requested. All others run alone. The linter and the
 * compiler beside `lab` touch no device, because the tests of `lab` count a device's reads. `fuzz` and `renderer` need
 * a processor and no device. `package` and `electron` mostly wait for devices, programs and windows.
 */
const together = [['lint', 'lab'], Object.keys(inCpp), ['fuzz', 'package'], ['renderer', 'electron']];

/** The stages in order. Those that run at the same time share a group. */
function groupsOf(names) {
  const groups = [];
  for (const name of names) {
    if (groups.some((group) => group.includes(name))) continue;
    const others = together.find((group) => group.includes(name)) ?? [name];
    groups.push(names.filter((other) => others.includes(other)));
  }
  return groups;
}
/** Runs tests that open windows under Xvfb. */
const onScreen = ['xvfb-run', '--auto-servernum', '--server-args=-screen 0 1280x800x24'];
/**
 * Single stages keep ESLint's results. A whole run checks every file again, because the result for a file can change
 * with the types in another.
 */
const eslintArgs = () => [
  ...['--config', 'build/eslint.config.mjs', '--max-warnings', '0'],
  ...(whole ? [] : ['--cache', '--cache-location', 'out/.eslintcache', '--cache-strategy', 'content']),
  ...['app', 'build', 'renderer', 'test'],
];

const say = (text) => process.stdout.write(text);

/** How the programs of a stage are run: output on stdout, colour only on a terminal, and this Node first in PATH. */
const options = () => ({
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
    ...process.env,
    PATH: `${inRoot('node_modules/.bin')}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
  },
});

/** The same for a stage that prints with `print`. A stage that prints at once gets the terminal itself. */
const heard = (print) =>
  print === say
    ? options()
    : { ...options(), stdio: ['ignore', 'pipe', 'pipe'], onSpawn: (child) => listen(child, print) };

/** A program as a test that passes with exit code 0. */
const check = async (command, args, print) =>
  (await run(command, args, heard(print))) === 0
    ? { passed: 1, failed: 0, skips: [], failures: [] }
    : { passed: 0, failed: 1, skips: [], failures: [] };

const sum = (...all) => ({
  passed: all.reduce((count, { passed }) => count + passed, 0),
  failed: all.reduce((count, { failed }) => count + failed, 0),
  skips: all.flatMap(({ skips }) => skips),
  failures: all.flatMap(({ failures }) => failures),
});

/** Runs programs of node_modules. Each counts as one test. */
async function checks(programs, print) {
  const counts = [];
  for (const [program, ...args] of programs)
    counts.push(await check(process.execPath, [inRoot('node_modules', program), ...args], print));
  return sum(...counts);
}

/** The compiler's output, by the stages whose tests could not be built. */
const unbuilt = new Map();

/** Compiles the tests of these stages. Prints nothing: `native` prints what failed. */
async function compile(names) {
  for (const name of names) {
    const { preset, targets } = inCpp[name];
    let said = '';
    const hear = { stdio: ['ignore', 'pipe', 'pipe'], onSpawn: (child) => listen(child, (text) => (said += text)) };
    await cmake(preset, targets, hear).catch((error) => unbuilt.set(name, `${said}${error.message}\n`));
  }
}
let compiled = Promise.resolve();
/** The value of `-t NAME`: part of the name of the tests to run. null without it. */
let named = null;
/** True when all stages run. */
let whole = false;

/** Runs the tests of the engine or the broker with CTest. */
async function native(name, print) {
  await compiled;
  if (unbuilt.has(name)) {
    print(unbuilt.get(name));
    return { passed: 0, failed: 1, skips: [], failures: [] };
  }
  const { preset, label } = inCpp[name];
  const chosen = named === null ? {} : { PLATTER_TESTS: `*${named}*` };
  return lines(name, 'ctest', ['--preset', preset, '--label-regex', label], print, {
    cwd: inRoot('native'),
    env: { ...options().env, ...chosen },
  });
}

/** Gives `hear` all output of a program. */
function listen(child, hear) {
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear);
}

/** Removes CTest's prefix from each line of a test. */
const bare = (text) => text.replaceAll(/^\d+: /gm, '');

/**
 * Runs a program that prints a line "ok", "FAIL" or "SKIP: what: why" for each of its tests. `others` are options of
 * `run`.
 */
async function lines(name, command, args, print, others = {}) {
  let output = '';
  const code = await run(command, args, {
    ...options(),
    ...others,
    stdio: ['ignore', 'pipe', 'pipe'],
    onSpawn: (child) =>
      listen(child, (text) => {
        output += text;
        print(bare(text));
      }),
  });
  const said = bare(output).split('\n');
  const count = (pattern) => said.filter((line) => pattern.test(line)).length;
  const skips = said
    .filter((line) => line.startsWith('SKIP: '))
    .map((line) => `${name}: ${line.slice('SKIP: '.length)}`);
  return orCrashed(code, { passed: count(/^ok\b/), failed: count(/^FAIL\b/), skips, failures: failuresIn(said) });
}

/** Each failed test's line, with up to ten lines of the output that precedes it and follows the previous test. */
function failuresIn(said) {
  return said.flatMap((line, at) => {
    if (!line.startsWith('FAIL')) return [];
    const before = said.slice(0, at).findLastIndex((other) => /^(ok|FAIL|=)/.test(other));
    return [[line, ...said.slice(Math.max(before + 1, at - 10), at)].join('\n')];
  });
}

/** Runs a project of vitest.config.ts. `wrapper` is a command that runs another. */
async function vitest(name, print, wrapper = []) {
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
    '--project',
    name,
    ...(named === null ? [] : ['-t', named]),
  ];
  const [command, ...rest] = [...wrapper, process.execPath, inRoot('node_modules/vitest/vitest.mjs'), ...args];
  const { env, ...other } = heard(print);
  const code = await run(command, rest, {
    ...other,
    env: { ...env, PLATTER_TEST_REPORT: report, ...(named === null ? {} : { PLATTER_TEST_NAME: named }) },
  });
  return orCrashed(
    code,
    existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { passed: 0, failed: 0, skips: [], failures: [] },
  );
}

/** Counts a stage that fails without a failed test (not compiled, crashed, no test found) as one failure. */
const orCrashed = (code, counts) => (code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts);

/**
 * Runs stages at the same time. The output of the first unfinished one is printed at once; that of the others is held
 * back.
 */
async function atOnce(names, stage) {
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

/**
 * Removes the free loop devices that earlier tests left behind. Listing 200 of them took a third of the processor time
 * of each command. Only between stages, because a test may still look at a device that it gave up. Without it, or with
 * a labdisk too old to know it, tests are only slower.
 */
async function tidyLoops() {
  const labdisk = inRoot('out/lab/labdisk');
  if (existsSync(labdisk)) await run(labdisk, ['--tidy'], { stdio: 'ignore' });
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
  whole = asked.length === 0;
  const chosen = Object.keys(stages).filter((name) => (whole ? !stages[name].apart : asked.includes(name)));
  await setUp(chosen.every((name) => stages[name].purpose === 'tools') ? 'tools' : 'test');

  const total = { passed: 0, failed: 0, skips: [] };
  const broken = [];
  const stage = async (name, print) => {
    print(`\n=== ${name}\n`);
    const started = performance.now();
    const { passed, failed, skips, failures } = await stages[name].run(print);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    print(`=== ${name}: ${passed} passed, ${failed} failed, ${skips.length} skipped in ${seconds} s\n`);
    total.passed += passed;
    total.failed += failed;
    total.skips.push(...skips);
    if (failed > 0) broken.push({ name, failures });
  };
  compiled = compile(chosen.filter((name) => name in inCpp));
  for (const group of groupsOf(chosen)) {
    await tidyLoops();
    if (group.length === 1) await stage(group[0], say);
    else await atOnce(group, stage);
  }
  console.log();
  for (const skip of total.skips) console.log(`skipped: ${skip}`);
  for (const { name, failures } of broken) for (const failure of failures) console.log(`failed: ${name}: ${failure}`);
  if (broken.length > 0) console.log(`failed stages: ${broken.map(({ name }) => name).join(', ')}`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skips.length} skipped`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

async function main() {
  const asked = process.argv.slice(2);
  const self = fileURLToPath(import.meta.url);
  const code = (await elsewhere(self, asked)) ?? (await inOwnMounts(self, asked));
  if (code !== null) process.exit(code);
  await onCurrentNode(import.meta.url);
  await test(asked);
}

await main().catch(fail);
