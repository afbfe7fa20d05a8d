// The fuzz stage: each target with libFuzzer (Jazzer.js) for a fixed time, from the corpus on. One line for each
// target, "ok", "FAIL" or "SKIP: what: why"; exit code 1 when anything failed. `node test/fuzz/run.mjs [SECONDS
// [TARGET...]]`.
//
// What a run finds is kept: new inputs in out/fuzz/TARGET, one that breaks a property in out/fuzz/TARGET-crash-...;
// with that file's path in place of the corpus it is run again.
import { mkdir, open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { spawn } from 'node:child_process';
import { build } from 'rolldown';
import { addon } from '../../build/closed-network/fuzzer.mjs';
import { inRoot } from '../../build/tools.mjs';

const TARGETS = ['frames', 'manifest', 'job-log', 'mapfile'];
const SECONDS = 15;
/** How many targets run at a time. */
const LANES = 2;
/** Memory limit of the process in MiB. Node with Jazzer.js and its maps takes about 200. */
const MEMORY = 768;

const jazzer = join(dirname(createRequire(import.meta.url).resolve('@jazzer.js/core')), 'cli.js');

/** The target and our modules that it imports, in one file: the fuzzer sees the paths of this file only. */
async function bundle(target) {
  const file = inRoot(`out/fuzz/${target}.cjs`);
  await build({
    input: inRoot(`test/fuzz/${target}.ts`),
    platform: 'node',
    external: ['zod'],
    logLevel: 'warn',
    output: { file, format: 'cjs', codeSplitting: false },
  });
  return file;
}

/** Runs a target. Returns its line, with its whole output when it failed. */
async function fuzz(target, seconds, { args, env }) {
  const file = await bundle(target);
  const found = inRoot(`out/fuzz/${target}`);
  await mkdir(found, { recursive: true });
  const log = `${found}.txt`;
  const libFuzzer = [
    `-max_total_time=${seconds}`,
    `-rss_limit_mb=${MEMORY}`,
    '-max_len=4096',
    '-print_final_stats=1',
    `-artifact_prefix=${found}-`,
  ];
  const argv = [
    ...args,
    jazzer,
    file,
    found,
    inRoot(`test/fuzz/corpus/${target}`),
    '--sync',
    '--includes',
    'out/fuzz/',
    '--',
    ...libFuzzer,
  ];
  // Write to a file: Node makes a pipe non-blocking, and libFuzzer loses what it writes to a full one, its last line
  // included.
  const output = await open(log, 'w');
  const child = spawn(process.execPath, argv, {
    cwd: inRoot('.'),
    env: { ...process.env, ...env },
    stdio: ['ignore', output.fd, output.fd],
  });
  const [code, signal] = await once(child, 'close');
  await output.close();
  const said = await readFile(log, 'utf8');
  const [, runs, time] = /Done (\d+) runs in (\d+) second/.exec(said) ?? [];
  const [, covered, size] = [...said.matchAll(/ cov: (\d+) .* corp: (\d+)\//g)].at(-1) ?? [];
  if (code === 0 && Number(runs) > 0)
    return { line: `ok: fuzz ${target}: ${runs} inputs in ${time} s, ${covered} edges, corpus of ${size}`, detail: '' };
  return {
    line: `FAIL: fuzz ${target}: ended with ${signal ?? code}; the input is in out/fuzz/${target}-*`,
    detail: said.slice(-4000),
  };
}

async function main([seconds = String(SECONDS), ...targets]) {
  let tools;
  try {
    tools = addon();
  } catch (error) {
    for (const target of TARGETS) console.log(`SKIP: ${target}: ${error.message}`);
    return;
  }
  const left = targets.length > 0 ? targets : [...TARGETS];
  const lane = async () => {
    for (let target = left.shift(); target !== undefined; target = left.shift()) {
      const { line, detail } = await fuzz(target, Number(seconds), tools);
      console.log(line);
      if (detail !== '') console.error(detail);
      if (line.startsWith('FAIL')) process.exitCode = 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

await main(process.argv.slice(2));
