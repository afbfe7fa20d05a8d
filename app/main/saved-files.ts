// The files that this session has saved for its user. The page may only ask for one of them to be opened or shown.
import type { Outcome } from '../contract/errors.ts';
import { failure } from '../base/errors.ts';
import { notGiven } from './granted-files.ts';

/** What the desktop does with a file. */
export interface Desktop {
  /** Opens it with its program. Gives the error; empty when there is none. */
  open(path: string): Promise<string>;
  /** Shows it in the file manager. */
  show(path: string): void;
}

/** Paths of saved files. They are compared literally. */
export class SavedFiles {
  readonly #desktop: Desktop;
  readonly #paths = new Set<string>();

  constructor(desktop: Desktop) {
    this.#desktop = desktop;
  }

  /** Remembers what a call has saved; nothing when it was refused or cancelled. Gives its outcome. */
  remember(saved: Outcome<string | null>): Outcome<string | null> {
    if (saved.ok && saved.value !== null) this.#paths.add(saved.value);
    return saved;
  }

  /** Opens a saved file with the desktop's program for it. */
  async open(path: string): Promise<Outcome<null>> {
    if (!this.#paths.has(path)) return { ok: false, errors: [notGiven(path)] };
    const said = await this.#desktop.open(path);
    if (said === '') return { ok: true, value: null };
    return {
      ok: false,
      errors: [failure({ code: 'NOT_FOUND', op: 'open', device: path, reason: { kind: 'noProgram', path, said } })],
    };
  }

  /** Shows a saved file in its folder. */
  show(path: string): Outcome<null> {
    if (!this.#paths.has(path)) return { ok: false, errors: [notGiven(path)] };
    this.#desktop.show(path);
    return { ok: true, value: null };
  }
}
