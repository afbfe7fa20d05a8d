// The user's settings. The schemas come first; the types are inferred from them. `default-settings.ts` has the values,
// without a schema.
import * as z from 'zod';
import type { PlatterError } from './errors.ts';
import { LANGUAGES, MOST_SECONDS, type Language } from './limits.ts';

/** The initial options of a job in the window. */
export const jobDefaults = z.strictObject({
  /** Copies are read back. */
  verify: z.boolean(),
  /** Copies compare first, and write only what differs. */
  update: z.boolean(),
  /** Zeros become holes or are zeroed by the device instead of being written. */
  sparse: z.boolean(),
  /** Bytes per second of the whole job, null for no limit. */
  throttle: z.number().positive().nullable(),
  /** Seconds without an answer after which an I/O counts as lost; 0: wait forever. */
  stallTimeout: z.number().min(0).max(MOST_SECONDS),
});
export type JobDefaults = z.infer<typeof jobDefaults>;

/** The user's permanent choices. Main keeps them in settings.json. Every change applies at once. */
export const settings = z.strictObject({
  language: z.enum(['system', ...LANGUAGES]),
  theme: z.enum(['system', 'light', 'dark']),
  /** Play a sound when a job ends or a drive fails. */
  sounds: z.boolean(),
  /** Show desktop notifications while the window is not in front. */
  notifications: z.boolean(),
  defaults: jobDefaults,
});
export type Settings = z.infer<typeof settings>;

/** A change of settings. Missing members stay unchanged, also those of the defaults. */
export const settingsChange = settings.extend({ defaults: jobDefaults.partial() }).partial();
export type SettingsChange = z.infer<typeof settingsChange>;

/** The part of `AppState` that is about settings. */
export interface SettingsState {
  settings: Settings;
  /** The language of the settings, or the best match for the system's. */
  language: Language;
  /** Why the settings are not the stored ones; null when all is well. The next change clears it, even an empty one. */
  settingsError: PlatterError | null;
}
