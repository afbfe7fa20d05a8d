import type { Translated } from '../../en/catalogue.ts';
import type { devices as english } from '../../en/window/devices.ts';

export const devices: Translated<typeof english> = {
  new: 'Neu',
  arrived: 'Eingesteckt: {drives}.',
  mountedSource:
    'Eingehängt unter {places}: Die Kopie ist nur dann in sich stimmig, wenn während des Auftrags nichts darauf schreibt.',
  unmountedFirst:
    '{count, plural, one {Dies ist eingehängt und wird zuerst ausgehängt:} other {Diese sind eingehängt und werden zuerst ausgehängt:}}',
  mount: '{device}, eingehängt unter {target}',
  safe: 'Kann sicher entfernt werden: {drives}.',
  takenOut: 'Fertig und herausgenommen: {drives}.',
  takenOutUnfinished: 'Herausgenommen, bevor die Kopie vollständig war: {drives}.',
  mountedAgain:
    '{drives} {count, plural, one {ist} other {sind}} vom System wieder eingehängt: vor dem Herausnehmen auswerfen.',
  ejected: 'Abgeschaltet, zum Herausnehmen: {drives}.',
  eject: 'Auswerfen',
  ejectAll: '{count, plural, one {Auswerfen} other {Alle # auswerfen}}',
  ejectDone: '{count, plural, one {Fertiges Laufwerk auswerfen} other {# fertige Laufwerke auswerfen}}',
  ejecting: 'Wird ausgeworfen…',
};
