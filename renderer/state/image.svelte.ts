// The image file chosen last, its content, and the chosen file of an archive.
import type { ArchivedFile, Described } from '../../app/contract/disk-content.ts';
import type { Bridge } from '../../app/contract/window.ts';
import { filesOf } from '../image-facts.ts';
import type { Mirror } from './mirror.svelte.ts';

/** It stays in the list when a disk is chosen instead. */
export class ChosenImage {
  /** null when none was chosen. */
  path = $state.raw<string | null>(null);
  /** Where the file was downloaded from, without secrets; null for any other. */
  origin = $state.raw<string | null>(null);
  /** The content; null until it is known, or when the file cannot be read. */
  described = $state.raw<Described | null>(null);
  /** The files of an archive with several; empty for any other file. */
  #files = $state.raw<ArchivedFile[]>([]);
  /** Counts the requests, so that the answer to an older one is ignored. */
  #asked = 0;
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  /** The files of an archive among which the user chooses; empty when there is no choice. */
  get files(): readonly ArchivedFile[] {
    return this.#files;
  }

  /** Shows this image and requests its content. The file may have changed since the last time. */
  show(path: string, origin: string | null, entry: string | null): void {
    this.path = path;
    this.origin = origin;
    this.#files = [];
    this.ask(entry);
  }

  /** Requests the content of the image, with this file of an archive (null: its only one). */
  ask(entry: string | null): void {
    const { path } = this;
    if (path === null) return;
    this.#asked += 1;
    const question = this.#asked;
    this.described = null;
    void this.#mirror.ask(this.#bridge.describeImage(path, entry)).then((described) => {
      if (question !== this.#asked || described?.ok !== true) return;
      this.described = described.value;
      this.#files = filesOf(described.value);
    });
  }

  /** The image is gone. */
  forget(): void {
    this.#asked += 1;
    this.path = null;
    this.origin = null;
    this.described = null;
    this.#files = [];
  }
}
