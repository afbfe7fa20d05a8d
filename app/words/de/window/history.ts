import type { Translated } from '../../en/catalogue.ts';
import type { history as english } from '../../en/window/history.ts';

export const history: Translated<typeof english> = {
  title: 'Verlauf',
  hint: 'Jeder beendete Auftrag, aus diesem Fenster und von der Befehlszeile.',
  search: 'Suche nach Name, Pfad, Modell, Seriennummer, Ergebnis oder Datum',
  empty: 'Noch ist kein Auftrag beendet. Jeder wird hier mit seinem Protokoll aufbewahrt.',
  none: 'Kein Auftrag enthält alle diese Wörter.',
  found: '{count, plural, one {# Auftrag} other {# Aufträge}}',
  shown: '{shown, number} von {count, number} Aufträgen: eine Suche zeigt weniger',
  unreadable:
    '{count, plural, one {# Datei im Verlauf ist nicht lesbar} other {# Dateien im Verlauf sind nicht lesbar}}; unverändert gelassen.',
  to: '{from} auf {to}',
  to_many: '{from} auf {count, plural, one {# Ziel} other {# Ziele}}',
  manifest: 'Manifest {hash}',
  notes: 'Hinweise',
  each: 'je {size}, Dauer {time}',
  details: 'Einzelheiten zu {name}',
  repeat: 'Wiederholen',
  repeatOf: '{name} wiederholen',
  saveAs: 'Als {form} speichern',
  saveOf: 'Als {form} speichern: Protokoll zu {name}',
  save: 'Protokoll speichern',
  saveTable: 'Diese als CSV speichern',
  saveManifest: 'Manifest speichern',
  saveManifestOf: 'Manifest speichern: {name}',
  openSaved: 'Öffnen',
  showSaved: 'Im Ordner zeigen',
  saved: 'Gespeichert: {path}',
  missing: '{name} ist nicht angeschlossen oder ein anderes Laufwerk und wird nicht gewählt.',
  notBlank: 'Diesmal werden Nullen geschrieben: Die Laufwerke sind nicht mehr leer.',
  newMap: 'Die Rettung beginnt neu, ohne ihre Map-Datei {map}.',
  ofContinued:
    'Dieser Auftrag hat einen anderen fortgesetzt: Geschwindigkeitslimit, Überprüfung und Name sind übernommen, wie der erste geschrieben hat, ist nicht bekannt.',
  support: 'Protokolldatei und Diagnose',
  showLog: 'Protokolldatei zeigen',
  copyDiagnostics: 'Diagnose kopieren',
  copied:
    'Kopiert: Versionen, Laufwerke, der letzte Auftrag und das Ende der Protokolldatei. Keine Namen, keine ganzen Seriennummern.',
  logAt: 'Die Protokolldatei ist {path}',
};
