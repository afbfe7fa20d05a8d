// Peers that are programs of a shell: one bash per run, which counts their processor time and hands on what each dd
// says about its own time.
import { execFileSync } from 'node:child_process';
import { runProgram, type Sample } from './measure.ts';
import type { Task } from './contenders.ts';

/**
 * What every script starts with. `start NAME COMMAND...` runs it in the background, `wait_for NAME...` waits and fails
 * when one of them did; the script has to hand that on: `wait_for a b || return`.
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

/** How a script tells its time: each dd its own, or (false) only the clock around it. */
export interface Script {
  text: string;
  tells: boolean;
  /** Of one that cannot tell: the same programs on nearly nothing, where less bytes in `text` does not make it so. */
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
 * Runs the script of a task. A dd says itself how long it took, from its first request to its flush; the slow one is
 * left out. For a program that cannot tell, `startUp` (of the same program on one block) is taken off the clock.
 */
export async function shell({ text, tells }: Script, { slow }: Pick<Task, 'slow'>, startUp = 0): Promise<Sample> {
  const { took, ...sample } = await once(text);
  if (!tells) return { ...sample, seconds: Math.max(0, sample.wall - startUp) };
  if (slow !== undefined) took.delete(`to${String(slow)}`);
  if (took.size === 0) throw new Error('no dd said how long it took');
  return { ...sample, seconds: Math.max(...took.values()) };
}

/** Null when a program is on the path, else how to get it. */
export function missingProgram(program: string, debianPackage = program): string | null {
  try {
    execFileSync('sh', ['-c', `command -v ${quoted(program)}`], { stdio: 'ignore' });
    return null;
  } catch {
    return `not installed: apt-get install ${debianPackage}`;
  }
}
