// The folder for what outlives a run: job logs, records of ended jobs, the program's log.
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { syncFolder } from './durable-file.ts';

/** Where Platter keeps what outlives a run: PLATTER_STATE, root's /var/lib/platter, or the user's own state folder. */
export function stateDir(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.()): string {
  if (env.PLATTER_STATE !== undefined && env.PLATTER_STATE !== '') return resolve(env.PLATTER_STATE);
  if (uid === 0) return '/var/lib/platter';
  const own = env.XDG_STATE_HOME;
  return join(own !== undefined && isAbsolute(own) ? own : join(homedir(), '.local/state'), 'platter');
}

/** Makes a folder for its owner alone, durably, with those that lead to it. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await syncFolder(dirname(folder));
}
