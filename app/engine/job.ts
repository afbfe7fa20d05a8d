// A running job: starts what was prepared, samples it, tells its errors, names its images, gives its result.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HostEvent, JobError, JobProgress, PlatterError } from '../contract.ts';
import { ErrorReports } from './error-reports.ts';
import { failureOf, Refusal } from './errors.ts';
import { createPart, discardPart, nameImage } from './images.ts';
import { about, jobError, type Named } from './job-errors.ts';
import { jobResult, unexplained } from './job-result.ts';
import type { NativeJob, NativeProgress } from './native.ts';
import { release, type Prepared } from './prepare.ts';
import { Rate } from './rates.ts';

const SAMPLE_MS = 100;

/** Told what happens in a job. */
export type Emit = (event: HostEvent) => void;

/** One job from its start to its result. */
export class Job {
  /** Resolves when the result was given and everything is closed; rejects when the engine itself failed. */
  readonly ended: Promise<void>;
  readonly #prepared: Prepared;
  readonly #emit: Emit;
  readonly #native: NativeJob;
  readonly #named: Named;
  readonly #reports = new ErrorReports();
  readonly #errors: JobError[] = [];
  readonly #rates: Rate[];
  readonly #startedAt = performance.now();

  /**
   * Starts the job. Its events begin in a later turn of the event loop, after the caller could answer.
   * Throws a Refusal when an image cannot be made; nothing was written then, and `prepared` is as it was.
   */
  constructor(prepared: Prepared, emit: Emit) {
    const { plan, destinations } = prepared;
    this.#prepared = prepared;
    this.#emit = emit;
    this.#named = {
      kind: plan.kind,
      source: plan.source?.path ?? null,
      destinations: destinations.map(({ end }) => ({ path: end.path, part: end.image?.part ?? null })),
    };
    this.#rates = destinations.map(() => new Rate());
    this.#native = launch(prepared);
    this.ended = this.#run();
  }

  /** Stops it: what is in flight ends, the devices are flushed, the result says which destinations were cut short. */
  cancel(): void {
    this.#native.cancel();
  }

  async #run(): Promise<void> {
    const timer = setInterval(() => this.#sample(), SAMPLE_MS);
    const answers = await this.#native.done.finally(() => clearInterval(timer));
    await nextTurn();
    this.#tellErrors(true);
    const progress = this.#native.progress();
    const unnamed = this.#nameImages(progress);
    for (const error of unexplained(progress, this.#errors, this.#named)) this.#tell(error);
    const seconds = this.#seconds();
    await release(this.#prepared);
    this.#emit({ event: 'progress', progress: this.#progressOf(progress, seconds) });
    this.#emit({ event: 'result', result: jobResult({ progress, answers, unnamed, errors: this.#errors, named: this.#named, seconds, plan: this.#prepared.plan }) });
  }

  #sample(): void {
    this.#tellErrors(false);
    this.#emit({ event: 'progress', progress: this.#progressOf(this.#native.progress(), this.#seconds()) });
  }

  #tellErrors(ended: boolean): void {
    const entries = this.#native.errors(this.#reports.first);
    for (const entry of this.#reports.take(entries, ended)) {
      // Which destinations were cut short, their states say; each gets one error of its own for it.
      if (entry.cause !== 'cancelled') this.#tell(jobError(entry, this.#named));
    }
  }

  #tell(error: JobError): void {
    this.#errors.push(error);
    this.#emit({ event: 'error', error });
  }

  /** Gives the complete images their names. Gives the destinations for which that failed. */
  #nameImages({ destinations }: NativeProgress): Set<number> {
    const failed = new Set<number>();
    for (const [index, { end }] of this.#prepared.destinations.entries()) {
      if (end.image === null || destinations[index]?.state !== 'done') continue;
      try {
        nameImage(end.image.part, end.realPath);
      } catch (error) {
        failed.add(index);
        const known = failureOf(error, 'rename', end.path, 'file');
        this.#tell(about(this.#named, index, 'write', { ...known, message: `Complete, but it could not get its name: ${known.message}` }));
      }
    }
    return failed;
  }

  #progressOf({ bytesRead, bytesTotal, destinations }: NativeProgress, seconds: number): JobProgress {
    return {
      bytes: bytesRead,
      totalBytes: bytesTotal,
      seconds,
      destinations: destinations.map((sample, index) => {
        const { bytes, kind, verify } = this.#prepared.plan;
        const { state, written, verified } = sample;
        const counted = { state, written, verified, paused: false, toWrite: kind === 'verify' ? 0 : bytes, toVerify: verify ? bytes : 0 };
        return { path: this.#named.destinations[index]!.path, ...counted, ...this.#rates[index]!.at(seconds, counted) };
      }),
      rescue: null,
    };
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}

/** Makes the images and submits the job. Throws a Refusal when one of them cannot be; then no image is left. */
function launch(prepared: Prepared): NativeJob {
  const { plan, source, client, addon, destinations } = prepared;
  const images = destinations.filter(({ end }) => end.image !== null);
  try {
    const errors = images.flatMap((held) => attempt(held.end.path, () => (held.device = createPart(addon, held.end.image!.part))));
    if (errors.length > 0) throw new Refusal(errors);
    const devices = destinations.map(({ device }) => device!);
    const copies = plan.kind === 'copy';
    // An unfinished image has another name; an unfinished disk has no head that could be mistaken for a whole one's.
    const headLast = copies && plan.destinations.some(({ kind }) => kind === 'block');
    return client.submit({ op: copies ? 'copy' : 'compare', source, destinations: devices, verify: plan.verify, headLast });
  } catch (error) {
    for (const held of images) {
      if (held.device !== null) discardPart(held.end.image!.part);
      held.device?.close();
      held.device = null;
    }
    throw error instanceof Refusal ? error : new Refusal([failureOf(error, 'open', plan.source!.path, plan.source!.kind)]);
  }
}

function attempt(path: string, act: () => void): PlatterError[] {
  try {
    act();
    return [];
  } catch (error) {
    return [failureOf(error, 'open', path, 'file')];
  }
}
