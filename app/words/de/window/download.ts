import type { Translated } from '../../en/catalogue.ts';
import type { download as english } from '../../en/window/download.ts';

export const download: Translated<typeof english> = {
  open: 'Von einem Link…',
  link: 'Link zu einem Abbild',
  hint: 'http oder https. Strg+V fügt einen Link überall in diesem Fenster ein.',
  begin: 'Herunterladen',
  named: 'Download von {name}',
  connecting: 'Verbindung wird aufgebaut…',
  far: '{done} von {length}',
  percent: '{percent, number} %',
  again: 'Neuer Versuch…',
  stopped: 'Angehalten bei {far}. Der heruntergeladene Teil bleibt.',
  left: '{far} heruntergeladen',
  continueNamed: 'Download von {name} fortsetzen',
  discardNamed: 'Download von {name} verwerfen',
  whole: 'Die Datei ist vollständig.',
  removed: 'Sie wurde entfernt, als ihr Auftrag fertig war.',
  removedNoLink:
    'Sie wurde entfernt, als ihr Auftrag fertig war. Fügen Sie den Link ein, um sie erneut herunterzuladen.',
  use: 'Als Quelle verwenden',
  retry: 'Erneut versuchen',
  anew: 'Erneut herunterladen',
  discard: 'Verwerfen',
  hide: 'Ausblenden',
  missing: 'Die Quelle wird heruntergeladen.',
  keep: 'Download behalten',
  kept: 'Die Datei bleibt, wenn der Auftrag fertig ist.',
  notKept: 'Die Datei wird entfernt, wenn der Auftrag fertig ist.',
};
