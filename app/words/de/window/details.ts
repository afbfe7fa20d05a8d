import type { Translated } from '../../en/catalogue.ts';
import type { details as english } from '../../en/window/details.ts';

export const details: Translated<typeof english> = {
  tryAgain: 'Erneut versuchen',
  restarting: 'Wird neu gestartet…',
  stopAsk: 'Dieses anhalten? Es wird unbrauchbar.',
  stopAskContinuable: 'Dieses anhalten? Es ist unbrauchbar, bis es fortgesetzt wird.',
  path: 'Pfad',
  model: 'Modell',
  serial: 'Seriennummer',
  port: 'Anschluss',
  size: 'Größe',
  alreadyThere: 'Schon vorhanden',
  notAgain: '{size}: nicht neu geschrieben',
  uncompared: 'Nicht verglichen',
  noErrors: 'Keine Fehler',
  errors: '{count, plural, one {# Fehler} other {# Fehler}}',
};
