// Every catalogue has every message with the same placeholders and its language's plural forms. Types require the
// values.
import { parse, TYPE, type MessageFormatElement } from '@formatjs/icu-messageformat-parser';
import { afterEach, describe, expect, test } from 'vitest';
import { LANGUAGES, type Language } from '../../../app/contract/limits.ts';
import { count, duration, exactBytes, listed, relativeTime, place, rate, size } from '../../../app/words/figures.ts';
import { catalogues, locale, nearest, say, speakWith } from '../../../app/words/speech.ts';

afterEach(() => speakWith(() => 'en'));

/** "choose.title" and its message, for all of a catalogue. */
const messagesOf = (language: Language): [string, string][] =>
  Object.entries(catalogues[language]).flatMap(([part, messages]) =>
    Object.entries(messages).map(([name, text]): [string, string] => [`${part}.${name}`, text]),
  );

/** Every element of a message, those inside the choices of a plural or select too. */
const elementsOf = (elements: MessageFormatElement[]): MessageFormatElement[] =>
  elements.flatMap((each) =>
    each.type === TYPE.plural || each.type === TYPE.select
      ? [each, ...Object.values(each.options).flatMap(({ value }) => elementsOf(value))]
      : [each],
  );

/** The values of a message by name, and whether each has to be a number. */
function placeholders(message: string): string[] {
  const kinds: Partial<Record<TYPE, string>> = {
    [TYPE.argument]: 'text',
    [TYPE.number]: 'number',
    [TYPE.plural]: 'number',
    [TYPE.select]: 'choice',
  };
  const found = elementsOf(parse(message)).flatMap((each) =>
    kinds[each.type] === undefined || !('value' in each) ? [] : [`${each.value}: ${kinds[each.type]!}`],
  );
  return [...new Set(found)].sort();
}

/** The plural forms of whole numbers below a million. French has one more above, which no count of ours reaches. */
function forms(language: Language): string[] {
  speakWith(() => language);
  const rules = new Intl.PluralRules(locale());
  return [...new Set(Array.from({ length: 200 }, (_, number) => rules.select(number)))].sort();
}

describe.each(LANGUAGES)('the catalogue %s', (language) => {
  const messages = messagesOf(language);

  test('has every key with the placeholders of the English one', () => {
    const english = new Map(messagesOf('en'));
    expect(messages.map(([key]) => key).sort()).toEqual([...english.keys()].sort());
    for (const [key, text] of messages) {
      expect(text.trim(), key).not.toBe('');
      expect(placeholders(text), key).toEqual(placeholders(english.get(key) ?? ''));
    }
  });

  test('has the plural forms of the language, and an end for every choice', () => {
    const needed = forms(language);
    for (const [key, text] of messages) {
      for (const each of elementsOf(parse(text))) {
        if (each.type === TYPE.plural)
          expect(
            Object.keys(each.options)
              .filter((name) => !name.startsWith('='))
              .sort(),
            key,
          ).toEqual(needed);
        if (each.type === TYPE.select) expect(Object.keys(each.options), key).toContain('other');
      }
    }
  });
});

test('requires by its type the values that a message needs', () => {
  expect(say('counts.verified', { count: 2 })).toBe('2 verified');
  // @ts-expect-error -- a message without its value
  expect(() => say('counts.verified')).toThrow('count');
  // @ts-expect-error -- text where a plural needs a number
  say('counts.waiting', { count: 'two' });
  // @ts-expect-error -- a key that no catalogue has
  expect(say('counts.nothing')).toBe('counts.nothing');
});

test('picks the first known language of the system, else English', () => {
  expect(nearest(['nl-NL', 'de_AT.UTF-8', 'fr'])).toBe('de');
  expect(nearest(['FR-ca'])).toBe('fr');
  expect(nearest(['ja', 'frr'])).toBe('en');
  expect(nearest([])).toBe('en');
});

/** Kinds of blanks do not matter here. */
const plain = (text: string): string => text.replaceAll(/\s/gu, ' ');

test.each([
  [
    'en',
    [
      '12.4 GB',
      '512 bytes',
      '1.5 MB/s',
      '26,001,408',
      '64,023,257,088 bytes',
      'a, b and c',
      '1 h 20 min',
      '12.4 GB (byte 12,400,000,000, sector 24,218,750)',
      'yesterday, 23:15',
      '12 Nov, 14:02',
    ],
  ],
  [
    'de',
    [
      '12,4 GB',
      '512 Byte',
      '1,5 MB/s',
      '26.001.408',
      '64.023.257.088 Byte',
      'a, b und c',
      '1 h 20 min',
      '12,4 GB (Byte 12.400.000.000, Sektor 24.218.750)',
      'gestern, 23:15',
      '12. Nov., 14:02',
    ],
  ],
  [
    'fr',
    [
      '12,4 Go',
      '512 octets',
      '1,5 Mo/s',
      '26 001 408',
      '64 023 257 088 octets',
      'a, b et c',
      '1 h 20 min',
      '12,4 Go (octet 12 400 000 000, secteur 24 218 750)',
      'hier, 23:15',
      '12 nov., 14:02',
    ],
  ],
] as const)('writes figures in %s', (language, words) => {
  speakWith(() => language);
  const now = new Date(2026, 10, 24, 0, 15).getTime();
  const said = [
    size(12.4e9),
    size(512),
    rate(1.54e6),
    count(26_001_408),
    exactBytes(64_023_257_088),
    listed(['a', 'b', 'c']),
    duration(4800),
    place(12.4e9),
    relativeTime(now - 3_600_000, now),
    relativeTime(new Date(2026, 10, 12, 14, 2).getTime(), now),
  ];
  expect(said.map(plain)).toEqual(words);
});
