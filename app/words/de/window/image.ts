import type { Translated } from '../../en/catalogue.ts';
import type { image as english } from '../../en/window/image.ts';

export const image: Translated<typeof english> = {
  unknown: 'Inhalt nicht erkannt',
  noImage: 'kein Laufwerksabbild',
  sparse: 'Android sparse',
  exact: '{packed}, entpackt {size}',
  atLeast: '{packed}, entpackt mindestens {size}',
  sizeUnknown: '{packed}, entpackte Größe noch nicht bekannt',
  listOfFile: '{list} enthält die {hash} dieser Datei.',
  listOfImage: '{list} enthält die {hash} des Abbilds darin.',
  bmap: '{name} führt {mapped} von {size} auf',
  bmapUnusable: '{name} ist nicht verwendbar',
  bmapOnly: 'Nur das Aufgeführte',
  bmapZeros: 'Sonst Nullen',
  bmapIgnored: 'Das ganze Abbild',
  bmapOnlyHint: 'Der Rest ist unbestimmt. Er wird nicht verglichen, und ein Laufwerk behält dort meist, was da ist.',
  bmapZerosHint: 'Der Rest wird mit Nullen gefüllt. Das dauert so lange wie das ganze Abbild.',
  bmapIgnoredHint: 'Die bmap wird ignoriert.',
  missingEntry: 'Wählen Sie das Abbild im Archiv.',
  entries: 'Dateien im Archiv ({count, number})',
  encrypted: 'verschlüsselt',
  more: 'und {count, number} weitere',
};
