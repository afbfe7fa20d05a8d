// The passes of a running job: submits them, and records what they did.
import { rescueOf } from '../../contract/request-facts.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { failureOf } from '../../base/errors.ts';
import type { NativeError, NativeResult } from '../native/addon.ts';
import type { ChunkRecord } from './chunk-record.ts';
import type { DestinationTotals } from './destination-totals.ts';
import { Pass, type Controls, type PassRequest, type TargetProgress } from './pass/pass.ts';
import type { Hold, Reports } from './reports.ts';
import { closeLeaving, type Run } from './run.ts';
import { notPerformed, type PassOutcome } from './pass/running-job.ts';

/** Where passes record what they did. */
export interface PassRecords {
  readonly record: ChunkRecord;
  readonly totals: DestinationTotals[];
  readonly reports: Reports;
}

/** The passes of one job. */
export class Passes {
  /** kcopyd's bit: reading the source failed where that must not happen. */
  readErr: 0 | 1 = 0;
  /** The passes that run, each with what holds back its errors. */
  readonly #running = new Map<Pass, Hold>();
  /** Bytes of the source that ended passes have read. */
  #bytesRead = 0;
  readonly #run: Run;
  readonly #controls: Controls;
  readonly #records: PassRecords;

  constructor(run: Run, controls: Controls, records: PassRecords) {
    this.#run = run;
    this.#controls = controls;
    this.#records = records;
  }

  /** The passes that run. */
  get running(): Pass[] {
    return [...this.#running.keys()];
  }

  /** Bytes of the source that all passes have read. */
  get bytesRead(): number {
    return this.running.reduce((sum, pass) => sum + pass.bytesRead, this.#bytesRead);
  }

  /** Destinations as they are in the passes that run. */
  samples(): TargetProgress[] {
    return this.running.flatMap((pass) => pass.sample());
  }

  /** Reports the new errors of the passes that run. */
  reportErrors(): void {
    for (const [pass, hold] of this.#running) this.#records.reports.reportNew(pass, hold, false);
  }

  /** Puts into the log what the passes that run have made durable. */
  recordDurable(): void {
    for (const pass of this.running) this.#records.record.takeDurable(pass);
  }

  /** Takes what the running passes have made durable and hashed. Returns all their errors. */
  collectErrors(): NativeError[] {
    return this.running.flatMap((pass) => {
      this.#records.record.takeDurable(pass);
      this.#records.record.takeHashes(pass);
      return pass.errors();
    });
  }

  /** Leaves a destination out of the passes in which it has ended. True when it was in one. */
  dismiss(destination: number): boolean {
    const last = this.running.flatMap((pass) => {
      this.#records.record.takeDurable(pass);
      return pass.dismiss(destination) ?? [];
    });
    for (const progress of last) this.#records.totals[destination]!.add(progress);
    return last.length > 0;
  }

  /**
   * Takes the disks that are done out of the passes that go on for others, with what these passes prove of them. Gives
   * them: they have their end.
   */
  takeDone(): number[] {
    return [...this.#running].flatMap(([pass, hold]) => {
      const samples = pass.request.settles === true ? pass.sample() : [];
      if (samples.every(({ ended }) => ended !== null)) return []; // its end is near
      const done = samples.filter(
        ({ destination, ended }) => ended === 'done' && this.#run.destinations[destination]!.end.kind === 'block',
      );
      if (done.length === 0) return [];
      const { record, reports, totals } = this.#records;
      reports.reportNew(pass, hold, false);
      record.takeDurable(pass);
      for (const { destination } of done) {
        record.takeEvidence(pass, false, destination);
        totals[destination]!.add(pass.dismiss(destination)!);
        totals[destination]!.failed = false;
      }
      return done.map(({ destination }) => destination);
    });
  }

  /** Runs a pass to its end. Does not report the errors for which `hold` is true. */
  async perform(request: PassRequest, hold: Hold): Promise<PassOutcome> {
    const pass = this.#submit(request);
    if (pass === null)
      return notPerformed(
        request.targets.map(({ destination }) => destination),
        'failed',
      );
    this.#running.set(pass, hold);
    const result = await pass.done;
    await nextTurn();
    const { record, reports } = this.#records;
    reports.reportNew(pass, hold, true);
    await reports.settled();
    record.takeDurable(pass);
    this.#running.delete(pass);
    closeLeaving(this.#run);
    this.#countSource(pass, result);
    record.takeHashes(pass);
    record.takeEvidence(pass, result.readErr === 1);
    return {
      targets: this.#closeTargets(pass, result),
      errors: pass.errors(),
      sourceFailed: result.readErr === 1,
      durable: rescueOf(this.#run.request) === null ? [] : pass.newlyDurable(),
    };
  }

  /** Submits a pass. When the system refuses it, reports that for every destination in it and gives null. */
  #submit(request: PassRequest): Pass | null {
    const { client, destinations } = this.#run;
    try {
      return new Pass(
        client,
        request,
        destinations.map(({ device }) => device!),
        this.#controls,
      );
    } catch (error) {
      for (const { destination } of request.targets) {
        const { path, kind } = destinations[destination]!.end;
        this.#records.reports.report(destination, 'write', failureOf(error, 'open', path, kind));
        this.#records.totals[destination]!.failed = true;
      }
      return null;
    }
  }

  #countSource({ request: { job }, bytesRead }: Pass, { readErr }: NativeResult): void {
    if (job.source !== this.#run.source?.device) return;
    this.#bytesRead += bytesRead;
    if (readErr === 1 && job.ignoreRead !== true && job.skipBad !== true) this.readErr = 1;
  }

  #closeTargets(pass: Pass, { writeErr }: NativeResult): PassOutcome['targets'] {
    const { targets } = pass.request;
    return pass.sample().map((progress) => {
      const totals = this.#records.totals[progress.destination]!;
      totals.add(progress);
      const bit = targets.findIndex(({ destination }) => destination === progress.destination);
      totals.failed = ((writeErr >>> bit) & 1) === 1;
      return { destination: progress.destination, state: progress.ended ?? 'failed' };
    });
  }
}
