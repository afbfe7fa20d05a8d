// Chooses the way to get rights to open disks on this machine, and interprets the answer. Pure except
// `findElevationTools`, which examines the machine.
import { accessSync, constants } from 'node:fs';
import type { PlatterError } from '../contract/errors.ts';
import type { Reason, Remedy } from '../contract/facts.ts';
import { failure } from '../base/errors.ts';

/** The root-owned program that a package installs. pkexec is never used for any other. */
export const BROKER = '/usr/lib/platter/platter-broker';

/** How the host was started. */
export interface HostStart {
  /** Descriptor of the control socket of `platter-broker --as`; null when the program was not started by root. */
  control: number | null;
  /** The client can run sudo on a terminal. */
  sudo: boolean;
}

/** The means that this machine offers. */
export interface ElevationTools {
  /** Path of a broker installed by a package. */
  installed: string | null;
  /** Path of a broker beside this program. */
  beside: string | null;
  /** Paths of pkexec and sudo. */
  pkexec: string | null;
  sudo: string | null;
  /** This program is packaged, not a checkout. */
  packaged: boolean;
}

/** The way to a session with the broker. */
export type SessionRoute =
  | { how: 'control'; control: number }
  | { how: 'sudo'; command: string[] }
  | { how: 'pkexec'; command: string[] }
  | { how: 'none'; remedy: Remedy };

const PLACES = ['/usr/bin', '/bin', '/run/wrappers/bin'];

/** Examines this machine. `beside`: where this program's own broker would be. */
export function findElevationTools(beside: string): ElevationTools {
  const find = (name: string): string | null => PLACES.map((place) => `${place}/${name}`).find(isProgram) ?? null;
  return {
    installed: isProgram(BROKER) ? BROKER : null,
    beside: isProgram(beside) ? beside : null,
    pkexec: find('pkexec'),
    sudo: find('sudo'),
    packaged: beside.includes('/app.asar.unpacked/'),
  };
}

/** The way to a session. sudo comes before polkit, because a person at a terminal expects to be asked there. */
export function sessionRoute({ control, sudo }: HostStart, tools: ElevationTools): SessionRoute {
  if (control !== null) return { how: 'control', control };
  // With sudo, users may run a program of their own; pkexec is only for the installed one.
  const forSudo = tools.installed ?? tools.beside;
  if (sudo && tools.sudo !== null && forSudo !== null) return { how: 'sudo', command: [tools.sudo, '--', forSudo] };
  // Without a desktop agent, pkexec fails at once instead of asking on a terminal.
  if (tools.installed !== null && tools.pkexec !== null)
    return { how: 'pkexec', command: [tools.pkexec, '--disable-internal-agent', tools.installed] };
  return {
    how: 'none',
    remedy: { kind: tools.installed !== null ? 'installPkexec' : tools.packaged ? 'installPackage' : 'sudoStart' },
  };
}

/** The devices as arguments for the broker: by kernel name, in order. polkit shows them to the user. */
export const deviceArguments = (devices: readonly { name: string; access: 'read' | 'write' }[]): string[] =>
  // lsblk prints a slash where the kernel's name in sysfs has an exclamation mark ("cciss!c0d0").
  devices.flatMap(({ name, access }) => [`--${access}`, name.replaceAll('/', '!')]);

/** How a command ended. */
export interface CommandEnd {
  /** Exit code; null when it was ended by a signal, or could not be started. */
  code: number | null;
  /** Its output on stderr. */
  said: string;
}

/**
 * Why a command gave no session, by its end. The exit codes are from pkexec(1), the texts from its sources and from
 * sudo(8). Any other end is that of the broker itself.
 */
export function elevationFailure(how: 'pkexec' | 'sudo', { code, said }: CommandEnd, devices: string[]): PlatterError {
  const told = (error: 'ELEVATION_DENIED' | 'ELEVATION_CANCELLED' | 'NO_AGENT', reason: Reason): PlatterError =>
    failure({ code: error, op: 'open', reason });
  if (how === 'pkexec' && code === 126) return told('ELEVATION_CANCELLED', { kind: 'elevationCancelled', devices });
  if (how === 'pkexec' && code === 127) {
    if (/no authentication agent/i.test(said)) return told('NO_AGENT', { kind: 'elevationNoAgent', devices });
    return told(
      'ELEVATION_DENIED',
      /not authorized/i.test(said)
        ? { kind: 'elevationDenied', devices }
        : { kind: 'pkexecFailed', devices, said: firstLine(said) },
    );
  }
  if (how === 'sudo' && code === 1 && /^sudo: |sudoers/m.test(said)) {
    return told('ELEVATION_DENIED', { kind: 'sudoFailed', devices, said: firstLine(said.replace(/^sudo: /gm, '')) });
  }
  // Ctrl-C at sudo's prompt.
  if (how === 'sudo' && code === 1 && said.trim() === '')
    return told('ELEVATION_CANCELLED', { kind: 'elevationCancelled', devices });
  if (said.trim() === '') return told('ELEVATION_DENIED', { kind: 'brokerEnded' });
  return told('ELEVATION_DENIED', {
    kind: 'brokerRefused',
    status: String(code ?? '-'),
    said: firstLine(said.replace(/^platter-broker: /gm, '')),
  });
}

const firstLine = (text: string): string => (/[^\n]+/.exec(text)?.[0].trim() ?? '?').replace(/\.$/, '');

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // missing or not a program: it cannot be used in either case
  }
}
