// Processes as /proc shows them: their user, their children, and the ports on which they listen.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Real user of a process. */
export function uidOf(pid: number): number {
  return Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** All descendants of a process. */
export function descendants(pid: number): number[] {
  const children = ofProcess(pid, `task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Arguments of a process, with blanks between them; empty when it has ended. */
export const commandLine = (pid: number): string => ofProcess(pid, 'cmdline').replaceAll('\0', ' ');

/** A file of a process in /proc. Empty when the process has ended. */
function ofProcess(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** Ports at which a process listens, as /proc/net spells them ("0100007F:240D"). */
export function ports(pid: number): string[] {
  const inodes = new Set(socketsOf(pid));
  return ['net/tcp', 'net/tcp6'].flatMap((name) =>
    ofProcess(pid, name)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .flatMap(([, address = '', , state, , , , , , inode = '']) =>
        state === LISTENING && inodes.has(inode) ? [address] : [],
      ),
  );
}

const LISTENING = '0A';

/** Inodes of the sockets that a process has open. */
function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    );
  } catch {
    return []; // it, or one of its descriptors, has gone
  }
}
