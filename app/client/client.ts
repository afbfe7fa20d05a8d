// The only way to the engine: starts the host process, sends requests, receives events. When the host breaks down,
// everything that waits for it gets an error, never hangs. Its messages are not checked against a schema, because it is
// a program of the same version (its first frame says so) with rights that its client may not have.
import { type Readable, type Writable } from 'node:stream';
import type { PlatterError } from '../contract/errors.ts';
import type { End, Reason } from '../contract/facts.ts';
import {
  PROTOCOL,
  type DisksEvent,
  type HostCalls,
  type HostEvent,
  type HostMessage,
  type HostMethod,
  type HostResponse,
  type RightsEvent,
} from '../contract/host.ts';
import type { Waiting } from '../base/slow-answers.ts';
import { failure, Refusal } from '../base/errors.ts';
import { encodeFrame, FrameDecoder, FrameError } from './frames.ts';
import { hostCommand, startHost, type HostEnd, type HostProcess, type HostRights } from './host-process.ts';

export { Refusal } from '../base/errors.ts';
export { controlSocket } from './host-process.ts';

/** How the host is reached. By default it is started from beside this program's bundle. */
export interface EngineOptions {
  /** Program and arguments that become the host. */
  command?: readonly string[];
  /** A host that was started before. */
  host?: HostProcess;
  /** A host started by another program: its output and its input. */
  streams?: { readable: Readable; writable: Writable };
  /** How a host that is started here gets rights; default: only by polkit. */
  rights?: HostRights;
  /** Receives the stderr of a host that is started here. */
  onStderr?: (text: string) => void;
}

/** A running engine host. */
export interface Engine {
  /** Calls the host. Rejects with a Refusal: the host's reasons, or HOST_FAILED when it is gone. */
  call<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<HostCalls[M]['result']>;
  /** Listens to every event of the running job; gives a function that stops listening. */
  onEvent(listener: (event: HostEvent) => void): () => void;
  /** Listens to lists of disks, after the call `watch`; gives a function that stops listening. */
  onDisks(listener: (disks: DisksEvent['disks']) => void): () => void;
  /** Listens to questions for rights, null when one is over; gives a function that stops listening. */
  onRights(listener: (asking: RightsEvent['asking']) => void): () => void;
  /** Process ID of the host; null when unknown. */
  readonly pid: number | null;
  /**
   * Listens to the paths of files that the host waits for, or reads whole, before a job; gives a function that stops
   * listening.
   */
  onWaiting(listener: Waiting): () => void;
  /** Resolves when the host is gone: null after an orderly end, otherwise HOST_FAILED. Never rejects. */
  readonly closed: Promise<PlatterError | null>;
  /** Ends the host's input, so that it stops a running job safely and exits. Resolves as `closed` does. Idempotent. */
  close(): Promise<PlatterError | null>;
}

/** Starts the engine host. A failure to start shows in `closed` and in every call. */
export function startEngine({
  command,
  host,
  streams,
  rights = { control: null, sudo: false },
  onStderr,
}: EngineOptions = {}): Engine {
  return new HostClient(
    host ?? (streams === undefined ? startHost(command ?? hostCommand(), rights, onStderr) : attached(streams)),
  );
}

/** A host started by another program. The end of its output is all that is known of its end. */
function attached({ readable, writable }: { readable: Readable; writable: Writable }): HostProcess {
  const ended = new Promise<HostEnd>((settle) => {
    const resolve = (how: End | null): void => settle({ how, code: null, said: '', lastWords: '' });
    readable.once('end', () => resolve(null));
    readable.once('close', () => resolve({ kind: 'outputEnded' }));
    readable.once('error', (error) => resolve({ kind: 'outputFailed', said: error.message }));
    writable.once('error', (error) => resolve({ kind: 'inputFailed', said: error.message }));
  });
  return { pid: null, readable, writable, ended };
}

interface Pending {
  method: HostMethod;
  resolve: (result: unknown) => void;
  reject: (refusal: Refusal) => void;
}

/** Only a request of absurd size does not fit. */
function frameOf(request: { id: number; method: HostMethod; params: HostCalls[HostMethod]['params'] }): Buffer {
  try {
    return encodeFrame(request);
  } catch (error) {
    if (error instanceof FrameError)
      throw new Refusal([
        failure({ code: 'BAD_ARGUMENT', op: 'host', reason: { kind: 'badFrame', said: error.message } }),
      ]);
    throw error;
  }
}

const EVENTS: ReadonlySet<unknown> = new Set<Extract<HostMessage, { event: unknown }>['event']>([
  'hello',
  'progress',
  'joined',
  'error',
  'result',
  'disks',
  'rights',
  'waiting',
]);

/** `value` as a message, judged by its outermost shape; null when it is not one. */
function messageOf(value: unknown): HostMessage | null {
  if (typeof value !== 'object' || value === null) return null;
  const isEvent = 'event' in value && EVENTS.has(value.event);
  const isAnswer = 'id' in value && 'ok' in value && typeof value.ok === 'boolean';
  return isEvent || isAnswer ? (value as HostMessage) : null;
}

class HostClient implements Engine {
  readonly pid: number | null;
  readonly closed: Promise<PlatterError | null>;
  readonly #host: HostProcess;
  readonly #decoder = new FrameDecoder();
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(event: HostEvent) => void>();
  readonly #diskListeners = new Set<(disks: DisksEvent['disks']) => void>();
  readonly #rightsListeners = new Set<(asking: RightsEvent['asking']) => void>();
  readonly #waitingListeners = new Set<Waiting>();
  #lastId = 0;
  /** The host has named its protocol. */
  #greeted = false;
  /** A job has started and has no result yet: the host must not end now. */
  #jobRuns = false;
  /** Set when the host is gone. */
  #gone: Refusal | null = null;
  #settleClosed: (failure: PlatterError | null) => void = () => undefined;

  constructor(host: HostProcess) {
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    this.#host = host;
    this.pid = host.pid;
    host.readable.on('data', (chunk: Buffer) => this.#read(chunk));
    void host.ended.then((end) => this.#end(end.how, end.lastWords));
  }

  async call<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<HostCalls[M]['result']> {
    if (this.#gone !== null) throw this.#gone;
    const id = ++this.#lastId;
    const frame = frameOf({ id, method, params });
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { method, resolve, reject }));
    this.#host.writable.write(frame);
    return (await answer) as HostCalls[M]['result'];
  }

  onEvent(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onDisks(listener: (disks: DisksEvent['disks']) => void): () => void {
    this.#diskListeners.add(listener);
    return () => this.#diskListeners.delete(listener);
  }

  onRights(listener: (asking: RightsEvent['asking']) => void): () => void {
    this.#rightsListeners.add(listener);
    return () => this.#rightsListeners.delete(listener);
  }

  onWaiting(listener: Waiting): () => void {
    this.#waitingListeners.add(listener);
    return () => this.#waitingListeners.delete(listener);
  }

  close(): Promise<PlatterError | null> {
    this.#host.writable.end();
    return this.closed;
  }

  #read(chunk: Buffer): void {
    if (this.#gone !== null) return;
    const values: unknown[] = [];
    let broken: string | null = null;
    try {
      for (const value of this.#decoder.push(chunk)) values.push(value);
    } catch (error) {
      broken = String(error);
    }
    for (const value of values) this.#receive(value);
    if (broken !== null) this.#end({ kind: 'protocol', said: broken });
  }

  #receive(value: unknown): void {
    const message = messageOf(value);
    if (message === null || this.#greeted === ('event' in message && message.event === 'hello')) {
      this.#end({ kind: 'notInProtocol' });
    } else if (!('event' in message)) {
      this.#answer(message);
    } else if (message.event === 'hello') {
      this.#greeted = true;
      if (message.protocol !== PROTOCOL) this.#end({ kind: 'otherProtocol', protocol: String(message.protocol) });
    } else if (message.event === 'disks') {
      for (const listener of this.#diskListeners) listener(message.disks);
    } else if (message.event === 'rights') {
      for (const listener of this.#rightsListeners) listener(message.asking);
    } else if (message.event === 'waiting') {
      for (const listener of this.#waitingListeners) listener(message.path, message.reading);
    } else {
      if (message.event === 'result') this.#jobRuns = false;
      for (const listener of this.#listeners) listener(message);
    }
  }

  #answer(response: HostResponse): void {
    const pending = this.#pending.get(response.id);
    if (pending === undefined) {
      this.#end({ kind: 'unasked' });
      return;
    }
    this.#pending.delete(response.id);
    if (!response.ok) {
      pending.reject(new Refusal(response.errors));
      return;
    }
    if (pending.method === 'start') this.#jobRuns = true;
    pending.resolve(response.result);
  }

  /**
   * Ends everything: the host is gone, or cannot be trusted any more. `how` is null when it ended well, as far as
   * known; `said` is its last output.
   */
  #end(how: End | null, said = ''): Refusal {
    if (this.#gone !== null) return this.#gone;
    const orderly = how === null && !this.#jobRuns && this.#pending.size === 0;
    const end: End = orderly ? { kind: 'closed' } : (how ?? { kind: 'early' });
    const reason: Reason =
      how === null || said === '' ? { kind: 'hostFailed', end } : { kind: 'hostFailedSaying', end, said };
    const writes = this.#jobRuns || [...this.#pending.values()].some(({ method }) => method === 'start');
    const error = failure({
      code: 'HOST_FAILED',
      op: 'host',
      reason,
      ...(writes ? {} : { remedy: { kind: 'nothingWritten' } }),
    });
    this.#gone = new Refusal([error]);
    for (const { reject } of this.#pending.values()) reject(this.#gone);
    this.#pending.clear();
    for (const listener of this.#rightsListeners) listener(null);
    this.#settleClosed(orderly ? null : error);
    // A host that still runs sees that its client is gone, stops its job and exits.
    this.#host.writable.end();
    this.#host.readable.destroy();
    return this.#gone;
  }
}
