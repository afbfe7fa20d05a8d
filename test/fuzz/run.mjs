// The fuzz stage: runs libFuzzer on each target for a fixed time, starting from the corpus. Jazzer.js runs targets in
// TypeScript; clang builds the decoder of packed images, which runs once for each format. Prints one line for each
// target: "ok", "FAIL" or "SKIP: what: why". Exit code 1 when anything failed. `node test/fuzz/run.mjs [SECONDS
// [TARGET...]]`.
// Findings stay: new inputs in out/fuzz/TARGET, and one that breaks a property in out/fuzz/TARGET-crash-... To run that
// again, give its path in place of the corpus.
import { mkdir, open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { spawn } from 'node:child_process';
import { build } from 'rolldown';
import { addon } from '../../build/closed-network/fuzzer.mjs';
import { cmake, decoderLacks } from '../../build/native.mjs';
import { capture, inRoot } from '../../build/tools.mjs';

const TARGETS = ['frames', 'manifest', 'job-log', 'mapfile', 'inside', 'bmap', 'used-blocks'];
const FORMATS = [
  'xz',
  'gzip',
  'bzip2',
  'zstd',
  'lz4',
  'zip',
  'android-sparse',
  'partclone',
  'qcow2',
  'vmdk',
  'vdi',
  'vhd',
  'vhdx',
];
const decoderTarget = (format) => `unpack-${format}`;
const SECONDS = 15;
/** The number of targets that run at the same time. */
const LANES = 2;
/** Memory limit of the process in MiB. Node with Jazzer.js and its maps takes about 200. */
const MEMORY = 768;
/** With AddressSanitizer, which holds freed memory for a while. */
const DECODER_MEMORY = 1536;

const jazzer = join(dirname(createRequire(import.meta.url).resolve('@jazzer.js/core')), 'cli.js');

/** The target and our modules that it imports, in one file, because the fuzzer instruments only that file. */
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

/** Options of libFuzzer for a target. `memory`: its limit in MiB. */
const options = (target, seconds, memory, length) => [
  `-max_total_time=${seconds}`,
  `-rss_limit_mb=${memory}`,
  `-max_len=${length}`,
  '-print_final_stats=1',
  `-artifact_prefix=${inRoot('out/fuzz', target)}-`,
];

/** Command and environment of a target in TypeScript. */
async function inTypeScript(target, seconds, { args, env }) {
  const file = await bundle(target);
  const folders = [inRoot('out/fuzz', target), inRoot('test/fuzz/corpus', target)];
  const jazzerOptions = ['--sync', '--includes', 'out/fuzz/', '--', ...options(target, seconds, MEMORY, 4096)];
  return { command: [process.execPath, ...args, jazzer, file, ...folders, ...jazzerOptions], env };
}

/** Command and environment of the decoder for one format. */
function ofDecoder(format, seconds) {
  const target = decoderTarget(format);
  const folders = [inRoot('out/fuzz', target), inRoot('test/fuzz/corpus', target)];
  const command = [inRoot('out/test/fuzz/unpack-fuzz'), ...options(target, seconds, DECODER_MEMORY, 16384), ...folders];
  return { command, env: { PLATTER_FUZZ: format, UBSAN_OPTIONS: 'print_stacktrace=1' } };
}

/** Runs a target. Returns its line, with its whole output when it failed. */
async function fuzz(target, { command, env }) {
  const found = inRoot(`out/fuzz/${target}`);
  await mkdir(found, { recursive: true });
  const log = `${found}.txt`;
  // Write to a file: Node makes a pipe non-blocking, and libFuzzer loses what it writes to a full one, its last line
  // included.
  const output = await open(log, 'w');
  const child = spawn(command[0], command.slice(1), {
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
  const [why] = /property broken: .*|SUMMARY: .*/.exec(said) ?? [`ended with ${signal ?? code}`];
  return {
    line: `FAIL: fuzz ${target}: ${why}; the input is in out/fuzz/${target}-*`,
    detail: said.slice(-4000),
  };
}

/** Why the decoder's target cannot be built; null after it has been. */
async function buildDecoder() {
  const lacking = decoderLacks();
  if (lacking.length > 0) return `without ${lacking.join(', ')}`;
  if ((await capture('clang++', ['--version'], { quiet: true }).catch(() => ({ code: 127 }))).code !== 0)
    return 'clang++ is not installed: sudo apt-get install clang libclang-rt-14-dev';
  await cmake('fuzz', ['unpack-fuzz']);
  return null;
}

/** Returns a function for each target to run. Prints the targets that cannot be built. */
async function planned(seconds, asked) {
  const isAsked = (target) => asked.length === 0 || asked.includes(target);
  const plans = [];
  const skip = (targets, why) => targets.filter(isAsked).forEach((target) => console.log(`SKIP: ${target}: ${why}`));
  try {
    const tools = addon();
    for (const target of TARGETS.filter(isAsked))
      plans.push(async () => fuzz(target, await inTypeScript(target, seconds, tools)));
  } catch (error) {
    skip(TARGETS, error.message);
  }
  const formats = FORMATS.filter((format) => isAsked(decoderTarget(format)));
  const why = formats.length > 0 ? await buildDecoder() : null;
  if (why === null)
    for (const format of formats) plans.push(() => fuzz(decoderTarget(format), ofDecoder(format, seconds)));
  else skip(formats.map(decoderTarget), why);
  return plans;
}

async function main([seconds = String(SECONDS), ...targets]) {
  const plans = await planned(Number(seconds), targets);
  const lane = async () => {
    for (let plan = plans.shift(); plan !== undefined; plan = plans.shift()) {
      const { line, detail } = await plan();
      console.log(line);
      if (detail !== '') console.error(detail);
      if (line.startsWith('FAIL')) process.exitCode = 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

await main(process.argv.slice(2));
