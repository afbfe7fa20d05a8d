// What a running job reports: its errors as they come, and notes for its result.
import { isDeepStrictEqual } from 'node:util';
import type { JobError, PlatterError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import type { HostEvent } from '../../contract/host.ts';
import { assumesBlank, isSparse } from '../../contract/request-facts.ts';
import { joinedEntries } from '../../base/error-ranges.ts';
import type { Failure } from '../../base/errors.ts';
import type { NativeError } from '../native/addon.ts';
import { about, jobError, type Named } from '../native/errors.ts';
import { DifferenceExaminer } from './differing-sectors.ts';
import { whatIsFull } from './full-file-system.ts';
import type { Pass } from './pass/pass.ts';
import { Removals } from './removals.ts';
import type { Run, RunningDestination } from './run.ts';

/** Hears what happens in a job. */
export type Emit = (event: HostEvent) => void;

/** True for an error that is not reported yet. */
export type Hold = (error: NativeError) => boolean;

/** The errors and notes of one job. */
export class Reports {
  /** Every error that was reported, in that order. */
  readonly errors: JobError[] = [];
  readonly notes: Note[] = [];
  readonly named: Named;
  readonly removals: Removals;
  readonly #run: Run;
  /** The destinations in `named`. */
  readonly #names: Name[];
  readonly #emit: Emit;
  readonly #stop: (destination: number) => void;
  /** Names the sectors that differ, where a check has a source to compare with; null otherwise. */
  readonly #examiner: DifferenceExaminer | null;
  /** Resolves when every full file system that was met so far is reported. */
  #fullReported = Promise.resolve();
  /** The faults of the packed source that were reported, and the passes that met one. */
  readonly #reportedSource = new Set<PlatterError | Pass>();
  /** Resolves when every fault of a decoder that was met so far is reported. */
  #decoderReported = Promise.resolve();

  /** `stop` stops a destination whose device is gone, even one that would go on past bad blocks or wait for ever. */
  constructor(run: Run, emit: Emit, stop: (destination: number) => void) {
    const { request, source } = run;
    this.#run = run;
    this.#emit = emit;
    this.#stop = stop;
    this.removals = new Removals(run);
    this.#names = run.destinations.map(nameOf);
    this.named = { ...namesIn(run), destinations: this.#names };
    this.#examiner =
      request.kind !== 'verify' || source === null
        ? null
        : new DifferenceExaminer(
            source.device,
            (destination) => run.destinations[destination]!.device!,
            ({ entry, superblock }) => this.#push(jobError(entry, this.named, { superblock })),
          );
  }

  /** Names a destination that has joined the job. */
  addDestination(destination: number): void {
    this.#names.push(nameOf(this.#run.destinations[destination]!));
  }

  /** Resolves when everything that needed a closer look is reported. */
  async settled(): Promise<void> {
    await Promise.all([this.#examiner?.done, this.#fullReported, this.#decoderReported]);
  }

  report(destination: number | null, side: JobError['side'], error: Failure): void {
    this.#push(about(this.named, destination, side, error));
  }

  /** Reports what is wrong with the packed source, once. */
  reportSource(error: PlatterError): void {
    if (this.#reportedSource.has(error)) return;
    this.#reportedSource.add(error);
    this.#push({ ...error, side: 'read', destination: null });
  }

  /** Reports errors that have been held, and any error that is complete. */
  reportAll(errors: readonly JobError[]): void {
    for (const error of errors) this.#push(error);
  }

  /** Keeps a fact for the result, once. */
  note(note: Note): void {
    if (!this.notes.some((other) => isDeepStrictEqual(other, note))) this.notes.push(note);
  }

  /** Reports the new errors of a pass, except those for which `hold` is true; with `ended`, all that are left. */
  reportNew(pass: Pass, hold: Hold, ended: boolean): void {
    for (const entry of joinedEntries(pass.newErrors(ended))) {
      // The states say which destinations were cut short; each gets one error of its own for it.
      if (entry.cause === 'cancelled' || hold(entry)) continue;
      if (this.#isOfDecoder(entry)) this.#reportDecoderOnce(pass, entry);
      else if (this.#isFull(entry)) this.#fullReported = this.#fullReported.then(() => this.#reportFull(entry));
      else if (this.#examiner?.examine(entry) !== true)
        this.#push(
          jobError(entry, this.named, {
            rewritten: pass.rewrote(entry),
            // A resumed job leaves out no zeros itself, but what it only reads back may have been left out before.
            blank: pass.request.job.assumeBlank === true || (assumesBlank(this.#run.request) && !pass.writes(entry)),
          }),
        );
    }
  }

  /** Reports errors that were held back. */
  reportHeld(held: readonly NativeError[]): void {
    for (const entry of joinedEntries(held)) if (entry.cause !== 'cancelled') this.#push(jobError(entry, this.named));
  }

  /** Reports that a device (null: the source) is gone, and stops it. Does nothing when `failure` is null. */
  reportGone(destination: number | null, failure: Failure | null): void {
    if (failure === null) return;
    this.report(destination, destination === null ? 'read' : 'write', failure);
    if (destination !== null) this.#stop(destination);
  }

  #push(said: JobError): void {
    const error = this.removals.explain(said);
    this.errors.push(error);
    this.#emit({ event: 'error', error });
    if (error !== said && error.destination !== null) this.#stop(error.destination);
  }

  /** Only ENOSPC says that the file system is full: a quota and the largest size of a file have other errnos. */
  #isFull({ cause, errno, destination }: NativeError): boolean {
    return (
      cause === 'no-space' &&
      errno === 'ENOSPC' &&
      destination >= 0 &&
      this.#run.destinations[destination]!.end.kind === 'file'
    );
  }

  /** The engine says only that a stream has ended too early (EBADMSG). Its decoder says why. */
  #isOfDecoder({ side, errno }: NativeError): boolean {
    return side === 'read' && errno === 'EBADMSG' && (this.#run.source?.unpacking ?? null) !== null;
  }

  /** Reports a decoder that gave a pass too little, once for each pass: a retry can meet another fault. */
  #reportDecoderOnce(pass: Pass, entry: NativeError): void {
    if (this.#reportedSource.has(pass)) return;
    this.#reportedSource.add(pass);
    this.#decoderReported = this.#decoderReported.then(() => this.#reportDecoder(entry));
  }

  async #reportDecoder(entry: NativeError): Promise<void> {
    const wrong = await this.#run.source!.unpacking!.fault();
    if (wrong === null) this.#push(jobError(entry, this.named));
    else this.reportSource(wrong);
  }

  async #reportFull(entry: NativeError): Promise<void> {
    const { destinations, request, grid } = this.#run;
    const { end, naming } = destinations[entry.destination]!;
    const whole = !isSparse(request) || end.image?.limits.whole === true;
    const full = await whatIsFull({ path: naming?.part ?? end.realPath, bytes: grid.bytes, whole });
    this.#push(jobError(entry, this.named, { full }));
  }
}

/** What errors call the ends of a job. The name of an image changes when it is complete. */
const namesIn = ({ plan, source, request, manifest }: Run): Omit<Named, 'destinations'> => ({
  kind: plan.kind,
  source: plan.source?.path ?? null,
  sourceIsFile: source?.end.kind === 'file',
  manifest: request.kind === 'repair' ? manifest : null,
});

type Name = Named['destinations'][number];

const nameOf = (destination: RunningDestination): Name => ({
  path: destination.end.path,
  get part() {
    return destination.naming?.part ?? null;
  },
});
