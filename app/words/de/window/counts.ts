import type { Translated } from '../../en/catalogue.ts';
import type { counts as english } from '../../en/window/counts.ts';

export const counts: Translated<typeof english> = {
  waiting: '{count, plural, one {# wartet} other {# warten}}',
  comparing: '{count, plural, one {# wird verglichen} other {# werden verglichen}}',
  copying: '{count, plural, one {# wird kopiert} other {# werden kopiert}}',
  unpacking: '{count, plural, one {# wird entpackt und geschrieben} other {# werden entpackt und geschrieben}}',
  flushing: '{count, plural, one {# wird abgeschlossen} other {# werden abgeschlossen}}',
  verifying: '{count, plural, one {# wird überprüft} other {# werden überprüft}}',
  repairing: '{count, plural, one {# wird repariert} other {# werden repariert}}',
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
