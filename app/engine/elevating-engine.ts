// An engine that asks for rights where they are refused. The host beside it has those of its user; only when it may not
// open a disk, and nothing else stands against the request, a second one is started with more, for that job alone.
import { statSync } from 'node:fs';
import type { Disk } from '../contract/disks.ts';
import type { PlatterError } from '../contract/errors.ts';
import type { Remedy } from '../contract/facts.ts';
import type { DisksEvent, HostCalls, HostEvent, HostMethod } from '../contract/host.ts';
import type { CopyRequest, Plan } from '../contract/jobs.ts';
import { startEngine, type Engine } from './client.ts';
import { askingFor, disksToOpen, elevationFailure, type ElevatedCommand } from './elevation.ts';
import { errnoOf, failure, Refusal } from './errors.ts';

/** How rights are asked for, and whom it is told to. */
export interface Asking {
  /** Gives the command of an elevated host, or what to do where nobody can be asked. Looked up anew each time. */
  elevated: () => ElevatedCommand | { how: 'none'; remedy: Remedy };
  /** Hears the sentence before the question, and null when it is answered. */
  tell: (sentence: string | null) => void;
  /** Hears what the elevated host says on stderr. */
  heard?: (text: string) => void;
}

/** Puts the way to more rights around `base`. To whoever uses it there is one engine. */
export const elevatingEngine = (base: Engine, asking: Asking): Engine => new ElevatingEngine(base, asking);

/** A host with more rights, and how far its job is. */
interface Elevated {
  engine: Engine;
  phase: 'asking' | 'prepared' | 'running';
}

class ElevatingEngine implements Engine {
  readonly closed: Promise<PlatterError | null>;
  readonly #base: Engine;
  readonly #asking: Asking;
  readonly #listeners = new Set<(event: HostEvent) => void>();
  /** The host that has the job, when that is not `base`. */
  #elevated: Elevated | null = null;
  /** Settles when the last elevated host that was let go is gone. */
  #leaving: Promise<unknown> = Promise.resolve();

  constructor(base: Engine, asking: Asking) {
    this.#base = base;
    this.#asking = asking;
    base.onEvent((event) => this.#hear(event));
    // A job that another host has goes on without this one.
    this.closed = new Promise((settle) => {
      this.#settleClosed = settle;
      void base.closed.then(async (error) => {
        await this.#elevated?.engine.closed;
        settle(error);
      });
    });
  }

  #settleClosed: (error: PlatterError | null) => void = () => undefined;

  async call<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<HostCalls[M]['result']> {
    if (method === 'prepare') return this.#prepare(params as CopyRequest);
    const elevated = this.#elevated;
    if (elevated === null || !OF_THE_JOB.has(method)) return this.#base.call(method, params);
    if (method === 'start') elevated.phase = 'running';
    try {
      return await elevated.engine.call(method, params);
    } catch (error) {
      if (method === 'start') elevated.phase = 'prepared';
      throw error;
    } finally {
      if (elevated.phase !== 'running') await this.#letGo(elevated.engine);
    }
  }

  onEvent(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Of the host with the user's own rights, which sees the same disks. */
  onDisks(listener: (disks: DisksEvent['disks']) => void): () => void {
    return this.#base.onDisks(listener);
  }

  async close(): Promise<PlatterError | null> {
    await Promise.all([this.#base.close(), this.#elevated?.engine.close(), this.#leaving]);
    return this.closed;
  }

  async #prepare(request: CopyRequest): Promise<Plan> {
    try {
      return await this.#base.call('prepare', request);
    } catch (error) {
      const devices = error instanceof Refusal ? disksToOpen(error.errors, isDisk) : [];
      if (!(error instanceof Refusal) || devices.length === 0) throw error;
      const elevated = this.#asking.elevated();
      if (elevated.how === 'none') throw new Refusal(error.errors.map((one) => failure({ ...one, remedy: elevated.remedy })));
      const seen = await this.#base.call('list', { all: true });
      const plan = await this.#prepareElevated(request, elevated, devices);
      const changed = changes(plan, seen);
      if (changed.length === 0) return plan;
      await this.call('cancel', {});
      throw new Refusal(changed);
    }
  }

  /** The same request to a host with more rights: it trusts nothing that this side has found out. */
  async #prepareElevated(request: CopyRequest, { how, argv }: ElevatedCommand, devices: readonly string[]): Promise<Plan> {
    this.#asking.tell(askingFor(how, devices));
    const engine = startEngine({ command: argv, heard: this.#asking.heard, explain: (end) => elevationFailure(how, end, devices) });
    engine.onEvent((event) => {
      if (event.event === 'result') void this.#letGo(engine);
      this.#hear(event);
    });
    const elevated: Elevated = { engine, phase: 'asking' };
    this.#elevated = elevated;
    void engine.closed.then((error) => this.#lost(engine, error));
    try {
      const plan = await engine.call('prepare', request);
      elevated.phase = 'prepared';
      return plan;
    } catch (error) {
      await this.#letGo(engine);
      throw error;
    } finally {
      this.#asking.tell(null);
    }
  }

  #hear(event: HostEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** An elevated host that has nothing more to do goes, and its rights with it. */
  async #letGo(engine: Engine): Promise<void> {
    if (this.#elevated?.engine === engine) this.#elevated = null;
    const leaving = engine.close();
    this.#leaving = Promise.all([this.#leaving, leaving]);
    await leaving;
  }

  /** An elevated host that ends by itself takes its job with it: the same to the user as if it were the only one. */
  #lost(engine: Engine, error: PlatterError | null): void {
    if (this.#elevated?.engine !== engine) return;
    const { phase } = this.#elevated;
    this.#elevated = null;
    if (phase === 'asking') return; // whoever asked has been told
    this.#settleClosed(error);
    void this.#base.close();
  }
}

/** Calls about what is prepared or runs; the others are answered with the user's own rights. */
const OF_THE_JOB: ReadonlySet<HostMethod> = new Set(['start', 'cancel', 'pause', 'throttle', 'retry']);

/** A question can be open for minutes: disks that are others now than when it was asked. The host sees to what comes after its look. */
function changes({ source, destinations }: Plan, seen: readonly Disk[]): PlatterError[] {
  return [source, ...destinations].flatMap((end) => {
    const before = seen.find(({ path }) => path === end?.realPath);
    if (end === null || before === undefined) return [];
    if (before.majorMinor === end.majorMinor && before.size === end.size && before.serial === end.serial) return [];
    return [failure({ code: 'CHANGED', op: 'check', device: end.path, reason: { kind: 'anotherThanAsked' } })];
  });
}

function isDisk(path: string): boolean {
  try {
    return statSync(path).isBlockDevice();
  } catch (error) {
    if (errnoOf(error) !== null) return false;
    throw error;
  }
}
