// A button that must be held. Nothing happens when it is released early.
import { HOLD_MS } from '../../app/view/consent.ts';

/** Runs `done` once, when `press` is not followed by `release` for HOLD_MS. */
export class Hold {
  holding = $state(false);
  readonly #done: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(done: () => void) {
    this.#done = done;
  }

  press(): void {
    if (this.holding) return;
    this.holding = true;
    this.#timer = setTimeout(() => {
      this.holding = false;
      this.#done();
    }, HOLD_MS);
  }

  release(): void {
    clearTimeout(this.#timer);
    this.holding = false;
  }
}
