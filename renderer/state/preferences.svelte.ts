// The settings as the window shows and changes them. Main owns them; the next snapshot shows what came of a change.
import type { PlatterError } from '../../app/contract/errors.ts';
import { defaultSettings, type JobDefaults, type Settings, type SettingsChange } from '../../app/contract/settings.ts';
import type { Bridge } from '../../app/contract/window.ts';
import type { Mirror } from './mirror.svelte.ts';

/** The settings, and whether their screen is open. */
export class Preferences {
  open = $state(false);
  /** Why the last change was refused. */
  refusals = $state.raw<PlatterError[]>([]);
  readonly #bridge: Bridge;
  readonly #mirror: Mirror;

  constructor(bridge: Bridge, mirror: Mirror) {
    this.#bridge = bridge;
    this.#mirror = mirror;
  }

  get current(): Settings {
    return this.#mirror.state?.settings ?? defaultSettings;
  }

  /** Why the settings are not the ones that were kept. */
  get error(): PlatterError | null {
    return this.#mirror.state?.settingsError ?? null;
  }

  /** Changes what is named, for good. */
  async change(change: SettingsChange): Promise<void> {
    const outcome = await this.#mirror.ask(this.#bridge.changeSettings(change));
    this.refusals = outcome?.ok === false ? outcome.errors : [];
  }

  /** Changes some of what a new job begins with. */
  async changeDefaults(change: Partial<JobDefaults>): Promise<void> {
    await this.change({ defaults: change });
  }
}
