// Records what a running job knows of its media and its source: durable chunks, hashes, evidence, and the log of them.
// Native waits for the flush, and then the log is written.
import type { Note } from '../../contract/facts.ts';
import type { DestinationResult, Endpoint, JobResult } from '../../contract/jobs.ts';
import { rescueOf } from '../../contract/request-facts.ts';
import { intersection, chunksIn, chunksOfErrors, KnownHashes, noChunks, difference } from '../formats/chunk-sets.ts';
import { chunkRanges, hasChunk, markChunks } from '../formats/chunks.ts';
import { Evidence } from './pass/evidence.ts';
import type { LogKeeper } from './log-keeper.ts';
import type { Pass } from './pass/pass.ts';
import type { Prepared } from '../admission/prepared.ts';
import { chunksWithin } from '../formats/rescue-map.ts';

/** Hashes that are fetched at a time. */
const STEP = 65_536;

/** The record of one job. */
export class ChunkRecord {
  readonly hashes: KnownHashes;
  readonly #prepared: Prepared;
  readonly #log: LogKeeper;
  readonly #durable: Uint8Array[];
  readonly #evidence: Evidence[];

  /** Begins with what is known of a job that is continued. */
  constructor(prepared: Prepared, log: LogKeeper) {
    const { grid, scope, resumed, destinations } = prepared;
    this.#prepared = prepared;
    this.#log = log;
    this.hashes = new KnownHashes(grid, resumed ?? undefined);
    this.#durable = destinations.map((_, index) => resumed?.durable[index]?.slice() ?? noChunks(grid));
    // A log cannot prove the content of a medium that has been out of sight since.
    this.#evidence = destinations.map(() => new Evidence(grid, noChunks(grid), scope));
  }

  /** Begins the record of a destination that has joined the job, of which nothing is known. */
  async addDestination(endpoint: Endpoint): Promise<void> {
    const { grid, scope } = this.#prepared;
    this.#durable.push(noChunks(grid));
    this.#evidence.push(new Evidence(grid, noChunks(grid), scope));
    await this.#log.addDestination(endpoint);
  }

  /** Why the log could not be written; null when it could. */
  get problem(): Note | null {
    return this.#log.problem;
  }

  /** Chunks of a destination that are on its medium. */
  durable(destination: number): Uint8Array {
    return this.#durable[destination]!;
  }

  /** Bytes of a destination that were not compared with the source, or differ from it. */
  unproven(destination: number): number {
    return this.#evidence[destination]!.missing;
  }

  /** Chunks of a destination that were compared with the source as a whole, and found equal. */
  proven(destination: number): Uint8Array {
    return this.#evidence[destination]!.whole;
  }

  /** Forgets what was proven of a destination: it can be another medium now. */
  forgetEvidence(destination: number): void {
    this.#evidence[destination]!.clear();
  }

  /** Takes what an ended pass proves of its destinations, or of the one (`only`) that has ended in it. */
  takeEvidence(pass: Pass, sourceFailed: boolean, only: number | null = null): void {
    const { job, targets } = pass.request;
    const errors = pass.errors();
    const model =
      job.source === null ? -1 : this.#prepared.destinations.findIndex(({ device }) => device === job.source);
    for (const { destination, ended } of pass.sample()) {
      if (only !== null && destination !== only) continue;
      const { todo, check } = targets.find((target) => target.destination === destination)!;
      const own = errors.filter((error) => error.destination < 0 || error.destination === destination);
      const compared = { job, todo, check, state: ended ?? 'failed', errors: own, sourceFailed } as const;
      const evidence = this.#evidence[destination]!;
      if (model < 0) evidence.take(compared);
      else evidence.takeFrom(this.#evidence[model]!, compared);
    }
  }

  /** Records chunks of a destination as durable that no pass has written. */
  async found(destination: number, chunks: Uint8Array): Promise<void> {
    const ranges = [...chunkRanges(difference(chunks, this.durable(destination)), chunksIn(this.#prepared.grid))];
    for (const { first, count } of ranges) markChunks(this.durable(destination), first, count, true);
    await this.#log.durable(
      ranges.map(({ first, count }) => ({ destination, first, count, made: this.hashes.slice(first, count) })),
    );
  }

  /** Withdraws chunks that are about to be written again, or turned out to be bad. */
  async withdraw(destination: number, chunks: Uint8Array): Promise<void> {
    const ranges = [...chunkRanges(intersection(chunks, this.durable(destination)), chunksIn(this.#prepared.grid))];
    for (const { first, count } of ranges) markChunks(this.durable(destination), first, count, false);
    await this.#log.withdrawn(destination, ranges);
  }

  /** Takes what a pass has made durable since the last call. A rescue says itself what counts as durable. */
  takeDurable(pass: Pass): void {
    if (pass.request.job.op !== 'copy' || rescueOf(this.#prepared.request) !== null) return;
    const ranges = pass.newlyDurable().map((range) => ({ ...range, made: pass.hashes(range.first, range.count) }));
    for (const { destination, first, count } of ranges) markChunks(this.durable(destination), first, count, true);
    void this.#log.durable(ranges);
  }

  /** Takes the hashes that a pass has made of the source. */
  takeHashes(pass: Pass): void {
    const { grid } = this.#prepared;
    const { source, offset = 0, length = grid.bytes, hash, known } = pass.request.job;
    const { first, count } = chunksWithin({ offset, length }, grid);
    // Skip: the region is not aligned to chunks, so its hashes do not match the grid.
    if (source === null || first * grid.chunkSize !== offset) return;
    // A destination that stands for the source may have zeros where the source has data.
    if (source !== this.#prepared.source?.device && hash !== true) return;
    for (let chunk = 0; chunk < count; chunk += STEP) {
      const made = pass.hashes(chunk, Math.min(STEP, count - chunk));
      // Skip the hashes that the pass was given: not all of those chunks were read again.
      this.hashes.add(
        first + chunk,
        known === undefined
          ? made
          : { ...made, known: made.known.map((one, index) => (hasChunk(known, first + chunk + index) ? 0 : one)) },
      );
    }
    // A chunk with unreadable parts does not have the source's hash.
    for (const range of chunkRanges(chunksOfErrors(pass.errors(), -1, grid), chunksIn(grid)))
      this.hashes.remove(range.first, range.count);
  }

  /** Records the end of a destination. */
  state(destination: number, state: DestinationResult['state']): Promise<void> {
    return this.#log.state(
      destination,
      state,
      state === 'done' && this.#prepared.plan.verify && this.unproven(destination) === 0 ? true : null,
    );
  }

  /** Records the end of the job. */
  close(result: JobResult): Promise<void> {
    return this.#log.close(result);
  }
}
