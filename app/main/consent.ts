// Decides whether the user in front of the window has agreed. Main sees their input before the page does, and the page
// cannot fake any: events dispatched by a script stay in the page. Pure except for the clock.
import type { InputEvent } from 'electron';
import type { PlatterError } from '../contract/errors.ts';
import type { Reason, Remedy } from '../contract/facts.ts';
import type { Review, WindowCalls } from '../contract/window.ts';
import { failure } from '../base/errors.ts';
import { consentFor, consentForStation, HOLD_MS, type Consent as Agreement } from '../view/consent.ts';

/** What main requires before it carries out a call of the page. */
export type Need =
  /** Nothing: the call reads, dismisses something, or slows or stops a job, which must always work. */
  | 'nothing'
  /** The user gave every file and link in it (granted-files.ts). It writes nothing on a disk. */
  | 'given'
  /** Main's own dialog asks; the answer comes from the user. */
  | 'dialog'
  /** A press in the window during the last PRESS_MS, which is then used up. */
  | 'press'
  /**
   * The plan that it names was shown for HOLD_MS, and the person did what this plan requires: a press, a hold or a
   * typed word (view/consent.ts).
   */
  | 'consent';

/** What each call requires. */
export const NEEDS: Readonly<Record<keyof WindowCalls, Need>> = {
  start: 'consent',
  join: 'consent',
  armStation: 'consent',
  proposeStation: 'given',
  review: 'given',
  describeImage: 'given',
  findUsage: 'given',
  download: 'given',
  openImage: 'press',
  openRecorded: 'press',
  showFiles: 'press',
  openSaved: 'press',
  showSaved: 'press',
  retry: 'press',
  prepareJoin: 'given',
  forget: 'press',
  eject: 'press',
  resumeDownload: 'press',
  discardDownload: 'press',
  chooseImage: 'dialog',
  chooseOldImage: 'dialog',
  chooseManifest: 'dialog',
  chooseNewImage: 'dialog',
  reportJobs: 'dialog',
  saveManifest: 'dialog',
  getState: 'nothing',
  getSpeeds: 'nothing',
  getAbout: 'nothing',
  getHelpText: 'nothing',
  refreshDisks: 'nothing',
  dismissReview: 'nothing',
  cancel: 'nothing',
  leaveJoin: 'nothing',
  pause: 'nothing',
  throttle: 'nothing',
  stopDownload: 'nothing',
  stopUsage: 'nothing',
  keepDownload: 'nothing',
  recordedImages: 'nothing',
  closeImage: 'nothing',
  dismissJob: 'nothing',
  findJobs: 'nothing',
  repeatJob: 'nothing',
  chooseRecent: 'nothing',
  showLog: 'nothing',
  copyDiagnostics: 'nothing',
  changeSettings: 'nothing',
  getBays: 'nothing',
  setBays: 'nothing',
  stopStation: 'nothing',
  skipBay: 'nothing',
  dismissStation: 'nothing',
};

/** Milliseconds during which a press counts for the call that it caused. */
const PRESS_MS = 5000;

/** An input event of the window, as Electron reports it, with more fields for keys than Electron's types have. */
export type Input = Pick<InputEvent, 'type' | 'modifiers'> & { key?: unknown; code?: unknown };

/** Keys that press a button. */
const isButtonKey = (key: unknown): boolean => key === ' ' || key === 'Enter';
/** Keys that type a character; an input method hides which one. */
const isCharacter = (key: unknown): boolean =>
  typeof key === 'string' && (key.length === 1 || key === 'Process' || key === 'Dead' || key === 'Unidentified');

/** The person's side of every consent: what main has shown them, and what they pressed since. */
export class Consent {
  readonly #now: () => number;
  #shown: { id: string; at: number } | null = null;
  /** Keys and buttons held down, and since when. */
  readonly #held = new Map<string, number>();
  #pressedAt = -Infinity;
  /** Characters typed since the plan was shown. */
  #typed = 0;

  /** `now` gives milliseconds of a monotonic clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Call this when the visible window has been sent the review `id`; null: it shows no review, or no page. */
  onShown(id: string | null): void {
    if (this.#shown?.id === id) return;
    this.#shown = id === null ? null : { id, at: this.#now() };
    this.#typed = 0;
  }

  /** Call this for each input event of the window. */
  onInput({ type, modifiers = [], key, code }: Input): void {
    if (type === 'mouseDown' && modifiers.includes('leftbuttondown')) this.#press('mouse');
    else if (type === 'mouseUp') this.#held.delete('mouse');
    else if (type === 'touchStart') this.#press('touch');
    else if (type === 'touchEnd' || type === 'touchCancel') this.#held.delete('touch');
    else if (type === 'keyUp') this.#held.delete(`key ${String(code)}`);
    else if ((type === 'keyDown' || type === 'rawKeyDown') && !modifiers.includes('isautorepeat')) {
      if (isCharacter(key)) this.#typed += 1;
      this.#press(isButtonKey(key) ? `key ${String(code)}` : null);
    }
  }

  /** Call this when the window loses the focus or its page, because releases may go elsewhere then. */
  releasesAll(): void {
    this.#held.clear();
  }

  /** Uses up the last press. Gives null, or why no press counts for a call now. */
  pressed(): PlatterError | null {
    const recent = this.#now() - this.#pressedAt <= PRESS_MS;
    this.#pressedAt = -Infinity;
    return recent ? null : refusal({ kind: 'noPress' }, { kind: 'pressAgain' });
  }

  /** Gives null when the person has agreed to start this review, or why not. */
  agreed({ id, plan }: Review): PlatterError | null {
    return this.#agreedTo(id, consentFor(plan));
  }

  /** Gives null when the person has agreed to arm the proposed station with this id, or why not. */
  agreedToStation(id: string): PlatterError | null {
    return this.#agreedTo(id, consentForStation());
  }

  #agreedTo(id: string, { kind, word }: Pick<Agreement, 'kind' | 'word'>): PlatterError | null {
    const shown = this.#shown?.id === id ? this.#shown.at : null;
    if (shown === null || this.#now() - shown < HOLD_MS)
      return refusal({ kind: 'shownTooShortly' }, { kind: 'startAgain' });
    if (kind === 'none')
      return this.#pressedAt > shown ? this.pressed() : refusal({ kind: 'noPress' }, { kind: 'pressAgain' });
    if (this.#typed >= word.length && this.pressed() === null) return null;
    if (kind === 'word') return refusal({ kind: 'notTyped' }, { kind: 'typeAgain', word });
    const held = [...this.#held.values()].some((since) => since > shown && this.#now() - since >= HOLD_MS);
    return held ? null : refusal({ kind: 'notHeld' }, { kind: 'holdAgain', word });
  }

  #press(held: string | null): void {
    this.#pressedAt = this.#now();
    if (held !== null) this.#held.set(held, this.#pressedAt);
  }
}

const refusal = (reason: Reason, remedy: Remedy): PlatterError =>
  failure({ code: 'CONFIRM', op: 'check', reason, remedy });
