// A virtual machine that starts from a disk image, and its serial console.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { missingProgram } from '../bench/shell.ts';

/** Why there is no virtual machine here, with the command that helps; null when there is one. */
export function canBoot(): string | null {
  if (process.arch !== 'x64') return 'the Debian that is booted is one for x86-64';
  const missing = missingProgram('qemu-system-x86_64', '--no-install-recommends qemu-system-x86');
  return missing === null ? null : `qemu-system-x86_64 is ${missing}`;
}

/**
 * A machine without KVM: inside another virtual machine, KVM stops in the boot loader. What it writes to its disk goes
 * into a temporary file (`snapshot`). It dies with this process.
 */
const machine = (image: string): string[] => [
  ...['setpriv', '--pdeathsig', 'KILL', 'qemu-system-x86_64'],
  ...['-accel', 'tcg,thread=multi', '-machine', 'q35', '-cpu', 'max', '-smp', '2', '-m', '512'],
  ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
  ...['-drive', `file=${image},format=raw,if=virtio,snapshot=on`],
];

/**
 * Starts a machine from the disk image at `image`, which stays as it is, and ends it at the prompt for a user name.
 * Resolves to what its console said until then. Throws when the machine ends by itself or by `signal`.
 */
export async function bootedToLogin(image: string, signal: AbortSignal): Promise<string> {
  const [program, ...args] = machine(image) as [string, ...string[]];
  signal.throwIfAborted();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  let text = '';
  const hear = (piece: string): void => {
    text += piece;
    if (/^\S+ login: /mu.test(text) || text.includes('Kernel panic')) kill();
  };
  child.stdout.setEncoding('utf8').on('data', hear);
  child.stderr.setEncoding('utf8').on('data', hear);
  await once(child, 'close');
  signal.removeEventListener('abort', kill);
  if (!/^\S+ login: /mu.test(text)) throw new Error(`no login prompt. The console's end:\n${text.slice(-2000)}`);
  return text;
}
