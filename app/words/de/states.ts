import type { Translated } from '../catalogue.ts';
import type { states as english } from '../en/states.ts';

export const states: Translated<typeof english> = {
  waiting: 'Wartet',
  comparing: 'Vergleichen',
  copying: 'Kopieren',
  flushing: 'Abschließen',
  verifying: 'Prüfen',
  repairing: 'Reparieren',
  paused: 'Pause',
  stalled: 'Keine Antwort',
  verified: 'Geprüft',
  written: 'Geschrieben, nicht geprüft',
  failed: 'Fehler',
  removed: 'Entfernt',
  cancelled: 'Abgebrochen',
};
