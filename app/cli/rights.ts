// The command line's part in getting rights to disks: it runs sudo on its terminal when the host asks for it, and
// prints the command to type when nobody can be asked.
import { spawn, type ChildProcess } from 'node:child_process';
import type { PlatterError } from '../contract/errors.ts';
import type { HostCalls, HostMethod, RightsQuestion } from '../contract/host.ts';
import type { Engine } from '../client/client.ts';
import { failure, Refusal } from '../base/errors.ts';

/** `engine` with its questions for rights answered. `say` receives the sentence before each question. */
export const withRights = (engine: Engine, say: (sentence: string) => void): Engine => new AnsweringEngine(engine, say);

class AnsweringEngine implements Engine {
  readonly pid: Engine['pid'];
  readonly closed: Engine['closed'];
  readonly #engine: Engine;
  readonly #say: (sentence: string) => void;
  #command: ChildProcess | null = null;
  /** Once a job starts, its keys are read from the terminal, so sudo must not ask for a password there. */
  #started = false;

  constructor(engine: Engine, say: (sentence: string) => void) {
    this.#engine = engine;
    this.#say = say;
    this.pid = engine.pid;
    this.closed = engine.closed;
    engine.onRights((asking) => this.#asked(asking));
  }

  async call<M extends HostMethod>(method: M, params: HostCalls[M]['params']): Promise<HostCalls[M]['result']> {
    if (method === 'start') this.#started = true;
    try {
      return await this.#engine.call(method, params);
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(error.errors.map(withCommand)) : error;
    }
  }

  onEvent: Engine['onEvent'] = (listener) => this.#engine.onEvent(listener);
  onDisks: Engine['onDisks'] = (listener) => this.#engine.onDisks(listener);
  onRights: Engine['onRights'] = (listener) => this.#engine.onRights(listener);
  onWaiting: Engine['onWaiting'] = (listener) => this.#engine.onWaiting(listener);

  close(): Promise<PlatterError | null> {
    return this.#engine.close();
  }

  #asked(asking: RightsQuestion | null): void {
    // Fails when sudo already runs as root. The user then ends it on the terminal.
    this.#command?.kill();
    this.#command = null;
    if (asking === null) return;
    this.#say(askingFor(asking));
    if (asking.how === 'sudo') this.#run(asking);
  }

  #run({ question, argv: [sudo = '', ...args] }: RightsQuestion): void {
    // sudo reads the password from the terminal, not from its input.
    const child = spawn(sudo, this.#started ? ['--non-interactive', ...args] : args, {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-STDERR_KEPT)));
    const ended = (code: number | null, words: string): void => {
      // The host or the question may be gone; the answer is not needed then.
      this.#engine.call('rightsEnded', { question, code, said: words }).catch((error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
      });
    };
    child.once('error', (error) => ended(null, error.message));
    child.once('close', (code) => ended(code, said));
    this.#command = child;
  }
}

const STDERR_KEPT = 4096;

/** The sentence before the question. */
export function askingFor({ how, devices }: Pick<RightsQuestion, 'how' | 'devices'>): string {
  const asks =
    how === 'sudo' ? 'sudo asks for your password if it needs it.' : 'The desktop asks for a password if it needs one.';
  return `Opening ${devices.join(', ')} needs administrator rights. ${asks}`;
}

/** Adds the command to type, for when nobody can be asked but a person is at a terminal. */
function withCommand(error: PlatterError): PlatterError {
  if (!['installPkexec', 'installPackage', 'sudoStart'].includes(error.remedy.kind)) return error;
  return failure({ ...error, remedy: { kind: 'said', text: `Give Platter the rights: ${sudoCommand(process.argv)}` } });
}

/** The command line's place in a package, below the folder with the script `platter`. */
const PACKAGED = '/resources/app.asar.unpacked/out/cli/platter.js';
/** The folder of an installed package, whose command is just `platter`. */
const INSTALLED = '/usr/lib/platter';

/**
 * The command to type for a job that needs rights. `argv` is that of this process: Node, the program, its arguments.
 * The command names the launcher that runs the bundle as the user who called sudo, never the bundle itself.
 */
export function sudoCommand(argv: readonly string[]): string {
  const [node = '', program = '', ...args] = argv;
  return ['sudo', ...platterCommand(node, program), ...args].map(quoted).join(' ');
}

/** The command to type for what only root itself can do. Behind sudo, Platter runs as the user who called it. */
export function rootCommand(argv: readonly string[]): string {
  const [node = '', program = '', ...args] = argv;
  return ['sudo', 'env', '--unset=SUDO_UID', ...platterCommand(node, program), ...args].map(quoted).join(' ');
}

function platterCommand(node: string, program: string): string[] {
  if (!program.endsWith(PACKAGED)) return [node, program.replace(/\/out\/cli\/platter\.js$/, '/build/platter.mjs')];
  const folder = program.slice(0, -PACKAGED.length);
  return [folder === INSTALLED ? 'platter' : `${folder}/platter`];
}

/** Quotes a word for a shell. */
const quoted = (word: string): string => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
