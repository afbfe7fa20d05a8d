import type { Translated } from '../../en/catalogue.ts';
import type { states as english } from '../../en/window/states.ts';

export const states: Translated<typeof english> = {
  waiting: 'Wartet',
  comparing: 'Vergleichen',
  copying: 'Kopieren',
  unpacking: 'Entpacken',
  flushing: 'Abschließen',
  verifying: 'Überprüfen',
  repairing: 'Reparieren',
  paused: 'Pause',
  stalled: 'Keine Antwort',
  verified: 'Überprüft',
  mappedVerified: 'Überprüft: was die Karte nennt',
  usedVerified: 'Überprüft: benutzte Blöcke',
  sourceWritten: 'Überprüft; Quelle verändert',
  partlyVerified: 'Teilweise überprüft',
  written: 'Geschrieben, nicht überprüft',
  failed: 'Fehler',
  removed: 'Entfernt',
  cancelled: 'Abgebrochen',
};
