// How far a running job is, and how often that is reported and logged.
import type { JobProgress } from '../../contract/jobs.ts';
import type { JobControls } from './controls.ts';
import type { JobParts } from './job-parts.ts';

/** Milliseconds between two samples. */
const SAMPLE_INTERVAL = 100;
/** Milliseconds between two writes of what is durable to the log. */
const LOG_INTERVAL = 1000;

/** Calls `sample` and `log` again and again until `work` has ended. */
export async function whileSampling(work: () => Promise<void>, sample: () => void, log: () => void): Promise<void> {
  const timers = [setInterval(sample, SAMPLE_INTERVAL), setInterval(log, LOG_INTERVAL)];
  try {
    await work();
  } finally {
    timers.forEach(clearInterval);
  }
}

/** The progress of a job, `seconds` after its start. */
export function progressOf(
  { run, passes, totals, reports, attempts, rescue }: JobParts,
  controls: JobControls,
  seconds: number,
): JobProgress {
  const samples = passes.samples();
  const bytes = passes.bytesRead;
  return {
    bytes,
    totalBytes: Math.max(bytes, run.plan.bytes),
    seconds,
    destinations: totals.map((one, index) => ({
      ...one.view(
        reports.named.destinations[index]!.path,
        seconds,
        samples.find(({ destination }) => destination === index) ?? null,
        controls.isPaused(index),
      ),
      ...(run.destinations[index]!.letGo ? { letGo: true } : {}),
    })),
    rescue: rescue === null ? null : { ...rescue, waiting: attempts.waiting },
  };
}
