// Messages in the current language, for the window's page and for main's dialogs, menus and notifications.
import { LANGUAGES, type Language } from '../contract/limits.ts';
import type { Catalogue, Key, ValuesOf } from './en/catalogue.ts';
import { de } from './de/index.ts';
import { en } from './en/index.ts';
import { fr } from './fr/index.ts';
import { formatted } from './message.ts';

/** All messages. */
export const catalogues: Readonly<Record<Language, Catalogue>> = { en, de, fr };

/** The name of each language in that language. */
export const endonym: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch', fr: 'Français' };

/** The locale for numbers, dates and plurals. English is British: 24 hours, the day before the month. */
const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE', fr: 'fr-FR' };

let spoken: () => Language = () => 'en';

/**
 * Sets the function that gives the current language. Every `say` calls it; if it reads a Svelte signal, the page is
 * rendered again when the language changes.
 */
export function speakWith(language: () => Language): void {
  spoken = language;
}

/** The current language. */
export const language = (): Language => spoken();

/** Its locale, for what `Intl` formats. */
export const locale = (): string => LOCALES[spoken()];

/** The first of `preferred` (BCP 47 tags, as a system lists them) that Platter speaks; English when there is none. */
export function nearest(preferred: readonly string[]): Language {
  const known = (tag: string): Language | undefined =>
    LANGUAGES.find((each) => tag.toLowerCase().split(/[-_]/)[0] === each);
  return preferred.map(known).find((each) => each !== undefined) ?? 'en';
}

/** The message `key` ("choose.title") with its values. The types know which it needs. */
export function say<K extends Key>(key: K, ...[values]: ValuesOf<K>): string {
  return formatted(find(key, spoken()), locale(), values);
}

function find(key: Key, now: Language): string {
  const [part, name] = key.split('.') as [keyof Catalogue, string];
  const messages: Readonly<Record<string, string>> = catalogues[now][part];
  return messages[name] ?? key;
}
