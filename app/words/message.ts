// A message in ICU's format with its values. Each is parsed once.
import { IntlMessageFormat } from 'intl-messageformat';

const parsed = new Map<string, IntlMessageFormat>();

/** The values of a message: numbers for counts, else text. */
export type MessageValues = Readonly<Record<string, string | number>>;

/**
 * A message without plurals, formatted numbers or quoted braces. It needs no formatter: the first formatter of a
 * process takes longer than listing the disks.
 */
const PLAIN = /^(?:[^{}']|'(?![{}'])|\{\w+\})*$/u;

function requiredValue(values: MessageValues | undefined, name: string, message: string): string | number {
  const value = values?.[name];
  if (value === undefined) throw new Error(`no value for {${name}} in "${message}"`);
  return value;
}

/** `message`, in a language whose plurals and numbers are those of `locale`. Throws when a value is missing. */
export function formatted(message: string, locale: string, values?: MessageValues): string {
  if (PLAIN.test(message))
    return typeset(message, locale).replace(/\{(\w+)\}/gu, (_placeholder, name: string) =>
      String(requiredValue(values, name, message)),
    );
  const id = `${locale} ${message}`;
  const format =
    parsed.get(id) ?? new IntlMessageFormat(typeset(message, locale), locale, undefined, { ignoreTag: true });
  parsed.set(id, format);
  return String(format.format(values));
}

/**
 * French: no line may begin with a colon or end with an opening quotation mark, so their blanks become non-breaking.
 */
const typeset = (message: string, locale: string): string =>
  locale.startsWith('fr') ? message.replace(/ (?=[:;?!»])/gu, '\u00a0').replace(/(?<=«) /gu, '\u00a0') : message;
