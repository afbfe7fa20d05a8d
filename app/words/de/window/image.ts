import type { Translated } from '../../en/catalogue.ts';
import type { image as english } from '../../en/window/image.ts';

export const image: Translated<typeof english> = {
  unknown: 'nichts, was erkannt wird',
  noImage: 'kein Abbild eines Laufwerks',
  sparse: 'Android sparse',
  exact: '{size}, gepackt {packed}',
  atLeast: 'mindestens {size}, gepackt {packed}',
  sizeUnknown: 'gepackt {packed}',
  listOfFile: '{list} hat die {hash} dieser Datei.',
  listOfImage: '{list} hat die {hash} des Abbilds darin.',
  partitions: 'Partitionen',
  missingEntry: 'Wählen Sie das Abbild im Archiv.',
  entries: 'Dateien im Archiv ({count, number})',
  encrypted: 'verschlüsselt',
  more: 'und {count, number} weitere',
};
