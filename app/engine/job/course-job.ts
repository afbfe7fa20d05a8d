// A running job as one course sees it. A retry gives a destination to a course of its own while the earlier course may
// still be about to record how the destination ended: nothing that the earlier course does may reach the new attempt.
import type { JobError } from '../../contract/errors.ts';
import type { Note } from '../../contract/facts.ts';
import type { DestinationResult } from '../../contract/jobs.ts';
import type { Failure } from '../../base/errors.ts';
import type { Grid, KnownHashes } from '../formats/chunk-sets.ts';
import type { NativeDevice, NativeError } from '../native/addon.ts';
import type { Owns } from './attempts.ts';
import { finish } from './finish-destination.ts';
import type { JobParts } from './job-parts.ts';
import type { PassRequest } from './pass/pass.ts';
import type { Hold } from './reports.ts';
import { unnameImage } from './run.ts';
import { notPerformed, type PassOutcome, type RunningJob } from './pass/running-job.ts';

/** Does what a course asks for, except for destinations that belong to another course by now. */
export class CourseJob implements RunningJob {
  readonly #parts: JobParts;
  readonly #owns: Owns;

  constructor(parts: JobParts, owns: Owns) {
    this.#parts = parts;
    this.#owns = owns;
  }

  get prepared(): RunningJob['prepared'] {
    return this.#parts.run;
  }

  get request(): RunningJob['request'] {
    return this.#parts.run.request;
  }

  get grid(): Grid {
    return this.#parts.run.grid;
  }

  get scope(): Uint8Array {
    return this.#parts.run.scope;
  }

  get hashes(): KnownHashes {
    return this.#parts.record.hashes;
  }

  get cancelled(): boolean {
    return this.#parts.cancelled;
  }

  get rescue(): RunningJob['rescue'] {
    return this.#parts.rescue;
  }

  set rescue(progress: RunningJob['rescue']) {
    this.#parts.rescue = progress;
  }

  device(destination: number): NativeDevice {
    return this.#parts.run.destinations[destination]!.device!;
  }

  durable(destination: number): Uint8Array {
    return this.#parts.record.durable(destination);
  }

  unproven(destination: number): number {
    return this.#parts.record.unproven(destination);
  }

  proven(destination: number): Uint8Array {
    return this.#parts.record.proven(destination);
  }

  owns(destination: number): boolean {
    return this.#owns(destination);
  }

  isOpen(destination: number): boolean {
    const { end, cancelled } = this.#parts.totals[destination]!;
    return this.#owns(destination) && end === null && !cancelled;
  }

  isDone(destination: number): boolean {
    return this.#parts.totals[destination]!.end === 'done';
  }

  untilOthersEnded(destination: number): Promise<void> {
    return this.#parts.attempts.untilOthersEnded(destination);
  }

  async perform(request: PassRequest, hold: Hold = () => false): Promise<PassOutcome> {
    const targets = request.targets.filter(({ destination }) => this.#owns(destination));
    if (targets.length === 0) return notPerformed();
    const outcome = await this.#parts.passes.perform({ ...request, targets }, hold);
    return { ...outcome, targets: outcome.targets.filter(({ destination }) => this.#owns(destination)) };
  }

  async finish(
    destination: number,
    state: DestinationResult['state'],
    held: readonly NativeError[] = [],
  ): Promise<void> {
    if (this.#owns(destination)) await finish(this.#parts, destination, state, held);
  }

  keep(destination: number, bytes: number): void {
    if (this.#owns(destination)) this.#parts.totals[destination]!.kept = bytes;
  }

  expect(destination: number, bytes: number): void {
    if (!this.#owns(destination)) return;
    this.#parts.totals[destination]!.whole = { toWrite: bytes, toVerify: this.prepared.plan.verify ? bytes : 0 };
  }

  async found(destination: number, chunks: Uint8Array): Promise<void> {
    if (this.#owns(destination)) await this.#parts.record.found(destination, chunks);
  }

  async withdraw(destination: number, chunks: Uint8Array): Promise<void> {
    if (this.#owns(destination)) await this.#parts.record.withdraw(destination, chunks);
  }

  unname(destination: number): void {
    if (!this.#owns(destination)) return;
    const problem = unnameImage(this.#parts.run, destination);
    if (problem !== null) this.note(problem);
  }

  failSource(): void {
    this.#parts.passes.readErr = 1;
  }

  report(destination: number | null, side: JobError['side'], error: Failure): void {
    if (destination === null || this.#owns(destination)) this.#parts.reports.report(destination, side, error);
  }

  note(note: Note): void {
    this.#parts.reports.note(note);
  }
}
