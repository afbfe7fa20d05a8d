// What is kept of a person's wishes. The schemas come first; the types are inferred from them.
// `default-settings.ts` has the values, without a schema.
import * as z from 'zod';
import type { PlatterError } from './errors.ts';
import { LANGUAGES, MOST_SECONDS, type Language } from './limits.ts';

/** What a job begins with in the window, before anybody changes it there. */
export const jobDefaults = z.strictObject({
  /** Copies are read back. */
  verify: z.boolean(),
  /** Copies compare first, and write only what differs. */
  update: z.boolean(),
  /** Zeros become holes or are zeroed by the device instead of being written. */
  sparse: z.boolean(),
  /** Bytes per second of the whole job, null for no limit. */
  throttle: z.number().positive().nullable(),
  /** Seconds without an answer after which an I/O counts as lost; 0: wait for ever. */
  stallTimeout: z.number().min(0).max(MOST_SECONDS),
});
export type JobDefaults = z.infer<typeof jobDefaults>;

/** What a person has chosen for good. Kept by main in settings.json; every change applies at once. */
export const settings = z.strictObject({
  language: z.enum(['system', ...LANGUAGES]),
  theme: z.enum(['system', 'light', 'dark']),
  /** A sound when a job ends or a drive fails. */
  sounds: z.boolean(),
  /** The desktop's notifications, while the window is not in front. */
  notifications: z.boolean(),
  defaults: jobDefaults,
});
export type Settings = z.infer<typeof settings>;

/** A change of settings: what is left out stays, of the defaults too. */
export const settingsChange = settings.extend({ defaults: jobDefaults.partial() }).partial();
export type SettingsChange = z.infer<typeof settingsChange>;

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
