// The type of a catalogue: parts, one for each concern, of messages in ICU format (plural, select and number in the
// message). English defines the keys. A language that lacks one does not compile, and neither does a `say` without a
// value.
import type { en } from './index.ts';

/** The English catalogue, which defines keys and placeholders. */
export type English = typeof en;

/** A part of a catalogue in another language: the same keys. */
export type Translated<Part> = { readonly [K in keyof Part]: string };

/** A whole catalogue. */
export type Catalogue = { readonly [P in keyof English]: Translated<English[P]> };

/** "choose.title": part and key. */
export type Key = { [P in keyof English]: `${P}.${keyof English[P] & string}` }[keyof English];

type MessageOf<K extends Key> = K extends `${infer P}.${infer Name}`
  ? P extends keyof English
    ? Name extends keyof English[P]
      ? English[P][Name]
      : never
    : never
  : never;

// Parses ICU messages in types. Placeholders are at an even depth of braces. `In` is the stack of what the braces
// opened: text, or the choices of a plural or select.
type Before<S extends string, C extends string> = S extends `${infer A}${C}${string}` ? A : S;
type NextBrace<S extends string> =
  Before<S, '{'> extends `${string}}${string}`
    ? '}'
    : S extends `${string}{${string}`
      ? '{'
      : S extends `${string}}${string}`
        ? '}'
        : '';
type Trim<S extends string> = S extends ` ${infer R}` ? Trim<R> : S;
type Values<S extends string, In extends ('text' | 'choices')[] = ['text']> =
  NextBrace<S> extends '{'
    ? S extends `${string}{${infer Rest}`
      ? In extends ['choices', ...('text' | 'choices')[]]
        ? Values<Rest, ['text', ...In]>
        : Before<Rest, '}'> extends `${infer Name},${infer Kind}`
          ? Trim<Kind> extends `${'plural' | 'selectordinal'},${string}`
            ? Record<Name, number> & Values<Rest, ['choices', ...In]>
            : Trim<Kind> extends `select,${string}`
              ? Record<Name, string> & Values<Rest, ['choices', ...In]>
              : Rest extends `${string}}${infer After}`
                ? Record<Name, number> & Values<After, In>
                : unknown
          : Rest extends `${infer Name}}${infer After}`
            ? Record<Name, string> & Values<After, In>
            : unknown
      : unknown
    : NextBrace<S> extends '}'
      ? S extends `${string}}${infer Rest}`
        ? In extends [unknown, ...infer Outer extends ('text' | 'choices')[]]
          ? Values<Rest, Outer>
          : unknown
        : unknown
      : unknown;

/** The values that a message needs: numbers for plurals and numbers, else text. Empty when it has no placeholder. */
export type ValuesOf<K extends Key> = K extends Key
  ? unknown extends Values<MessageOf<K>>
    ? []
    : [values: Values<MessageOf<K>>]
  : never;
