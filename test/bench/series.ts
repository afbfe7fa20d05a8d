// Measures how time grows with the bytes and with the number of destinations.
import { makeBed, type Bed } from './bed.ts';
import { engine, fio, type Task } from './contenders.ts';
import { GiB, MiB } from './figures.ts';
import type { Say } from './run.ts';

/** Seconds of one program at each `x`, in all rounds. */
export interface Series {
  name: string;
  points: { x: number; seconds: number[] }[];
}

/** One plot. */
export interface Plot {
  id: 'bytes' | 'destinations' | 'slow-destinations' | 'first-file';
  title: string;
  x: string;
  series: Series[];
}

const COUNTS = [1, 2, 4, 8, 16] as const;
const PARTS = [8, 4, 2, 1] as const;
/** Size of each device, in the plot of devices that are themselves the limit. */
const SLOW_BYTES = 64 * MiB;
const SLOW_RATE = 25_000_000;

export const ENGINE_LINE = 'platter engine';
const FIO_LINE = 'one fio';

interface Step {
  x: number;
  task: Task;
}

async function measure(steps: readonly Step[], rounds: number, withFio: boolean, say: Say): Promise<Series[]> {
  const lines = [
    { name: ENGINE_LINE, run: (task: Task) => engine(task) },
    ...(withFio
      ? [
          {
            name: FIO_LINE,
            run: ({ source, destinations, bytes }: Task) => fio({ reads: [source], writes: destinations, bytes }),
          },
        ]
      : []),
  ];
  const series = lines.map(({ name }): Series => ({ name, points: steps.map(({ x }) => ({ x, seconds: [] })) }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, { x, task }] of steps.entries()) {
      for (const [k, { name, run }] of lines.entries()) {
        const { seconds } = await run(task);
        series[k]!.points[i]!.seconds.push(seconds);
        say(`${name} at ${String(x)}, round ${String(round + 1)}/${String(rounds)}: ${seconds.toFixed(3)} s`);
      }
    }
  }
  return series;
}

async function using<T>(bed: Bed, work: (bed: Bed) => Promise<T>): Promise<T> {
  try {
    return await work(bed);
  } finally {
    await bed.close();
  }
}

const taskOf = (bed: Bed, count: number, bytes: number): Task => ({
  source: bed.source.device,
  destinations: bed.destinations.slice(0, count).map((d) => d.device),
  bytes,
});

/** Most memory that the devices of the plots take, in bytes. */
export const plotMemory = (size: number): number => Math.max(5 * size, 17 * Math.max(size / 4, SLOW_BYTES));

/** Time against bytes, 1->4. */
export async function overBytes(size: number, rounds: number, say: Say): Promise<Plot> {
  const series = await using(await makeBed({ bytes: size, destinations: 4 }), (bed) =>
    measure(
      PARTS.map((part) => ({ x: size / part / GiB, task: taskOf(bed, 4, size / part) })),
      rounds,
      true,
      say,
    ),
  );
  return { id: 'bytes', title: 'Time against bytes, 1->4, devices on memory', x: 'GiB', series };
}

/** Time against the number of destinations, at the speed of memory. */
export async function overDestinations(size: number, rounds: number, say: Say): Promise<Plot> {
  const bytes = size / 4;
  const series = await using(await makeBed({ bytes, destinations: 16 }), (bed) =>
    measure(
      COUNTS.map((n) => ({ x: n, task: taskOf(bed, n, bytes) })),
      rounds,
      true,
      say,
    ),
  );
  return {
    id: 'destinations',
    title: `Time against destinations, ${String(bytes / MiB)} MiB each, devices on memory`,
    x: 'destinations',
    series,
  };
}

/** The same with destinations of 25 MB/s each. It is flat if the program is not the limit. */
export async function overSlowDestinations(rounds: number, say: Say): Promise<Plot> {
  const bed = await makeBed({ bytes: SLOW_BYTES, destinations: 16, destination: () => ({}) });
  const series = await using(bed, async () => {
    for (const disk of bed.destinations) await disk.rule(`rate w ${String(SLOW_RATE)}`);
    return measure(
      COUNTS.map((n) => ({ x: n, task: taskOf(bed, n, SLOW_BYTES) })),
      rounds,
      false,
      say,
    );
  });
  return {
    id: 'slow-destinations',
    title: `Time against destinations of 25 MB/s, ${String(SLOW_BYTES / MiB)} MiB each`,
    x: 'destinations',
    series,
  };
}
