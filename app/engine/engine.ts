// What the host can do, one job at a time: list, prepare, start, cancel.
import type { CopyRequest, Disk, Plan } from '../contract.ts';
import { disksOf } from './disks.ts';
import { failure, Refusal, refuse } from './errors.ts';
import { Job, type Emit } from './job.ts';
import { readBlocks } from './machine.ts';
import type { NativeAddon } from './native.ts';
import { prepare, release, type Prepared } from './prepare.ts';

type State =
  | { name: 'idle' }
  /** Devices are being opened or closed; `over` when they are. A second thought can come meanwhile. */
  | { name: 'busy'; over: Promise<unknown>; givenUp: boolean }
  | { name: 'prepared'; prepared: Prepared }
  | { name: 'running'; job: Job };

/** The engine of one host. What cannot be done as asked rejects, or throws, a Refusal. */
export class LocalEngine {
  readonly #load: () => NativeAddon;
  readonly #emit: Emit;
  readonly #broken: (error: unknown) => void;
  #state: State = { name: 'idle' };

  /**
   * `load` gives the addon when it is first needed; `emit` hears the events of jobs; `broken` hears of what must not
   * happen: a job that ended without a result.
   */
  constructor(load: () => NativeAddon, emit: Emit, broken: (error: unknown) => void) {
    this.#load = load;
    this.#emit = emit;
    this.#broken = broken;
  }

  /** The disks; `all` adds loop devices. */
  async list({ all }: { all: boolean }): Promise<Disk[]> {
    return disksOf(await readBlocks(), all);
  }

  /** Checks a request and holds its devices until `start` or `cancel`. */
  async prepare(request: CopyRequest): Promise<Plan> {
    this.#require('idle');
    const preparing = prepare(request, () => this.#addon());
    const busy: State = { name: 'busy', over: preparing, givenUp: false };
    this.#state = busy;
    let prepared: Prepared;
    try {
      prepared = await preparing;
    } catch (error) {
      this.#state = { name: 'idle' };
      throw error;
    }
    this.#state = { name: 'prepared', prepared };
    if (!busy.givenUp) return prepared.plan;
    await this.cancel();
    return refuse({ code: 'CANCELLED', op: 'open', message: 'Cancelled while the devices were being opened; nothing was written.' });
  }

  /** Starts what was prepared. Nothing was written, and nothing is held any more, when this refuses. */
  async start(): Promise<void> {
    const { prepared } = this.#require('prepared');
    try {
      const job = new Job(prepared, this.#emit);
      this.#state = { name: 'running', job };
      job.ended.then(() => (this.#state = { name: 'idle' }), this.#broken);
    } catch (error) {
      await this.#releasing(prepared);
      throw error;
    }
  }

  /** Gives up what is prepared, or stops what runs: that one ends later, with its result. */
  async cancel(): Promise<void> {
    const state = this.#state;
    switch (state.name) {
      case 'idle':
        return;
      case 'busy':
        state.givenUp = true;
        await state.over.catch(() => undefined); // told to whoever asked for it
        return;
      case 'prepared':
        return this.#releasing(state.prepared);
      case 'running':
        state.job.cancel();
    }
  }

  /** Stops everything safely: resolves when nothing is in flight, and nothing held. Never rejects for a job. */
  async stop(): Promise<void> {
    while (this.#state.name !== 'idle') {
      const state = this.#state;
      await this.cancel();
      if (state.name === 'running') await state.job.ended;
    }
  }

  async #releasing(prepared: Prepared): Promise<void> {
    const over = release(prepared);
    this.#state = { name: 'busy', over, givenUp: false };
    await over;
    this.#state = { name: 'idle' };
  }

  #require<N extends State['name']>(name: N): Extract<State, { name: N }> {
    const state = this.#state;
    if (isIn(state, name)) return state;
    const what = name === 'prepared' ? 'Nothing is prepared.' : 'Another job is prepared or running; this host does one at a time.';
    return refuse({ code: 'BAD_ARGUMENT', op: 'host', message: what });
  }

  #addon(): NativeAddon {
    try {
      return this.#load();
    } catch (error) {
      const [reason = ''] = String(error).split('\n');
      throw new Refusal([failure({ code: 'ENGINE_UNAVAILABLE', op: 'host', message: `The engine could not be loaded: ${reason}.` })]);
    }
  }
}

const isIn = <N extends State['name']>(state: State, name: N): state is Extract<State, { name: N }> => state.name === name;
