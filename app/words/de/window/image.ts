import type { Translated } from '../../en/catalogue.ts';
import type { image as english } from '../../en/window/image.ts';

export const image: Translated<typeof english> = {
  unknown: 'nichts, was erkannt wird',
  noImage: 'kein Abbild eines Laufwerks',
  sparse: 'Android sparse',
  exact: '{packed}, entpackt {size}',
  atLeast: '{packed}, entpackt mindestens {size}',
  sizeUnknown: '{packed}, entpackte Größe noch nicht bekannt',
  listOfFile: '{list} hat die {hash} dieser Datei.',
  listOfImage: '{list} hat die {hash} des Abbilds darin.',
  bmap: '{name} nennt {mapped} von {size}',
  bmapUnusable: '{name} ist nicht verwendbar',
  bmapOnly: 'Nur das Genannte',
  bmapZeros: 'Und sonst Nullen',
  bmapIgnored: 'Das ganze Abbild',
  bmapOnlyHint: 'Der Rest ist unbestimmt: Er wird nicht verglichen, und ein Laufwerk behält dort meist, was da ist.',
  bmapZerosHint: 'Der Rest wird mit Nullen gefüllt. Das dauert so lange wie das ganze Abbild.',
  bmapIgnoredHint: 'Die bmap wird nicht beachtet.',
  missingEntry: 'Wählen Sie das Abbild im Archiv.',
  entries: 'Dateien im Archiv ({count, number})',
  encrypted: 'verschlüsselt',
  more: 'und {count, number} weitere',
};
