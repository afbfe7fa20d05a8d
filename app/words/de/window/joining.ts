import type { Translated } from '../../en/catalogue.ts';
import type { joining as english } from '../../en/window/joining.ts';

export const joining: Translated<typeof english> = {
  bar: 'Eingesteckte Laufwerke',
  arrived: 'Eingesteckt',
  again: 'Wieder eingesteckt, in diesem Auftrag schon überprüft',
  cannot: 'Kann nicht dazukommen. {reason}',
  add: 'Zum Auftrag hinzufügen',
  checking: 'Wird geprüft…',
  ignore: 'Jetzt nicht, {name}',
  more: '{count, plural, one {# weiteres Laufwerk wurde eingesteckt.} other {# weitere Laufwerke wurden eingesteckt.}}',
  title: '{place} hinzufügen?',
  hint: 'Es erhält dieselbe Kopie in einem eigenen Durchgang. Die anderen Laufwerke laufen inzwischen weiter.',
  hold: 'Zum Hinzufügen halten',
  addNow: 'Hinzufügen',
  adding: 'Wird hinzugefügt…',
  refused: '{name} wurde nicht hinzugefügt: Es wurde nichts darauf geschrieben.',
  ended:
    'Der Auftrag war beendet, bevor {name} hinzugefügt wurde. Es wurde nichts darauf geschrieben. Den Auftrag erneut ausführen, um darauf zu kopieren.',
  stopped: 'Der Auftrag hält an, deshalb wurde {name} nicht hinzugefügt. Es wurde nichts darauf geschrieben.',
  unplugged: '{name} wurde abgezogen, bevor es hinzugefügt war. Zum Hinzufügen wieder einstecken.',
  told: '{name} kann zu diesem Auftrag dazukommen.',
  before: '{count, plural, one {# hier schon überprüft} other {# hier schon überprüft}}',
};
