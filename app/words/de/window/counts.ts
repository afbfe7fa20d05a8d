import type { Translated } from '../../en/catalogue.ts';
import type { counts as english } from '../../en/window/counts.ts';

export const counts: Translated<typeof english> = {
  waiting: '{count, plural, one {# wartet} other {# warten}}',
  comparing: '{count, number} beim Vergleichen',
  copying: '{count, number} beim Kopieren',
  unpacking: '{count, number} beim Entpacken und Schreiben',
  flushing: '{count, number} beim Abschließen',
  verifying: '{count, number} beim Überprüfen',
  repairing: '{count, number} beim Reparieren',
  paused: '{count, number} in Pause',
  stalled: '{count, number} ohne Antwort',
  verified: '{count, number} überprüft',
  mappedVerified: '{count, number} überprüft, soweit die Karte es nennt',
  usedVerified: '{count, number} überprüft: benutzte Blöcke',
  sourceWritten: '{count, number} überprüft, aber die Quelle verändert',
  partlyVerified: '{count, number} teilweise überprüft',
  written: '{count, number} geschrieben, nicht überprüft',
  failed: '{count, number} fehlgeschlagen',
  removed: '{count, number} entfernt',
  cancelled: '{count, number} abgebrochen',
  verifiedOf: '{count, number} von {all, number} überprüft',
  mappedVerifiedOf: '{count, number} von {all, number} überprüft, soweit die Karte es nennt',
  usedVerifiedOf: '{count, number} von {all, number} überprüft: benutzte Blöcke',
  writtenOf: '{count, number} von {all, number} geschrieben, nicht überprüft',
};
