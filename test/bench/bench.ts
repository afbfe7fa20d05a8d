// One source, one and four destinations, and seven beside a slow one: Platter, its peers and the limit, on the same loop devices, in turns.
//   node test/bench/bench.ts [--size 1G] [--rounds 5] [--json FILE]
// Nothing is asserted: these are figures of a machine and a moment. What counts is the ratio to fio's run, which is
// made next to every other.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { parseArgs, promisify } from 'node:util';
import { canLab, labdisk, type LabDisk } from '../lab/lab.ts';
import { isolation } from './isolation.ts';
import { fio, peers, platter, type Contender, type Sample, type Task } from './contenders.ts';

const run = promisify(execFile);
const MiB = 1024 ** 2;

interface Row {
  destinations: number;
  contender: string;
  samples: Sample[];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return (low + high) / 2;
}

function sizeOf(text: string): number {
  const [, digits, unit] = /^(\d+)([MG])$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`--size ${text}: a number with M or G, as in 512M`);
  return Number(digits) * (unit === 'G' ? 1024 * MiB : MiB);
}

/** Loop devices on memory, the source full of bytes that do not repeat, the others written once so that their memory is there. */
async function devices(count: number, size: number): Promise<LabDisk[]> {
  const disks: LabDisk[] = [];
  for (let i = 0; i <= count; i += 1) disks.push(await labdisk({ size, plain: true }));
  const fill = `openssl enc -aes-128-ctr -K 00 -iv 00 </dev/zero 2>/dev/null | head -c ${String(size)}`;
  for (const disk of disks) await run('bash', ['-c', `${fill} > ${disk.backing}`]);
  return disks;
}

async function measure(contenders: readonly Contender[], task: Task, rounds: number): Promise<Row[]> {
  const rows = contenders.map((c): Row => ({ destinations: task.destinations.length, contender: c.name, samples: [] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, contender] of contenders.entries()) {
      const sample = await contender.copy(task);
      rows[i]?.samples.push(sample);
      process.stderr.write(`1->${String(task.destinations.length)} ${contender.name}: ${sample.seconds.toFixed(2)} s\n`);
    }
  }
  return rows;
}

function table(rows: readonly Row[], bytes: number): string {
  const lines = ['| copy | program | s, median | min to max | x fio | MiB/s per destination | start-up s | memory MiB |', '|---|---|--:|--:|--:|--:|--:|--:|'];
  for (const row of rows) {
    const limit = rows.find((r) => r.destinations === row.destinations && r.contender === fio.name);
    const seconds = row.samples.map((s) => s.seconds);
    const middle = median(seconds);
    const memory = row.samples.flatMap((s) => (s.memory === null ? [] : [s.memory / MiB]));
    const ratio = limit ? (middle / median(limit.samples.map((s) => s.seconds))).toFixed(2) : '';
    const startUp = median(row.samples.map((s) => s.wall - s.seconds));
    const cells = [
      `1->${String(row.destinations)}`,
      row.contender,
      middle.toFixed(2),
      `${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)}`,
      ratio,
      (bytes / MiB / middle).toFixed(0),
      startUp < 0.005 ? '' : startUp.toFixed(2),
      memory.length > 0 ? Math.max(...memory).toFixed(0) : '',
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { size: { type: 'string', default: '1G' }, rounds: { type: 'string', default: '5' }, json: { type: 'string' } },
  });
  const reason = canLab();
  if (reason !== null) throw new Error(`no bench here: ${reason}`);
  const [bytes, rounds] = [sizeOf(values.size), Number(values.rounds)];
  const contenders: Contender[] = [];
  for (const contender of [fio, platter('uring'), platter('threads'), platter('uring', []), ...peers]) {
    const missing = await contender.missing();
    if (missing === null) contenders.push(contender);
    else process.stderr.write(`left out: ${missing}\n`);
  }
  const disks = await devices(4, bytes);
  try {
    const [source, ...destinations] = disks;
    if (source === undefined) throw new Error('no source');
    const rows: Row[] = [];
    for (const count of [1, 4]) {
      const task = { source: source.device, destinations: destinations.slice(0, count).map((d) => d.device), bytes };
      rows.push(...(await measure(contenders, task, rounds)));
    }
    const { alone, beside } = await isolation(source, bytes, rounds);
    process.stdout.write(`${String(bytes / MiB)} MiB, medians of ${String(rounds)}, in turns, loop devices on memory, direct I/O\n\n${table(rows, bytes)}\n`);
    const [without, withSlow] = [median(alone), median(beside)];
    process.stdout.write(`\n1->7 in ${without.toFixed(2)} s; beside an eighth of a tenth of their speed in ${withSlow.toFixed(2)} s: x ${(withSlow / without).toFixed(3)}\n`);
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ bytes, rounds, rows, isolation: { alone, beside } }, null, 2));
  } finally {
    for (const disk of disks) await disk.close();
  }
}

await main();
