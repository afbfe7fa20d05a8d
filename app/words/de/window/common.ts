import type { Translated } from '../../en/catalogue.ts';
import type { common as english } from '../../en/window/common.ts';

export const common: Translated<typeof english> = {
  close: 'Schließen',
  cancel: 'Abbrechen',
  stop: 'Anhalten',
  keepGoing: 'Weitermachen',
  goOn: 'Fortsetzen',
  pause: 'Pause',
  andMore: 'und {count, number} weitere',
  drives: '{count, plural, one {# Laufwerk} other {# Laufwerke}}',
  destinations: '{count, plural, one {# Ziel} other {# Ziele}}',
  images: '{count, plural, one {# Abbild} other {# Abbilder}}',
  newImages: '{count, plural, one {# neues Abbild} other {# neue Abbilder}}',
  timeLeft: 'noch {time}',
  commandLine: 'Befehlszeile',
  copy: 'Kopieren',
  copied: 'Kopiert.',
  selected: 'Markiert: Mit Strg+C kopieren.',
  standardInput: 'Standardeingabe',
  looking: 'Laufwerke werden gesucht…',
};
