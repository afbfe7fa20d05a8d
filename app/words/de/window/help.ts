import type { Translated } from '../../en/catalogue.ts';
import type { help as english } from '../../en/window/help.ts';

/** The help: shortcuts, manual, problems, versions. */
export const help: Translated<typeof english> = {
  title: 'Hilfe',
  shortcuts: 'Tastenkürzel',
  openImage: 'Abbild wählen',
  review: 'Weiter zur Zusammenfassung',
  find: 'Liste der Laufwerke durchsuchen',
  refresh: 'Liste der Laufwerke aktualisieren',
  back: 'Seitenleiste schließen oder zur Auswahl zurückkehren',
  history: 'Verlauf',
  settings: 'Einstellungen',
  help: 'Hilfe',
  zoomIn: 'Größer',
  zoomOut: 'Kleiner',
  zoomReset: 'Normale Größe',
  keyControl: 'Strg',
  keyEnter: 'Eingabe',
  keyEscape: 'Esc',
  manual: 'Handbuch',
  manualHint: 'Das Handbuch beschreibt das Fenster und jeden Befehl. Jede Option steht im Terminal:',
  readManual: 'Handbuch lesen',
  licences: 'Lizenzen',
  licence: 'Lizenz von Platter',
  notices: 'Lizenzen Dritter',
  problem: 'Problem melden',
  problemHint:
    'Beschreiben Sie, was Sie getan und erwartet haben und was geschehen ist. Fügen Sie die Diagnose bei, und wenn ein Laufwerk fehlgeschlagen ist, den Bericht des Auftrags. Platter sendet nichts von selbst.',
  runsOn: 'Electron {electron}, Chromium {chrome}, Node {node}',
};
