import type { Translated } from '../../en/catalogue.ts';
import type { contents as english } from '../../en/facts/contents.ts';

export const contents: Translated<typeof english> = {
  fileSystem: '{fileSystem} auf {path} ({size})',
  labelled: '{fileSystem} „{label}“ auf {path} ({size})',
  table: 'eine Partitionstabelle ({table}) auf {path}',
  partition: 'Partition {path} ({size})',
  several: 'mehrere Signaturen ({signatures}) auf {path}',
  signature: 'die Signatur von {signature} auf {path}',
  unread: 'unbekannter Inhalt auf {path}, das nicht gelesen werden konnte',
};
