// Shared by the build scripts: paths, messages on stderr, running programs, and stamps that record the inputs of a
// finished step. No dependencies, runs on Node 20.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Absolute path of something in the project. */
export const inRoot = (...parts) => join(root, ...parts);

/** A failure whose message is all the user needs: printed without a stack, exit code 1. */
export class Stop extends Error {}

/** Says a line on stderr; stdout belongs to the program that was asked for. */
export const say = (text) => process.stderr.write(`${text}\n`);

/** Ends the process the way `error` asks for. For the entry points. */
export function fail(error) {
  say(error instanceof Stop ? `platter: ${error.message}` : String(error?.stack ?? error));
  process.exit(1);
}

/** True when this file is the program that Node was asked to run. */
export const isMain = (url) => process.argv[1] !== undefined && fileURLToPath(url) === realpathSync(process.argv[1]);

/**
 * Runs a program to its end; what it prints on stdout goes to stderr. Gives its exit code (128 + n when signal n
 * ended it), or throws Stop when it could not be started.
 */
export function run(command, args, { cwd = root, env = process.env, stdio = ['ignore', 2, 2], timeout, onSpawn } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio, timeout });
    onSpawn?.(child);
    child.on('error', (error) => reject(new Stop(`cannot run ${command}: ${error.message}`)));
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** Runs a program as `run` does and throws Stop unless it exits with 0. */
export async function must(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) throw new Stop(`"${[command, ...args].join(' ')}" failed (exit code ${code})`);
}

/** Runs a program and gives `{code, stdout}`; stderr is passed on unless `quiet`. */
export async function capture(command, args, { quiet = false, ...options } = {}) {
  let stdout = '';
  const code = await run(command, args, {
    ...options,
    stdio: ['ignore', 'pipe', quiet ? 'ignore' : 2],
    onSpawn: (child) => child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text)),
  });
  return { code, stdout };
}

/** Folders of generated files, which are never an input. */
const made = new Set(['node_modules', 'build']);

/** All files under `paths` (files or folders, from the project's folder), sorted; what does not exist is left out. */
export function filesIn(paths) {
  const found = [];
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (!statSync(path).isDirectory()) found.push(path);
    else for (const name of readdirSync(path)) if (!made.has(name)) visit(join(path, name));
  };
  paths.forEach((path) => visit(inRoot(path)));
  return found.sort();
}

/** Hash of the names and contents of `files` (see `filesIn`) and of the strings in `facts`. */
export function fingerprint(paths, facts = []) {
  const hash = createHash('sha256');
  for (const file of filesIn(paths))
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  for (const fact of facts) hash.update(`${fact}\0`);
  return hash.digest('hex');
}

/**
 * Runs `make` unless `stamp` says that it already ran with this fingerprint and every one of `outputs` is still
 * there. Paths are relative to the project's folder. Gives true when it ran.
 */
export async function unlessDone(stamp, print, outputs, make) {
  const file = inRoot(stamp);
  if (existsSync(file) && readFileSync(file, 'utf8') === print && outputs.every((path) => existsSync(inRoot(path))))
    return false;
  rmSync(file, { force: true });
  await make();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, print);
  return true;
}
