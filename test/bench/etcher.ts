// etcher-sdk's multi-destination pipe, which is balenaEtcher without its window. It is installed from npm into its own
// folder below out/, and never becomes one of our dependencies.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Task } from './contenders.ts';
import { runProgram, type Sample } from './measure.ts';

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const FOLDER = here('../../out/bench/etcher-sdk');
const DONE = join(FOLDER, '.installed');
const MANIFEST = {
  private: true,
  dependencies: { 'etcher-sdk': '10.2.15' },
  // etcher-sdk depends on a commit on GitHub; the figures need no bzip2.
  overrides: { 'unbzip2-stream': '1.4.3' },
};
const NATIVE = ['@ronomon/direct-io', 'xxhash-addon', 'mountutils', 'drivelist', 'lzma-native'];
const INSTALL = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

let failure: string | null = null;

/** null when etcher-sdk is installed; otherwise why not, and the command that installs it. */
export function etcherMissing(): string | null {
  return existsSync(DONE) ? null : (failure ?? 'not installed');
}

/** Installs it once. A failure is stored for `etcherMissing`, because the other peers can run without it. */
export async function installEtcher(say: (line: string) => void): Promise<void> {
  if (existsSync(DONE)) return;
  say('etcher-sdk: installing from npm (once, about a minute)');
  const prefix = dirname(dirname(process.execPath));
  // Without npm's variables of the outer `npm run`, which would override these settings.
  const env: NodeJS.ProcessEnv = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_/iu.test(name)),
  );
  env.PATH = `${dirname(process.execPath)}${delimiter}${env.PATH ?? ''}`;
  if (existsSync(join(prefix, 'include/node/node_api.h'))) env.npm_config_nodedir = prefix;
  try {
    await mkdir(FOLDER, { recursive: true });
    await writeFile(join(FOLDER, 'package.json'), JSON.stringify(MANIFEST, null, 2));
    await run('npm', INSTALL, { cwd: FOLDER, env });
    // Its install scripts do not run. These five packages are compiled here.
    await run('npm', ['rebuild', '--loglevel=error', ...NATIVE], { cwd: FOLDER, env });
    await writeFile(DONE, '');
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    say(`etcher-sdk: ${stderr ?? String(error)}`);
    failure = `not installed: (cd ${FOLDER} && npm ${INSTALL.slice(0, 2).join(' ')} && npm rebuild ${NATIVE.join(' ')})`;
  }
}

/** The task for `etcher-run.ts`. */
export interface EtcherTask extends Task {
  folder: string;
  verify: boolean;
}

/** A copy through its pipe, with its own verification if requested. It copies the whole source, whatever `bytes` is. */
export async function etcher(task: Task, verify: boolean): Promise<Sample> {
  const full: EtcherTask = { ...task, folder: FOLDER, verify };
  const { wall, busy, memory, stdout } = await runProgram(process.execPath, [
    here('etcher-run.ts'),
    JSON.stringify(full),
  ]);
  const { seconds, cpu } = JSON.parse(stdout) as { seconds: number; cpu: number };
  return { seconds, cpu, wall, busy, memory };
}
