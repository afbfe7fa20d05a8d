// How an engine host gets the rights to open disks, and what it means when it does not get them. Pure but for
// `meansHere`, which looks what this machine offers.
import { accessSync, constants } from 'node:fs';
import type { PlatterError } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import { failure } from './errors.ts';
import { hostCommand, type HostEnd } from './host-process.ts';

/**
 * Who is asked for the rights: nobody; polkit, which has the desktop's agent ask; or sudo, which asks on the terminal.
 */
export type Elevation = 'none' | 'pkexec' | 'sudo';

/** The root-owned launcher that the package installs, and the only program that pkexec is ever asked for (build/assets). */
export const LAUNCHER = '/usr/lib/platter/platter-host';

/** What there is to ask with. */
export interface Means {
  /** The launcher is installed. */
  launcher: boolean;
  /** Path of pkexec and of sudo; null where there is none. */
  pkexec: string | null;
  sudo: string | null;
  /** There is a terminal for sudo to ask on. */
  terminal: boolean;
}

/** A command that becomes an elevated host. */
export interface ElevatedCommand {
  how: Exclude<Elevation, 'none'>;
  argv: readonly string[];
}

/** What the host is told that has more rights than those who talk to it (elevated.ts). */
export const ELEVATED = '--elevated';
export const STATE = '--state';

const PLACES = ['/usr/bin', '/bin', '/run/wrappers/bin'];

/** What this machine offers. `terminal`: there is one to ask on. */
export function meansHere(terminal: boolean): Means {
  const find = (name: string): string | null => PLACES.map((place) => `${place}/${name}`).find(isProgram) ?? null;
  return { launcher: isProgram(LAUNCHER), pkexec: find('pkexec'), sudo: find('sudo'), terminal };
}

/**
 * The command that runs `argv` as root. pkexec does not ask by itself where the desktop has no agent: it says so at once.
 */
export function elevate(how: Elevation, argv: readonly string[], { pkexec, sudo }: Pick<Means, 'pkexec' | 'sudo'>): readonly string[] {
  switch (how) {
    case 'none':
      return argv;
    case 'pkexec':
      return [pkexec ?? 'pkexec', '--disable-internal-agent', ...argv];
    case 'sudo':
      return [sudo ?? 'sudo', '--', ...argv];
  }
}

/**
 * How to start an elevated host here; null when nobody can be asked. `state` is the asking user's state folder, `host` the
 * command of a host without elevation. sudo first where there is a terminal: who types commands expects it there.
 */
export function elevatedCommand(means: Means, state: string, host = hostUnderSudo()): ElevatedCommand | null {
  const how: Elevation = means.terminal && means.sudo !== null ? 'sudo' : means.launcher && means.pkexec !== null ? 'pkexec' : 'none';
  if (how === 'none') return null;
  // pkexec is for the launcher alone. Where none is installed, what sudo runs is what its user could run with it anyway.
  const argv = means.launcher ? [LAUNCHER, STATE, state] : [...host, ELEVATED, STATE, state];
  return { how, argv: elevate(how, argv, means) };
}

/** sudo passes no environment on. */
const hostUnderSudo = (): readonly string[] => ['electron' in process.versions ? ['/usr/bin/env', 'ELECTRON_RUN_AS_NODE=1'] : [], hostCommand()].flat();

/** The sentence before the question. */
export const askingFor = (how: ElevatedCommand['how'], devices: readonly string[]): string =>
  `Opening ${devices.join(', ')} takes an administrator's rights. ${how === 'sudo' ? 'sudo asks for your password if it needs it.' : 'The desktop asks for a password if it needs one.'}`;

/**
 * Why an elevated host never began, from the way its command ended before it said anything. null: for no reason that has
 * to do with rights. The exit codes are those of pkexec(1), the words those of its sources and of sudo(8).
 */
export function elevationFailure(how: ElevatedCommand['how'], { code, said: words }: HostEnd, asked: readonly string[]): PlatterError | null {
  const devices = [...asked];
  const told = (error: 'ELEVATION_DENIED' | 'ELEVATION_CANCELLED' | 'NO_AGENT', reason: Reason): PlatterError => failure({ code: error, op: 'open', reason });
  if (how === 'pkexec') {
    if (code === 126) return told('ELEVATION_CANCELLED', { kind: 'elevationCancelled', devices });
    if (code !== 127) return null;
    if (/no authentication agent/i.test(words)) return told('NO_AGENT', { kind: 'elevationNoAgent', devices });
    return told('ELEVATION_DENIED', /not authorized/i.test(words) ? { kind: 'elevationDenied', devices } : { kind: 'pkexecFailed', devices, said: firstLine(words) });
  }
  if (code !== 1 || !/^sudo: |sudoers/m.test(words)) return null;
  return told('ELEVATION_DENIED', { kind: 'sudoFailed', devices, said: firstLine(words.replace(/^sudo: /gm, '')) });
}

/** The refusals of a request that an elevated host may not give: all of it are disks that could not be opened. `isDisk` tells of a path. */
export function disksToOpen(errors: readonly PlatterError[], isDisk: (path: string) => boolean): string[] {
  const disks = errors.flatMap(({ code, op, device }) => (code === 'NOT_PERMITTED' && op === 'open' && device !== null && isDisk(device) ? [device] : []));
  return disks.length === errors.length ? [...new Set(disks)] : [];
}

const firstLine = (text: string): string => (/[^\n]+/.exec(text)?.[0].trim() ?? '?').replace(/\.$/, '');

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // it is not there, or is none: which of the two makes no difference
  }
}
