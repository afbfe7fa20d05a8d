// The first thing that a host with more rights does: it becomes the user who asked for them, with nothing beside that
// user's rights but the opening of disks. So no file is read or written that this user may not, whoever sends the frames.
import { isAbsolute } from 'node:path';
import type { NativeAddon } from './native.ts';
import { SYSTEM_PATH } from './programs.ts';

/** Who asked, as pkexec or sudo put it into the environment, which both empty before. */
interface Asking {
  uid: number;
  gid: number;
}

/**
 * Lays aside what this root process does not need. `state` is the asking user's state folder; it is used with their rights.
 * Throws when this is no such process, or with the system's reason.
 */
export function becomeAskingUser(load: () => NativeAddon, state: string | undefined, env: NodeJS.ProcessEnv = process.env): void {
  const { uid, gid } = askingUser(env);
  for (const name of Object.keys(env)) Reflect.deleteProperty(env, name);
  env.PATH = SYSTEM_PATH;
  env.LANG = 'C.UTF-8';
  if (state !== undefined && isAbsolute(state)) env.PLATTER_STATE = state;
  process.chdir('/');
  load().harden(uid, gid);
}

/** The user behind pkexec or sudo. Throws when there is none, or when it is root, who has nothing to be kept from. */
export function askingUser({ SUDO_UID, SUDO_GID, PKEXEC_UID }: NodeJS.ProcessEnv): Asking {
  const uid = Number(SUDO_UID ?? PKEXEC_UID);
  // pkexec names no group: it takes only users that have an account, and with it one.
  const gid = Number(SUDO_GID ?? uid);
  if ([uid, gid].every((id) => Number.isInteger(id) && id > 0)) return { uid, gid };
  throw new Error('an elevated host is started by an ordinary user, through pkexec or sudo');
}
