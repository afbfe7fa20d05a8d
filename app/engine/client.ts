// The one way to the engine: starts the host process, asks it, hears its events. A host that breaks down is an
// error of everything that waits for it, never a hang.
import { type Readable, type Writable } from 'node:stream';
import type { HostCalls, HostEvent, HostMethod, PlatterError } from '../contract.ts';

export { Refusal } from './errors.ts';

/** How the host is reached. With neither, it is started from beside this program's own bundle. */
export interface EngineOptions {
  /** Program and arguments that become the host; elevation is one that ends in the host's own. */
  command?: readonly string[];
  /** A host that already runs: what it writes, and what it reads. */
  streams?: { readable: Readable; writable: Writable };
}

/** A running engine host. */
export interface Engine {
  /** Asks the host. Rejects with a Refusal: the host's reasons, or HOST_FAILED when it is gone. */
  call<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<HostCalls[M]['result']>;
  /** Hears every event of the running job; gives the function that stops listening. */
  onEvent(listener: (event: HostEvent) => void): () => void;
  /** Settles when the host is gone: null after an orderly end, else HOST_FAILED. Never rejects. */
  readonly closed: Promise<PlatterError | null>;
  /** Ends the host's input: it stops a running job safely and exits. Resolves as `closed` does. Idempotent. */
  close(): Promise<PlatterError | null>;
}

/** Starts the engine host. A host that cannot be started shows in `closed` and in every call. */
export function startEngine(_options: EngineOptions = {}): Engine {
  throw new Error('not written yet');
}
