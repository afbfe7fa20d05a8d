import type { Translated } from '../catalogue.ts';
import type { dialogs as english } from '../en/dialogs.ts';

export const dialogs: Translated<typeof english> = {
  running: 'Ein Auftrag läuft.',
  runningDetail: 'Anhalten beendet laufende Schreibvorgänge und schließt jedes Laufwerk ab. Ziele, die nicht fertig sind, sind unbrauchbar.',
  runningDetailContinuable: 'Anhalten beendet laufende Schreibvorgänge und schließt jedes Laufwerk ab. Ziele, die nicht fertig sind, sind unbrauchbar, bis der Auftrag fortgesetzt wird.',
  keepRunning: 'Weiterlaufen lassen',
  stopAndQuit: 'Anhalten und beenden',
  images: 'Datenträgerabbilder',
  allFiles: 'Alle Dateien',
  chooseImage: 'Abbild wählen',
  chooseManifest: 'Manifest wählen',
  newImage: 'Neues Abbild',
  newManifest: 'Neues Manifest',
  manifests: 'Manifeste',
  develop: 'Entwickeln',
};
