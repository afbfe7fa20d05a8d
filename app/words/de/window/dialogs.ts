import type { Translated } from '../../en/catalogue.ts';
import type { dialogs as english } from '../../en/window/dialogs.ts';

export const dialogs: Translated<typeof english> = {
  running: 'Ein Auftrag läuft.',
  runningDetail:
    'Platter beendet zuerst die begonnenen Schreibvorgänge. Ziele, die nicht fertig sind, sind unbrauchbar.',
  runningDetailContinuable:
    'Platter beendet zuerst die begonnenen Schreibvorgänge. Ziele, die nicht fertig sind, sind unbrauchbar, bis der Auftrag fortgesetzt wird.',
  keepRunning: 'Weiterlaufen lassen',
  stopAndQuit: 'Anhalten und beenden',
  images: 'Abbilder',
  allFiles: 'Alle Dateien',
  chooseImage: 'Abbild wählen',
  oldImage: 'Abbild zum Prüfen oder Reparieren wählen',
  chooseManifest: 'Manifest wählen',
  newImage: 'Neues Abbild',
  newManifest: 'Neues Manifest',
  manifests: 'Manifeste',
  askStart: 'Den Auftrag starten?',
  askStartDetail:
    'Ziele: {destinations}. Platter hat in seinem Fenster weder einen Mausklick noch einen Tastendruck bemerkt. Mit einem Screenreader ist das üblich. Sonst antworten Sie mit Nein.',
  askArm: 'Die Station scharf schalten?',
  askArmBlank:
    'Leere Laufwerke in diesen Schächten werden automatisch beschrieben: {bays}. Platter hat in seinem Fenster weder einen Mausklick noch einen Tastendruck bemerkt. Mit einem Screenreader ist das üblich. Sonst antworten Sie mit Nein.',
  askArmUsed:
    'Laufwerke in diesen Schächten werden automatisch gelöscht und beschrieben, auch solche mit Daten: {bays}. Platter hat in seinem Fenster weder einen Mausklick noch einen Tastendruck bemerkt. Mit einem Screenreader ist das üblich. Sonst antworten Sie mit Nein.',
  askRetry: 'Dieses Ziel noch einmal versuchen?',
  askForget: 'Den unterbrochenen Auftrag verwerfen?',
  askEject: 'Die Laufwerke auswerfen?',
  askDownload: 'Von diesem Link herunterladen?',
  askDownloadAgain: 'Erneut herunterladen?',
  askDiscard: 'Den Download verwerfen?',
  askOpen: 'Das Abbild öffnen?',
  askOpenSaved: 'Die gespeicherte Datei öffnen?',
  staysOpen: '{count, plural, one {# Abbild bleibt geöffnet.} other {# Abbilder bleiben geöffnet.}}',
  staysOpenDetail: 'Etwas benutzt noch {names}. Beenden Sie das und führen Sie dann aus: {commands}',
  askDetail:
    'Platter hat in seinem Fenster weder einen Mausklick noch einen Tastendruck bemerkt. Mit einem Screenreader ist das üblich. Sonst antworten Sie mit Nein.',
  yes: 'Ja',
  no: 'Nein',
  develop: 'Entwickeln',
};
