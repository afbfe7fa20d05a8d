// Gets sessions with platter-broker, which opens disks that the host's user may not open. Each session is for the disks
// of one job. A person approves it, unless Platter was started as root.
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RightsQuestion } from '../../contract/host.ts';
import {
  deviceArguments,
  elevationFailure,
  findElevationTools,
  sessionRoute,
  type CommandEnd,
  type HostStart,
  type ElevationTools,
} from '../../client/elevation.ts';
import { cancelledOpening, errnoOf, failure, failureOf, Refusal } from '../../base/errors.ts';
import type { NativeAddon, NativeBroker } from '../native/addon.ts';
import { asking, brokerFailure, RightsSession, type Wanted } from './rights-session.ts';

const BESIDE = fileURLToPath(new URL('../native/platter-broker', import.meta.url));
/** A command that succeeds has connected by this time. In milliseconds. */
const CONNECTED_MS = 5000;
const STDERR_KEPT = 4096;
/** A socket's path has less than 108 bytes (unix(7)). The name added to the folder takes less than the rest. */
const LONGEST_FOLDER = 80;

/** Asks for rights, one question at a time. */
export class Rights {
  readonly #start: HostStart;
  readonly #findTools: () => ElevationTools;
  readonly #load: () => NativeAddon;
  readonly #onQuestion: (asking: RightsQuestion | null) => void;
  #questions = 0;
  /** Called when the client's command ends. */
  #ended: ((end: CommandEnd) => void) | null = null;

  /**
   * `onQuestion` receives each question, and null when it is over. `load` gives the addon. `findTools` gives what this
   * machine offers, which can change while the host runs.
   */
  constructor(
    start: HostStart,
    load: () => NativeAddon,
    onQuestion: (asking: RightsQuestion | null) => void,
    findTools = (): ElevationTools => findElevationTools(BESIDE),
  ) {
    this.#start = start;
    this.#load = load;
    this.#onQuestion = onQuestion;
    this.#findTools = findTools;
  }

  /**
   * Opens a session for exactly these devices. Rejects with a Refusal when there is no way to get rights or they were
   * denied (NOT_PERMITTED), or when `signal` withdrew the question (CANCELLED).
   */
  async session(wanted: readonly Wanted[], signal?: AbortSignal): Promise<RightsSession> {
    const way = sessionRoute(this.#start, this.#findTools());
    if (way.how === 'none') {
      throw new Refusal(
        wanted.map(({ path }) =>
          failure({
            code: 'NOT_PERMITTED',
            op: 'open',
            device: path,
            errno: 'EACCES',
            reason: { kind: 'accessRefused' },
            remedy: way.remedy,
          }),
        ),
      );
    }
    const devices = deviceArguments(wanted.map(({ block: { name }, access }) => ({ name, access })));
    try {
      switch (way.how) {
        case 'control':
          return await this.#named(this.#load().brokerOver(way.control), wanted, signal);
        case 'pkexec':
          return await this.#byPkexec([...way.command, ...devices], wanted, signal);
        case 'sudo':
          return await this.#bySudo((socket) => [...way.command, '--socket', socket, ...devices], wanted, signal);
      }
    } catch (error) {
      throw error instanceof Refusal ? error : new Refusal([failureOf(error, 'open', wanted[0]!.path, 'block')]);
    }
  }

  /** Reports that the command of question `question` has ended. Ignored when that question is over. */
  ended(question: number, end: CommandEnd): void {
    if (question === this.#questions) this.#ended?.(end);
  }

  async #byPkexec(
    argv: readonly string[],
    wanted: readonly Wanted[],
    signal: AbortSignal | undefined,
  ): Promise<RightsSession> {
    const { broker, peer } = this.#load().brokerPair();
    const command = start(argv, peer);
    this.#ask({ how: 'pkexec', devices: wanted.map(({ path }) => path), argv: [] });
    try {
      return await this.#named(broker, wanted, signal);
    } catch (error) {
      command.withdraw();
      // The end of the broker shows first; the end of the command says why.
      if (signal?.aborted === true || !isEnd(error)) throw error;
      throw new Refusal([
        elevationFailure(
          'pkexec',
          await command.ended,
          wanted.map(({ path }) => path),
        ),
      ]);
    } finally {
      this.#onQuestion(null);
    }
  }

  async #bySudo(
    argv: (socket: string) => string[],
    wanted: readonly Wanted[],
    signal: AbortSignal | undefined,
  ): Promise<RightsSession> {
    const folder = await makeFolder();
    try {
      return await this.#named(await this.#accepted(join(folder, 'broker'), argv, wanted, signal), wanted, signal);
    } finally {
      this.#onQuestion(null);
      await rm(folder, { recursive: true });
    }
  }

  /** Waits for the connection of a broker that the client starts. */
  async #accepted(
    socket: string,
    argv: (socket: string) => string[],
    wanted: readonly Wanted[],
    signal: AbortSignal | undefined,
  ): Promise<NativeBroker> {
    const devices = wanted.map(({ path }) => path);
    const listener = new (this.#load().BrokerListener)(socket);
    const stop = (): void => listener.close();
    signal?.addEventListener('abort', stop, { once: true });
    const ended = new Promise<CommandEnd>((resolve) => (this.#ended = resolve));
    const failed = ended.then(async (end) => {
      if (end.code === 0) await sleep(CONNECTED_MS, undefined, { ref: false });
      throw new Refusal([elevationFailure('sudo', end, devices)]);
    });
    try {
      const accepted = listener.accept();
      this.#ask({ how: 'sudo', devices, argv: argv(socket) });
      return await Promise.race([accepted, failed]);
    } catch (error) {
      if (signal?.aborted === true) throw cancelledOpening();
      throw error;
    } finally {
      this.#ended = null;
      failed.catch(() => undefined); // the question is settled, so ignore a later failure
      signal?.removeEventListener('abort', stop);
      listener.close();
    }
  }

  /** Sends the broker the list of devices. Resolves when the rights are granted. */
  async #named(
    broker: NativeBroker,
    wanted: readonly Wanted[],
    signal: AbortSignal | undefined,
  ): Promise<RightsSession> {
    const stop = (): void => broker.close();
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    const [first] = wanted;
    try {
      const reply = await asking(first!.path, 'open', () => broker.name(wanted.map(deviceOf)));
      if (reply.status !== 'ok') throw new Refusal([failure(brokerFailure(reply, first!.path, 'open'))]);
      return new RightsSession(broker, wanted);
    } catch (error) {
      broker.close();
      if (signal?.aborted === true) throw cancelledOpening();
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  #ask(question: Omit<RightsQuestion, 'question'>): void {
    this.#questions += 1;
    this.#onQuestion({ question: this.#questions, ...question });
  }
}

const isEnd = (error: unknown): boolean => error instanceof Refusal && error.errors[0]?.reason.kind === 'brokerEnded';

function deviceOf({ block, access }: Wanted): Parameters<NativeBroker['name']>[0][number] {
  const [major = 0, minor = 0] = block.majorMinor.split(':').map(Number);
  return { major, minor, size: block.size, diskSequence: block.diskSequence ?? 0, access };
}

/** Starts `argv` with the descriptor `peer` as its input, and closes `peer` here. */
function start(argv: readonly string[], peer: number): { ended: Promise<CommandEnd>; withdraw: () => void } {
  const [program = '', ...args] = argv;
  try {
    const child = spawn(program, args, { stdio: [peer, 'ignore', 'pipe'], cwd: '/' });
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-STDERR_KEPT)));
    const ended = new Promise<CommandEnd>((resolve) => {
      child.once('error', (error) => resolve({ code: null, said: error.message }));
      child.once('close', (code) => resolve({ code, said }));
    });
    // The broker ends with its session, so do not wait for it.
    child.unref();
    return { ended, withdraw: () => void child.kill() };
  } finally {
    closeSync(peer);
  }
}

/** Makes a folder for a socket that no other user can enter. */
async function makeFolder(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const own = env.XDG_RUNTIME_DIR ?? '';
  const usable = isAbsolute(own) && own.length < LONGEST_FOLDER ? [own, tmpdir()] : [tmpdir()];
  try {
    return await mkdtemp(join(usable[0]!, 'platter-'));
  } catch (error) {
    if (errnoOf(error) === null || usable.length === 1) throw error;
    return mkdtemp(join(usable[1]!, 'platter-'));
  }
}
