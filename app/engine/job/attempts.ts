// The courses of a running job: the one that all destinations start on, and one for each retry.

/** Says whether a destination still belongs to a course: it does not once it was retried. */
export type Owns = (destination: number) => boolean;

/** Which destination is on which course. */
export class Attempts {
  /** Work that the job waits for before it ends. */
  readonly #work = new Set<Promise<unknown>>();
  /** How many courses each destination has begun. */
  readonly #counts: number[] = [];
  /** The latest course of each destination; never rejects. */
  readonly #latest: Promise<void>[] = [];
  /** The course that started with the job. */
  #first: Promise<void> | null = null;
  /** Ends the waiting of each destination that waits for the others. */
  readonly #waiting = new Map<number, () => void>();

  get areRunning(): boolean {
    return this.#work.size > 0;
  }

  /** Destinations that wait for the others. */
  get waiting(): number[] {
    return [...this.#waiting.keys()];
  }

  /** Starts destinations on a course, beside the courses that run. `broken` gets the reason when the course rejects. */
  begin(
    destinations: readonly number[],
    course: (owns: Owns) => Promise<void>,
    broken: (error: unknown) => void,
  ): void {
    const numbers = new Map(destinations.map((destination) => [destination, (this.#counts[destination] ?? 0) + 1]));
    for (const [destination, number] of numbers) this.#counts[destination] = number;
    const owns: Owns = (destination) => this.#counts[destination] === numbers.get(destination);
    const over = this.keepRunning(course(owns)).catch(broken);
    for (const destination of destinations) this.#latest[destination] = over;
    this.#first ??= over;
  }

  /** Resolves when the latest course of a destination has ended. */
  latestOf(destination: number): Promise<void> | undefined {
    return this.#latest[destination];
  }

  /** The job does not end before `work` has. */
  async keepRunning(work: Promise<void>): Promise<void> {
    const entry = work.then(
      () => undefined,
      () => undefined,
    );
    this.#work.add(entry);
    try {
      await work;
    } finally {
      this.#work.delete(entry);
    }
  }

  /** Resolves when no work is left. */
  async ended(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** Resolves when the first course has ended, or when `stopWaiting` ends the waiting of this destination. */
  async untilOthersEnded(destination: number): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#waiting.set(destination, resolve));
    await Promise.race([this.#first, stopped]);
    this.#waiting.delete(destination);
  }

  /** Ends the waiting of one destination, or of all (null). */
  stopWaiting(destination: number | null): void {
    for (const [index, stop] of this.#waiting) if (destination === null || destination === index) stop();
  }
}
