// The one way to the engine: starts the host process, asks it, hears its events. A host that breaks down is an
// error of everything that waits for it, never a hang. What a host says is not checked against a schema: it is a
// program of the same version (its first frame says so), and has rights that its client may not have.
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
  type HostRequest,
  type HostResponse,
  type RightsEvent,
} from '../contract/host.ts';
import { failure, Refusal } from '../base/errors.ts';
import { encodeFrame, FrameDecoder, FrameError } from './frames.ts';
import { hostCommand, startHost, type HostEnd, type HostProcess, type HostRights } from './host-process.ts';

export { Refusal } from '../base/errors.ts';
export { controlSocket } from './host-process.ts';

/** How the host is reached. With none of these, it is started from beside this program's own bundle. */
export interface EngineOptions {
  /** Program and arguments that become the host. */
  command?: readonly string[];
  /** A host that was started before. */
  host?: HostProcess;
  /** A host that somebody else started: what it writes, and what it reads. */
  streams?: { readable: Readable; writable: Writable };
  /** How a host that is started here gets rights; by default by polkit alone. */
  rights?: HostRights;
  /** Hears what a host that is started here says on stderr. */
  heard?: (text: string) => void;
}

/** A running engine host. */
export interface Engine {
  /** Asks the host. Rejects with a Refusal: the host's reasons, or HOST_FAILED when it is gone. */
  call<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<HostCalls[M]['result']>;
  /** Hears every event of the running job; gives the function that stops listening. */
  onEvent(listener: (event: HostEvent) => void): () => void;
  /** Hears of the disks, after the call `watch`; gives the function that stops listening. */
  onDisks(listener: (disks: DisksEvent['disks']) => void): () => void;
  /** Hears when rights are asked for, and null when that is over; gives the function that stops listening. */
  onRights(listener: (asking: RightsEvent['asking']) => void): () => void;
  /** Process ID of the host; null where it is not known. */
  readonly pid: number | null;
  /**
   * Hears the path of a file that the host still waits for while it prepares; gives the function that stops listening.
   */
  onWaiting(listener: (path: string) => void): () => void;
  /** Settles when the host is gone: null after an orderly end, else HOST_FAILED. Never rejects. */
  readonly closed: Promise<PlatterError | null>;
  /** Ends the host's input: it stops a running job safely and exits. Resolves as `closed` does. Idempotent. */
  close(): Promise<PlatterError | null>;
}

/** Starts the engine host. A host that cannot be started shows in `closed` and in every call. */
export function startEngine({
  command,
  host,
  streams,
  rights = { control: null, sudo: false },
  heard,
}: EngineOptions = {}): Engine {
  return new HostClient(
    host ?? (streams === undefined ? startHost(command ?? hostCommand(), rights, heard) : attached(streams)),
  );
}

/** A host that somebody else started: all that is known of its end is that its output ends. */
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
function frameOf(request: HostRequest): Buffer {
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
  'error',
  'result',
  'disks',
  'rights',
  'waiting',
]);

/** `value` as the message that it is by its outermost shape; null when it is none. */
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
  readonly #waitingListeners = new Set<(path: string) => void>();
  #lastId = 0;
  /** The host has said which protocol it speaks. */
  #greeted = false;
  /** A job was started and has not given its result: the host must not end now. */
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

  onWaiting(listener: (path: string) => void): () => void {
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
      for (const listener of this.#waitingListeners) listener(message.path);
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
   * The host is gone, or nothing it says counts any more. `how` is null when it ended well, as far as it knows; `said`
   * is the last that it said.
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
    // One that still runs learns by this that nobody listens; it stops its job and exits.
    this.#host.writable.end();
    this.#host.readable.destroy();
    return this.#gone;
  }
}
