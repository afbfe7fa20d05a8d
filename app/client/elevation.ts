// Which way leads to the rights to open disks on this machine, and what the end of a question for them means. Pure but
// for `meansHere`, which looks what this machine offers.
import { accessSync, constants } from 'node:fs';
import type { PlatterError } from '../contract/errors.ts';
import type { Reason, Remedy } from '../contract/facts.ts';
import { failure } from '../base/errors.ts';

/** The root-owned program that a package installs, and the only one that pkexec is ever asked for. */
export const BROKER = '/usr/lib/platter/platter-broker';

/** What the host was started with. */
export interface Given {
  /** Descriptor of the control socket of `platter-broker --as`; null when root has not started the program. */
  control: number | null;
  /** The client can run sudo on a terminal. */
  sudo: boolean;
}

/** What this machine offers. */
export interface Means {
  /** Path of a broker that a package has installed. */
  installed: string | null;
  /** Path of a broker that lies beside this program. */
  beside: string | null;
  /** Paths of pkexec and sudo. */
  pkexec: string | null;
  sudo: string | null;
  /** This program is a packaged one, not a checkout. */
  packaged: boolean;
}

/** How a session with the broker is had. */
export type Way =
  | { how: 'control'; control: number }
  | { how: 'sudo'; command: string[] }
  | { how: 'pkexec'; command: string[] }
  | { how: 'none'; remedy: Remedy };

const PLACES = ['/usr/bin', '/bin', '/run/wrappers/bin'];

/** Looks what this machine offers. `beside` is where a broker of this program's own would lie. */
export function meansHere(beside: string): Means {
  const find = (name: string): string | null => PLACES.map((place) => `${place}/${name}`).find(isProgram) ?? null;
  return {
    installed: isProgram(BROKER) ? BROKER : null,
    beside: isProgram(beside) ? beside : null,
    pkexec: find('pkexec'),
    sudo: find('sudo'),
    packaged: beside.includes('/app.asar.unpacked/'),
  };
}

/** The way to a session. A person at a terminal expects sudo to ask there, so it comes before polkit. */
export function wayToRights({ control, sudo }: Given, means: Means): Way {
  if (control !== null) return { how: 'control', control };
  // With sudo the user runs a program that is the user's own; pkexec is for the installed one alone.
  const forSudo = means.installed ?? means.beside;
  if (sudo && means.sudo !== null && forSudo !== null) return { how: 'sudo', command: [means.sudo, '--', forSudo] };
  // Where the desktop has no agent pkexec says so at once instead of asking on a terminal.
  if (means.installed !== null && means.pkexec !== null)
    return { how: 'pkexec', command: [means.pkexec, '--disable-internal-agent', means.installed] };
  return {
    how: 'none',
    remedy: { kind: means.installed !== null ? 'installPkexec' : means.packaged ? 'installPackage' : 'sudoStart' },
  };
}

/** The devices as the broker's command line names them: by kernel name, in order. polkit shows it to the user. */
export const deviceArguments = (devices: readonly { name: string; access: 'read' | 'write' }[]): string[] =>
  // lsblk writes a slash where the kernel's name in sysfs has an exclamation mark ("cciss!c0d0").
  devices.flatMap(({ name, access }) => [`--${access}`, name.replaceAll('/', '!')]);

/** How a command ended. */
export interface CommandEnd {
  /** Exit code; null when a signal ended it, or when it could not be started. */
  code: number | null;
  /** What it said on stderr. */
  said: string;
}

/**
 * Why a command gave no session, from the way it ended. The exit codes are those of pkexec(1), the words those of its
 * sources and of sudo(8); any other end is the broker's own.
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
    return false; // it is absent, or no program: both mean that it cannot be used
  }
}
