// The ended jobs that match a search, their reports, and the log and diagnostics.
import type { Outcome, PlatterError } from '../../app/contract/errors.ts';
import type { ReportForm } from '../../app/contract/limits.ts';
import type { FoundJobs, JobRecord } from '../../app/contract/records.ts';
import type { Bridge } from '../../app/contract/window.ts';
import { say } from '../words.ts';
import type { Mirror } from './mirror.svelte.ts';

/** The state and the actions of the history. */
export class History {
  /** Its drawer is open. */
  open = $state(false);
  #query = $state('');
  /** null until the first answer. */
  found = $state.raw<FoundJobs | null>(null);
  /** Why the last call was refused. */
  refusals = $state.raw<PlatterError[]>([]);
  /** Describes the outcome of the last call. A function, because the language can change. */
  #answer = $state.raw<() => string>(() => '');
  /** The job whose report or manifest was saved last. */
  #savedOf = $state.raw<string | null>(null);
  /** The file that was saved last; null when the last call was about something else. */
  #savedAt = $state.raw<string | null>(null);
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;
  #searches = 0;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  /** The answer of the last call, in words. */
  get answer(): string {
    return this.#answer();
  }

  /** The outcome of saving a file of the job `id`; null when the last call was about something else. */
  saidOf(id: string): { answer: string; saved: string | null; refusals: readonly PlatterError[] } | null {
    return this.#savedOf === id ? { answer: this.answer, saved: this.#savedAt, refusals: this.refusals } : null;
  }

  /** The file that the last call saved; null for any other call. */
  get saved(): string | null {
    return this.#savedAt;
  }

  get query(): string {
    return this.#query;
  }

  set query(words: string) {
    this.#query = words;
    this.#begin();
    void this.search();
  }

  /** Opens the drawer with the current history. */
  async show(): Promise<void> {
    this.#begin();
    this.open = true;
    await this.search();
  }

  /** Searches again. When answers overlap, the one to the last question counts. */
  async search(): Promise<void> {
    const question = ++this.#searches;
    const outcome = await this.#mirror.ask(this.#bridge.findJobs(this.#query));
    if (question !== this.#searches || outcome === undefined) return;
    this.refusals = outcome.ok ? [] : outcome.errors;
    if (outcome.ok) this.found = outcome.value;
  }

  /** Asks main for a job to choose again; undefined when it is refused. */
  async repeat(id: string): Promise<JobRecord | undefined> {
    this.#begin();
    const outcome = await this.#mirror.ask(this.#bridge.repeatJob(id));
    if (outcome === undefined) return undefined;
    this.refusals = outcome.ok ? [] : outcome.errors;
    return outcome.ok ? outcome.value : undefined;
  }

  /** Saves the report on these jobs at a place chosen in the native dialog. */
  async save(ids: readonly string[], form: ReportForm): Promise<void> {
    await this.#saving(ids.length === 1 ? ids[0]! : null, this.#bridge.reportJobs([...ids], form));
  }

  /** Saves the manifest with this SHA-256, of the job `id`, at a place chosen in the native dialog. */
  async saveManifest(id: string, manifest: string): Promise<void> {
    await this.#saving(id, this.#bridge.saveManifest(manifest));
  }

  async #saving(id: string | null, call: Promise<Outcome<string | null>>): Promise<void> {
    this.#begin(id);
    const outcome = await this.#mirror.ask(call);
    if (outcome === undefined) return;
    this.refusals = outcome.ok ? [] : outcome.errors;
    const path = outcome.ok ? outcome.value : null;
    if (path === null) return;
    this.#savedAt = path;
    this.#answer = () => say('history.saved', { path });
  }

  /** Opens the saved file with the desktop's program for it. */
  async openSaved(path: string): Promise<void> {
    await this.#reach(this.#bridge.openSaved(path));
  }

  /** Shows the saved file in its folder. */
  async showSaved(path: string): Promise<void> {
    await this.#reach(this.#bridge.showSaved(path));
  }

  async #reach(call: Promise<Outcome<null>>): Promise<void> {
    const outcome = await this.#mirror.ask(call);
    this.refusals = outcome?.ok === false ? outcome.errors : [];
  }

  async showLog(): Promise<void> {
    const path = await this.#mirror.ask(this.#bridge.showLog());
    if (typeof path !== 'string') return;
    this.#begin();
    this.#answer = () => say('history.logAt', { path });
  }

  async copyDiagnostics(): Promise<void> {
    const done = await this.#mirror.ask(this.#bridge.copyDiagnostics());
    if (done !== null) return;
    this.#begin();
    this.#answer = () => say('history.copied');
  }

  /** Begins a call about a file of the job `id`, or about something else. Forgets the outcome of the last call. */
  #begin(id: string | null = null): void {
    this.#answer = () => '';
    this.#savedOf = id;
    this.#savedAt = null;
    this.refusals = [];
  }
}
