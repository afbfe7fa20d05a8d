// The images that are open as files: opening them, showing them in the file manager, and closing them.
import type { Outcome, PlatterError } from '../../app/contract/errors.ts';
import type { OpenImage } from '../../app/contract/opened-images.ts';
import type { Bridge } from '../../app/contract/window.ts';
import type { Mirror } from './mirror.svelte.ts';

/** Calls about images as files. One at a time. */
export class Images {
  /** What a call is about: the path of an image, a job and a destination, or the folder of an open image. */
  busy = $state.raw<string | null>(null);
  /** What the last call was about, and why it was refused. */
  #refused = $state.raw<{ about: string; errors: PlatterError[] } | null>(null);
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  get all(): OpenImage[] {
    return this.#mirror.state?.openImages ?? [];
  }

  /** Why the last call about this was refused; empty for anything else. */
  refusalsOf(about: string): readonly PlatterError[] {
    return this.#refused?.about === about ? this.#refused.errors : [];
  }

  /** Opens an image that the user has given, and shows its files. `entry`: as in a request. */
  async open(path: string, entry: string | null): Promise<void> {
    await this.#call(path, () => this.#bridge.openImage(path, entry));
  }

  /** The same for the image that a job of the history wrote. */
  async openRecorded(job: string, destination: number): Promise<void> {
    await this.#call(recorded(job, destination), () => this.#bridge.openRecorded(job, destination));
  }

  /** The destinations of a job that are images and still exist. */
  async existing(job: string): Promise<number[]> {
    return (await this.#mirror.ask(this.#bridge.recordedImages(job))) ?? [];
  }

  /** Shows a file system of an open image in the file manager. */
  async show({ folder }: OpenImage, partition: number | null): Promise<void> {
    await this.#call(folder, () => this.#bridge.showFiles(folder, partition));
  }

  async close({ folder }: OpenImage): Promise<void> {
    await this.#call(folder, () => this.#bridge.closeImage(folder));
  }

  async #call(about: string, call: () => Promise<Outcome<null>>): Promise<void> {
    if (this.busy !== null) return;
    this.busy = about;
    this.#refused = null;
    const outcome = await this.#mirror.ask(call());
    this.busy = null;
    if (outcome?.ok === false) this.#refused = { about, errors: outcome.errors };
  }
}

/** Names a destination of a job. */
export const recorded = (job: string, destination: number): string => `${job} ${destination}`;
