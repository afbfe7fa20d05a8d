import type { Translated } from '../../en/catalogue.ts';
import type { review as english } from '../../en/window/review.ts';

export const review: Translated<typeof english> = {
  back: 'Zurück',
  continueTitle: '{count, plural, one {# Kopie fortsetzen?} other {# Kopien fortsetzen?}}',
  writeTitle: '{count, plural, one {# neues Abbild schreiben?} other {# neue Abbilder schreiben?}}',
  updateDrives:
    '{count, plural, one {Abweichendes auf # Laufwerk überschreiben?} other {Abweichendes auf # Laufwerken überschreiben?}}',
  updateDestinations:
    '{count, plural, one {Abweichendes auf # Ziel überschreiben?} other {Abweichendes auf # Zielen überschreiben?}}',
  eraseDrives: '{count, plural, one {# Laufwerk löschen?} other {# Laufwerke löschen?}}',
  eraseDestinations: '{count, plural, one {# Ziel löschen?} other {# Ziele löschen?}}',
  willBeFinished: 'Wird fertiggestellt',
  willBeOverwritten: 'Wird überschrieben, wo es abweicht',
  willBeErased: 'Wird gelöscht',
  willBeWritten: 'Was geschrieben wird',
  imagesFinished: 'Abbilddateien, die fertiggestellt werden',
  imagesNew: 'Neue Abbilddateien',
  imageNew: 'Neues Abbild {path}',
  notes: 'Hinweise',
  there: '{percent, number} % der Kopie sind vorhanden',
  toEach: '{source}, {size} auf jedes Ziel',
  thenVerified: 'dann überprüft',
  notVerified: 'nicht überprüft',
  zeros: 'unlesbare Sektoren werden zu Nullen',
  nothingOn: 'Keine Daten erkannt',
  partition: 'Partition mit {size}',
  pieces: 'Teile {first} bis {last}',
  start: 'Starten',
  starting: 'Startet…',
  hold: 'Zum Starten halten',
  holding: 'Weiter halten…',
  holdHint: 'Anderthalb Sekunden halten, oder {word} eintippen.',
  holdShort: 'Nicht gestartet. Anderthalb Sekunden gedrückt halten, oder {word} eintippen.',
  typeHint: 'Das löscht {reasons}. Zum Starten {word} eintippen.',
  typeField: 'Zum Starten {word} eintippen',
  erase: 'LÖSCHEN',
  eraseAgain: 'FORTSETZEN',
  withData: '{count, plural, one {# Laufwerk mit Daten} other {# Laufwerke mit Daten}}',
  large: '{count, plural, one {# Laufwerk über {size}} other {# Laufwerke über {size}}}',
  larger:
    '{count, plural, one {# Laufwerk von mehr als vierfacher Größe der Quelle} other {# Laufwerke von mehr als vierfacher Größe der Quelle}}',
};
