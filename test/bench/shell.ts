// Peers that run in a shell: one bash per run, which adds up their processor time and passes on each dd's own report of
// its time.
import { execFileSync } from 'node:child_process';
import { runProgram, type Sample } from './measure.ts';
import type { Task } from './contenders.ts';

/**
 * The start of every script. `start NAME COMMAND...` runs a command in the background. `wait_for NAME...` waits, and
 * fails when one of them did. The script must pass that on: `wait_for a b || return`.
 */
const PRELUDE = `
set -o pipefail
T=$(mktemp -d); trap '[ $? = 0 ] || cat "$T/.why" >&2; rm -r "$T"' EXIT
declare -A pid
start() { local n=$1; shift; "$@" 2>"$T/$n" & pid[$n]=$!; }
wait_for() { local n; for n; do wait "\${pid[$n]}" || { cat "$T/$n" >&2; return 1; }; done; }
TIMEFORMAT='cpu %U %S'
`;
const EPILOGUE = `
cat "$T/.time" >&2
for n in "$T"/*; do [ -f "$n" ] && sed -nE 's/.* copied, ([^ ]+) s,.*/'"\${n##*/}"' took \\1/p' "$n" >&2; done; true
`;

/** How a script reports its time: each dd reports its own, or (false) only the wall clock is used. */
export interface Script {
  text: string;
  tells: boolean;
  /**
   * For a program that does not report its time: the same programs with nearly no work, if fewer bytes in `text` are
   * not enough for that.
   */
  idle?: string;
}

/** Quoted for a shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

async function once(text: string): Promise<Sample & { took: Map<string, number> }> {
  const { wall, busy, memory, stderr } = await runProgram('bash', [
    '-c',
    `${PRELUDE}work() {\n${text}\n}\n{ time work 2>"$T/.why"; } 2>"$T/.time" || exit 1\n${EPILOGUE}`,
  ]);
  const [, user, system] = /^cpu ([\d.]+) ([\d.]+)$/mu.exec(stderr) ?? [];
  const took = new Map(
    [...stderr.matchAll(/^(\S+) took ([\d.e-]+)$/gmu)].map(([, name = '', seconds]) => [name, Number(seconds)]),
  );
  return { seconds: wall, wall, cpu: user === undefined ? null : Number(user) + Number(system), busy, memory, took };
}

/**
 * Runs the script of a task. A dd reports its own time, from its first request to its flush; the slow one is ignored.
 * For other programs, the time of `startUp` (the same program on one block) is subtracted from the wall clock.
 */
export async function shell({ text, tells }: Script, { slow }: Pick<Task, 'slow'>, startUp = 0): Promise<Sample> {
  const { took, ...sample } = await once(text);
  if (!tells) return { ...sample, seconds: Math.max(0, sample.wall - startUp) };
  if (slow !== undefined) took.delete(`to${String(slow)}`);
  if (took.size === 0) throw new Error('no dd said how long it took');
  return { ...sample, seconds: Math.max(...took.values()) };
}

/** null when a program is on the path; otherwise how to install it. */
export function missingProgram(program: string, debianPackage = program): string | null {
  try {
    execFileSync('sh', ['-c', `command -v ${quoted(program)}`], { stdio: 'ignore' });
    return null;
  } catch {
    return `not installed: apt-get install ${debianPackage}`;
  }
}
