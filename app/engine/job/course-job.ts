// A running job as one course sees it. A retry gives a destination to a course of its own while the earlier course may still be about to
// record how the destination ended; nothing that the earlier course does for it may reach the new attempt.
import type { JobError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import type { DestinationResult } from '../../contract/jobs.ts';
import type { KnownHashes } from '../formats/chunk-sets.ts';
import type { Failure } from '../../base/errors.ts';
import type { NativeDevice, NativeError } from '../native/addon.ts';
import type { PassRequest } from './pass.ts';
import { notPerformed, type PassOutcome, type RunningJob } from './running-job.ts';

/** Passes a course's calls on to a job, except for destinations that belong to another course by now. */
export class CourseJob implements RunningJob {
  readonly #job: RunningJob;
  readonly #owns: (destination: number) => boolean;

  /** `owns` says whether a destination still belongs to this course. */
  constructor(job: RunningJob, owns: (destination: number) => boolean) {
    this.#job = job;
    this.#owns = owns;
  }

  get prepared(): RunningJob['prepared'] {
    return this.#job.prepared;
  }

  get request(): RunningJob['request'] {
    return this.#job.request;
  }

  get grid(): RunningJob['grid'] {
    return this.#job.grid;
  }

  get hashes(): KnownHashes {
    return this.#job.hashes;
  }

  get cancelled(): boolean {
    return this.#job.cancelled;
  }

  get rescue(): RunningJob['rescue'] {
    return this.#job.rescue;
  }

  set rescue(progress: RunningJob['rescue']) {
    this.#job.rescue = progress;
  }

  device(destination: number): NativeDevice {
    return this.#job.device(destination);
  }

  durable(destination: number): Uint8Array {
    return this.#job.durable(destination);
  }

  unproven(destination: number): number {
    return this.#job.unproven(destination);
  }

  proven(destination: number): Uint8Array {
    return this.#job.proven(destination);
  }

  owns(destination: number): boolean {
    return this.#owns(destination);
  }

  isOpen(destination: number): boolean {
    return this.#owns(destination) && this.#job.isOpen(destination);
  }

  isDone(destination: number): boolean {
    return this.#job.isDone(destination);
  }

  untilOthersEnded(destination: number): Promise<void> {
    return this.#job.untilOthersEnded(destination);
  }

  async perform(request: PassRequest, hold?: (error: NativeError) => boolean): Promise<PassOutcome> {
    const targets = request.targets.filter(({ destination }) => this.#owns(destination));
    if (targets.length === 0) return notPerformed();
    const end = await this.#job.perform({ ...request, targets }, hold);
    return { ...end, targets: end.targets.filter(({ destination }) => this.#owns(destination)) };
  }

  async finish(destination: number, state: DestinationResult['state'], held?: readonly NativeError[]): Promise<void> {
    if (this.#owns(destination)) await this.#job.finish(destination, state, held);
  }

  keep(destination: number, bytes: number): void {
    if (this.#owns(destination)) this.#job.keep(destination, bytes);
  }

  expect(destination: number, bytes: number): void {
    if (this.#owns(destination)) this.#job.expect(destination, bytes);
  }

  async found(destination: number, chunks: Uint8Array): Promise<void> {
    if (this.#owns(destination)) await this.#job.found(destination, chunks);
  }

  async withdraw(destination: number, chunks: Uint8Array): Promise<void> {
    if (this.#owns(destination)) await this.#job.withdraw(destination, chunks);
  }

  unname(destination: number): void {
    if (this.#owns(destination)) this.#job.unname(destination);
  }

  failSource(): void {
    this.#job.failSource();
  }

  tell(destination: number | null, side: JobError['side'], error: Failure): void {
    if (destination === null || this.#owns(destination)) this.#job.tell(destination, side, error);
  }

  note(note: Note): void {
    this.#job.note(note);
  }
}
