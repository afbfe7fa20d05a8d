import type { Translated } from '../../en/catalogue.ts';
import type { history as english } from '../../en/window/history.ts';

export const history: Translated<typeof english> = {
  title: 'Verlauf',
  hint: 'Jeder beendete Auftrag, aus diesem Fenster und von der Befehlszeile.',
  search: 'Suche nach Name, Pfad, Modell, Seriennummer, Ergebnis oder Datum',
  empty: 'Noch ist kein Auftrag beendet. Jeder wird hier mit seinem Bericht aufbewahrt.',
  none: 'Kein Auftrag enthält alle diese Wörter.',
  found: '{count, plural, one {# Auftrag} other {# Aufträge}}',
  shown: '{shown, number} von {count, number} Aufträgen: Eine Suche zeigt weniger',
  unreadable:
    '{count, plural, one {# Datei im Verlauf ist nicht lesbar und blieb unverändert.} other {# Dateien im Verlauf sind nicht lesbar und blieben unverändert.}}',
  to: '{from} auf {to}',
  to_many: '{from} auf {count, plural, one {# Ziel} other {# Ziele}}',
  manifest: 'Manifest {hash}',
  notes: 'Hinweise',
  each: 'je {size}, Dauer {time}',
  details: 'Einzelheiten zu {name}',
  repeat: 'Wiederholen',
  repeatOf: '{name} wiederholen',
  saveAs: 'Als {form} speichern',
  saveOf: 'Als {form} speichern: Bericht zu {name}',
  save: 'Bericht speichern',
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
    'Dieser Auftrag hat einen anderen fortgesetzt. Geschwindigkeitslimit, Überprüfung und Name sind übernommen. Wie der erste geschrieben hat, ist nicht bekannt.',
  support: 'Protokoll und Diagnose',
  showLog: 'Protokoll zeigen',
  copyDiagnostics: 'Diagnose kopieren',
  copied:
    'Kopiert: Versionen, Laufwerke, der letzte Auftrag und das Ende des Protokolls. Keine Namen, keine vollständigen Seriennummern.',
  logAt: 'Das Protokoll ist {path}',
};
