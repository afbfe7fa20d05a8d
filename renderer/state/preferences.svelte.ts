// Shows and changes the settings. Main owns them; the next snapshot shows the effect of a change.
import type { PlatterError } from '../../app/contract/errors.ts';
import { defaultSettings } from '../../app/contract/default-settings.ts';
import type { JobDefaults, Settings, SettingsChange } from '../../app/contract/settings.ts';
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

  /** Why the settings are not the stored ones. */
  get error(): PlatterError | null {
    return this.#mirror.state?.settingsError ?? null;
  }

  /** Changes the given settings permanently. */
  async change(change: SettingsChange): Promise<void> {
    const outcome = await this.#mirror.ask(this.#bridge.changeSettings(change));
    this.refusals = outcome?.ok === false ? outcome.errors : [];
  }

  /** Changes some of the defaults for new jobs. */
  async changeDefaults(change: Partial<JobDefaults>): Promise<void> {
    await this.change({ defaults: change });
  }
}
