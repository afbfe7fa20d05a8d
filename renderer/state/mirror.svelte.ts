// The window's copy of main's state, updated with each snapshot. Main decides how often they come (main/notices.ts).
import type { Disk } from '../../app/contract/disks.ts';
import type { LeftDownload, SourceDownload } from '../../app/contract/downloads.ts';
import type { FailureFacts } from '../../app/contract/errors.ts';
import type { InterruptedJob, JobProgress } from '../../app/contract/jobs.ts';
import type { AppState, Bridge, JobView, RecentImage, Review } from '../../app/contract/window.ts';
import { diskName } from '../disk-facts.ts';
import { listed, say } from '../words.ts';
import { Arrivals } from './arrivals.svelte.ts';

/** Most drives arriving together to announce by name. Of more, only the number is announced. */
const MOST_NAMED = 4;

/** Mirrors `AppState`. Owns nothing: a reload rebuilds it from `getState`. */
export class Mirror {
  /** Null until main's first answer. */
  state = $state.raw<AppState | null>(null);
  /** The drives that have just been plugged in. */
  readonly arrivals = new Arrivals();
  /** Their names in words, for a screen reader; empty until one arrives. */
  arrived = $state.raw('');
  /** A call to main that broke (main answers ordinary failures as values). */
  fault = $state.raw<FailureFacts | null>(null);

  readonly #bridge: Bridge;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  get disks(): Disk[] {
    return this.state?.disks ?? [];
  }

  get review(): Review | null {
    return this.state?.review ?? null;
  }

  get job(): JobView | null {
    return this.state?.job ?? null;
  }

  /** The source that is being downloaded, or was. */
  get download(): SourceDownload | null {
    return this.state?.download ?? null;
  }

  /** The other downloads that were stopped or cut, newest first. */
  get left(): LeftDownload[] {
    return this.state?.left ?? [];
  }

  /** The images read last, newest first. */
  get recent(): RecentImage[] {
    return this.state?.recent ?? [];
  }

  get interrupted(): InterruptedJob[] {
    return this.state?.interrupted ?? [];
  }

  /** Starts following main. Gives a function that stops it. */
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
      // A notice that came before this answer is newer.
      if (state !== undefined && !heard) this.#take(state);
    });
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Waits for a call to main. A broken call is shown as `fault` and gives undefined. */
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

  /** Dismisses an ended job. */
  async dismissJob(): Promise<void> {
    await this.ask(this.#bridge.dismissJob());
  }

  /** Applies progress to the job. Progress before the first state is already in that state. */
  #progress(progress: JobProgress): void {
    const { state } = this;
    if (state?.job) this.state = { ...state, job: { ...state.job, progress } };
  }

  #take(state: AppState): void {
    const come = this.arrivals.see(state.disks);
    if (come.length > 0)
      this.arrived = say('devices.arrived', {
        drives: come.length > MOST_NAMED ? say('common.drives', { count: come.length }) : listed(come.map(diskName)),
      });
    this.state = state;
  }
}
