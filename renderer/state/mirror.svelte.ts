// Main's state as the window shows it: what a job says of itself four times a second at most, all else at once.
import type { Disk } from '../../app/contract/disks.ts';
import type { FailureFacts } from '../../app/contract/errors.ts';
import type { InterruptedJob, JobProgress, Plan } from '../../app/contract/jobs.ts';
import type { AppState, Bridge, JobView } from '../../app/contract/window.ts';
import { diskName } from '../disks.ts';
import { listed, say } from '../words.ts';
import { Arrivals } from './arrivals.svelte.ts';

/** Shortest time between two updates of a job on the screen, milliseconds. */
export const FRAME_MS = 250;

/** Mirrors `AppState`. Owns nothing: a reload builds it anew from `getState`. */
export class Mirror {
  /** Null until main has answered for the first time. */
  state = $state.raw<AppState | null>(null);
  /** What was plugged in just now. */
  readonly arrivals = new Arrivals();
  /** The same in words, for a screen reader; empty until something comes. */
  arrived = $state.raw('');
  /** A call to main that failed as a call (main answers failures of the work as values). */
  fault = $state.raw<FailureFacts | null>(null);

  readonly #bridge: Bridge;
  #newest: AppState | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  get disks(): Disk[] {
    return this.state?.disks ?? [];
  }

  get review(): Plan | null {
    return this.state?.review ?? null;
  }

  get job(): JobView | null {
    return this.state?.job ?? null;
  }

  get interrupted(): InterruptedJob[] {
    return this.state?.interrupted ?? [];
  }

  /** Starts following main. Returns the function that stops it. */
  follow(): () => void {
    let heard = false;
    const stops = [
      this.#bridge.onState((state) => {
        heard = true;
        this.#take(state);
      }),
      this.#bridge.onProgress((progress) => this.#progress(progress)),
    ];
    void this.ask(this.#bridge.getState()).then((state) => {
      // A notice that came first is the newer of the two.
      if (state !== undefined && !heard) this.#take(state);
    });
    return () => {
      for (const stop of stops) stop();
      clearTimeout(this.#timer);
    };
  }

  /** Waits for a call to main. A call that breaks is shown as `fault` and gives undefined. */
  async ask<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      const value = await call;
      this.fault = null;
      return value;
    } catch (error) {
      this.fault = {
        code: 'HOST_FAILED',
        op: 'host',
        device: null,
        offset: null,
        length: null,
        errno: null,
        reason: { kind: 'unreachable', said: error instanceof Error ? error.message : String(error) },
        remedy: { kind: 'restart' },
      };
      return undefined;
    }
  }

  /** Reads the disks and the interrupted jobs again. */
  async refreshDisks(): Promise<void> {
    await this.ask(this.#bridge.refreshDisks());
  }

  /** Puts an ended job away. */
  async dismissJob(): Promise<void> {
    await this.ask(this.#bridge.dismissJob());
  }

  /** Moves the job of the newest state. What comes before the first state is in that. */
  #progress(progress: JobProgress): void {
    const job = this.#newest?.job;
    if (this.#newest && job) this.#take({ ...this.#newest, job: { ...job, progress } });
  }

  #take(state: AppState): void {
    this.#newest = state;
    // Without a job a snapshot is the answer to something somebody did, and the next thing they do must be about it.
    const wait = state.job === null ? 0 : this.#shownAt + FRAME_MS - performance.now();
    if (wait <= 0) this.#show();
    else this.#timer ??= setTimeout(() => this.#show(), wait);
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#shownAt = performance.now();
    const come = this.#newest === null ? [] : this.arrivals.see(this.#newest.disks);
    if (come.length > 0) this.arrived = say('devices.arrived', { drives: listed(come.map(diskName)) });
    this.state = this.#newest;
  }
}
