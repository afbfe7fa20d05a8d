// The settings file: settings.json in the user data, read once, rewritten as a whole at every change.
import { rename } from 'node:fs/promises';
import * as z from 'zod';
import type { Outcome, PlatterError } from '../contract/errors.ts';
import { defaultSettings } from '../contract/default-settings.ts';
import {
  jobDefaults,
  settings as settingsSchema,
  type JobDefaults,
  type Settings,
  type SettingsChange,
  type SettingsState,
} from '../contract/settings.ts';
import { readPlainFile, replaceFile } from '../base/durable-file.ts';
import { failure, failureOf, Refusal } from '../base/errors.ts';
import { nearest } from '../words/speech.ts';

/** Our own file has less than a thousand bytes. */
const MOST_BYTES = 64 * 1024;

/** The content of a file. An older Platter's file lacks new settings; a newer one's unknown settings are preserved. */
const fileSchema = z
  .looseObject({ ...settingsSchema.shape, defaults: z.looseObject(jobDefaults.shape).partial() })
  .partial();
type FileContents = z.infer<typeof fileSchema>;

/** The settings and the only way to change them. Changes are written one after the other. */
export class SettingsStore {
  readonly #path: string;
  readonly #system: readonly string[];
  readonly #changed: (state: SettingsState) => void;
  #contents: FileContents = {};
  #state: SettingsState;
  #writing: Promise<unknown> = Promise.resolve();

  /** `system`: the system's preferred languages, as BCP 47 tags. `changed` receives every change. */
  constructor(path: string, system: readonly string[], changed: (state: SettingsState) => void) {
    this.#path = path;
    this.#system = system;
    this.#changed = changed;
    this.#state = this.#stateOf({}, null);
  }

  get state(): SettingsState {
    return this.#state;
  }

  /** Reads the file. A damaged file is put aside and reported in the state. */
  async load(): Promise<void> {
    try {
      const read = await this.#read();
      this.#contents = read ?? {};
      this.#state = this.#stateOf(this.#contents, read === null ? await this.#putAside() : null);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#state = this.#stateOf({}, error.errors[0] ?? null);
    }
    this.#changed(this.#state);
  }

  /** Stores a change, then applies it. Refused with the system's reason when it cannot be stored. */
  change(change: SettingsChange): Promise<Outcome<null>> {
    const done = this.#writing.then(() => this.#change(change));
    this.#writing = done;
    return done;
  }

  async #change(change: SettingsChange): Promise<Outcome<null>> {
    const contents = { ...this.#contents, ...change, defaults: { ...this.#contents.defaults, ...change.defaults } };
    try {
      await replaceFile(this.#path, [Buffer.from(`${JSON.stringify(contents, null, 2)}\n`)]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { ok: false, errors: [...error.errors] };
    }
    this.#contents = contents;
    this.#state = this.#stateOf(contents, null);
    this.#changed(this.#state);
    return { ok: true, value: null };
  }

  /** The content of the file; empty when there is none, null when it is damaged. */
  async #read(): Promise<FileContents | null> {
    try {
      const parsed = fileSchema.safeParse(JSON.parse((await readPlainFile(this.#path, MOST_BYTES)).toString()));
      return parsed.success ? parsed.data : null;
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      if (error instanceof Refusal && error.errors.every(({ code }) => code === 'NOT_FOUND')) return {};
      throw error;
    }
  }

  async #putAside(): Promise<PlatterError> {
    const kept = `${this.#path}.broken-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`;
    try {
      await rename(this.#path, kept);
    } catch (error) {
      return failureOf(error, 'rename', this.#path, 'file');
    }
    return failure({
      code: 'BAD_FILE',
      op: 'read',
      device: kept,
      reason: { kind: 'settingsDamaged' },
      remedy: { kind: 'settingsKept', path: kept },
    });
  }

  #stateOf(contents: FileContents, settingsError: PlatterError | null): SettingsState {
    const of = contents as Partial<Settings>;
    const settings: Settings = {
      language: of.language ?? defaultSettings.language,
      theme: of.theme ?? defaultSettings.theme,
      sounds: of.sounds ?? defaultSettings.sounds,
      notifications: of.notifications ?? defaultSettings.notifications,
      defaults: defaultsOf(of.defaults ?? {}),
    };
    return {
      settings,
      language: settings.language === 'system' ? nearest(this.#system) : settings.language,
      settingsError,
    };
  }
}

/** The defaults in a file, completed by Platter's own. */
function defaultsOf(of: Partial<JobDefaults>): JobDefaults {
  const { verify, update, sparse, throttle, stallTimeout } = { ...defaultSettings.defaults, ...of };
  return { verify, update, sparse, throttle, stallTimeout };
}
