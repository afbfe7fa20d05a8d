// Removes names and identifiers from text, so that others may see it.

/** What to remove from a text. */
export interface Identifiers {
  /** Replaced by ~. */
  home: string;
  user: string;
  /** Name of the machine. */
  host: string;
  /** Serial numbers; only their last six characters are kept. */
  serials: readonly string[];
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** `text` without home folders, user names, the machine's name and full serial numbers. */
export function anonymous(text: string, { home, user, host, serials }: Identifiers): string {
  const long = [...new Set(serials)].filter((serial) => serial.length > 6).sort((a, b) => b.length - a.length);
  const withoutSerials = long.reduce((rest, serial) => rest.replaceAll(serial, `…${serial.slice(-6)}`), text);
  const withoutHome =
    home.length > 1 ? withoutSerials.replace(new RegExp(`${escaped(home)}(?![\\w.-])`, 'gu'), '~') : withoutSerials;
  return (
    withoutHome
      // Home folders of other users, and folders where desktops mount drives.
      .replace(/\/(home|media|run\/media|run\/user)\/[^/\s,;:"'|]+/gu, '/$1/…')
      .replace(word(user), '…')
      .replace(word(host), '…')
  );
}

/** A name of one or two letters cannot be told apart from other text. */
const word = (name: string): RegExp =>
  name.length > 2 ? new RegExp(`(?<![\\w-])${escaped(name)}(?![\\w-])`, 'gu') : /(?!)/u;
