// `npm run bench`: runs Platter, its peers and the limit of the devices in turns on the same loop devices. Prints the
// table, and writes it with all figures and a chart to artifacts/bench. Asserts nothing, because the figures depend on
// the machine and the moment; what counts is the ratio to what was measured next to it.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { canLab } from '../lab/lab.ts';
import { mustFit } from './bed.ts';
import { bars, type Results } from './bars.ts';
import { chart } from './chart.ts';
import { installEtcher } from './etcher.ts';
import { takeExtras } from './extras.ts';
import { overImageSizes } from './first-file.ts';
import { takeStartUp } from './start-up.ts';
import { GiB, MiB, sizeOf, sizeText } from './figures.ts';
import { measureAgainst, rows, type RowPlan } from './rows.ts';
import { measureRow } from './run.ts';
import { overBytes, overDestinations, overSlowDestinations, plotMemory, type Plot } from './series.ts';
import { report } from './table.ts';

const ARTIFACTS = fileURLToPath(new URL('../../artifacts/bench', import.meta.url));
const PLOTS = 'plots';
const START_UP = 'start-up';
const FIRST_FILE = 'first-file';
const SMALLEST = 64 * MiB;
/** What --only takes. */
const ALL = [...rows.map(({ id }) => id), PLOTS, FIRST_FILE, START_UP];
const HELP = `npm run bench -- [options]
  --size SIZE     of each device, 64M at least; 1G if not said. They live in memory
  --rounds N      how often everybody runs, in turns; the table has the medians. 5 if not said
  --only ROWS     some rows, with commas: ${ALL.join(', ')}
  --against ADDON measure another build of the engine beside this one, instead of the peers
  --out FOLDER    where bench.json, bench.svg and bench.md go; artifacts/bench if not said
`;

interface Options {
  size: number;
  rounds: number;
  only: string[];
  out: string;
  /** The other build's kcopyd.node. */
  against: string | null;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Throws one sentence when the command line is wrong. null when it only asked for help. */
function options(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      size: { type: 'string', default: '1G' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
      out: { type: 'string', default: ARTIFACTS },
      against: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return null;
  const only = values.only?.split(',') ?? ALL;
  const unknown = only.filter((id) => !ALL.includes(id));
  if (unknown.length > 0)
    throw new Error(`--only ${unknown.join(',')}: there is no such row. There are: ${ALL.join(', ')}`);
  const [size, rounds] = [sizeOf(values.size), Number(values.rounds)];
  if (size < SMALLEST || size % SMALLEST !== 0)
    throw new Error(
      `--size ${values.size}: a multiple of ${sizeText(SMALLEST)}, so that all parts of it are whole chunks`,
    );
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: a whole number from 1 on`);
  const against = values.against === undefined ? null : resolve(values.against);
  if (against !== null && !existsSync(against))
    throw new Error(`--against ${values.against ?? ''}: there is no such file`);
  return { size, rounds, only, out: resolve(values.out), against };
}

/** Facts about the machine and the run. The first line is a title. */
function facts({ size, rounds }: Options): string[] {
  const processors = cpus();
  return [
    'Platter, its peers, and the limit of the devices',
    `${new Date().toISOString().slice(0, 10)}; ${processors[0]?.model ?? 'unknown processor'}, ${String(processors.length)} of them; ${(totalmem() / GiB).toFixed(0)} GiB; Linux ${release()}; Node ${process.versions.node}`,
    `${sizeText(size)}, medians of ${String(rounds)}, in turns; loop devices on memory, direct I/O`,
  ];
}

async function everything({ size, rounds, only, against }: Options): Promise<Results> {
  const chosen = rows.filter(({ id }) => only.includes(id));
  const withPlots = only.includes(PLOTS);
  const memoryOf = (plan: RowPlan): number => (1 + plan.destinations) * plan.bytes(size);
  await mustFit(Math.max(...chosen.map(memoryOf), withPlots ? plotMemory(size) : 0));
  const withPeers = against === null;
  if (against !== null) measureAgainst(against);
  if (chosen.length > 0 && withPeers) await installEtcher(say);

  const results: Results = { rows: [], plots: [], extras: null, startUp: null };
  for (const plan of chosen) results.rows.push(await measureRow(plan, { size, rounds, withPeers }, say));
  if (withPlots) {
    const plots: (() => Promise<Plot>)[] = [
      () => overBytes(size, rounds, say),
      () => overDestinations(size, rounds, say),
      () => overSlowDestinations(rounds, say),
    ];
    for (const plot of plots) results.plots.push(await plot());
  }
  if (only.includes(FIRST_FILE)) results.plots.push(overImageSizes(rounds, say));
  results.extras = await takeExtras(rounds);
  if (only.includes(START_UP)) results.startUp = await takeStartUp(rounds, say);
  return results;
}

async function main(): Promise<void> {
  const asked = options(process.argv.slice(2));
  if (asked === null) {
    process.stdout.write(HELP);
    return;
  }
  const reason = canLab();
  if (reason !== null) throw new Error(`no bench here: ${reason}`);
  const about = facts(asked);
  const results = await everything(asked);
  const measured = bars(results);
  const text = report(results, measured, about);
  await mkdir(asked.out, { recursive: true });
  await writeFile(
    join(asked.out, 'bench.json'),
    JSON.stringify({ about, size: asked.size, rounds: asked.rounds, ...results, bars: measured }, null, 2),
  );
  await writeFile(join(asked.out, 'bench.svg'), chart(results.rows, results.plots, about));
  await writeFile(join(asked.out, 'bench.md'), `${text}\n`);
  process.stdout.write(`${text}\n`);
  say(
    `\nwritten: ${['bench.json', 'bench.svg', 'bench.md'].map((name) => relative(process.cwd(), join(asked.out, name))).join(', ')}`,
  );
}

await main().catch((error: unknown) => {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
