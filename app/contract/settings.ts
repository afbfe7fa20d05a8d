// What is kept of a person's wishes.
import type { PlatterError } from './errors.ts';
import { plainRunning } from './request-facts.ts';

/** The languages that Platter's window speaks. The command line and logs are English. */
export const LANGUAGES = ['en', 'de', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What a job begins with in the window, before anybody changes it there. */
export interface JobDefaults {
  /** Copies are read back. */
  verify: boolean;
  /** Copies compare first, and write only what differs. */
  update: boolean;
  /** Zeros become holes or are zeroed by the device instead of being written. */
  sparse: boolean;
  /** Bytes per second of the whole job, null for no limit. */
  throttle: number | null;
  /** Seconds without an answer after which an I/O counts as lost; 0: wait for ever. */
  stallTimeout: number;
}

/** What a person has chosen for good. Kept by main in settings.json; every change applies at once. */
export interface Settings {
  language: 'system' | Language;
  theme: 'system' | 'light' | 'dark';
  /** A sound when a job ends or a drive fails. */
  sounds: boolean;
  /** The desktop's notifications, while the window is not in front. */
  notifications: boolean;
  defaults: JobDefaults;
}

/** A change of settings: what is left out stays, of the defaults too. */
export type SettingsChange = Partial<Omit<Settings, 'defaults'>> & { defaults?: Partial<JobDefaults> };

/** As Platter comes. */
export const defaultSettings: Settings = {
  language: 'system',
  theme: 'system',
  sounds: true,
  notifications: true,
  defaults: {
    verify: true,
    update: false,
    sparse: true,
    throttle: plainRunning.throttle,
    stallTimeout: plainRunning.stallTimeout,
  },
};

/** The part of `AppState` that is about settings. */
export interface SettingsState {
  settings: Settings;
  /** The settings' language, or the one of the system that comes nearest. */
  language: Language;
  /**
   * Why the settings are not the ones that were kept, null when all is well. The next change, even of nothing, clears
   * it.
   */
  settingsError: PlatterError | null;
}
