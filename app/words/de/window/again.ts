import type { Translated } from '../../en/catalogue.ts';
import type { again as english } from '../../en/window/again.ts';

export const again: Translated<typeof english> = {
  button: 'Noch einmal',
  batch: 'Durchgang {number, number}',
  waiting: 'wartet auf neue Laufwerke',
  ready: '{count, plural, one {# Laufwerk ist bereit} other {# Laufwerke sind bereit}}',
  swap: '{count, plural, one {Das Laufwerk} other {Die # Laufwerke}} des letzten Durchgangs herausnehmen und die nächsten einstecken. Neue Laufwerke werden beim Einstecken ausgewählt.',
  plugIn: 'Die nächsten Laufwerke einstecken. Sie werden dabei ausgewählt.',
  stop: 'Nicht mehr warten',
  done: 'Fertig in Durchgang {number, number}',
  notDone: 'Nicht fertig geworden in Durchgang {number, number}',
};
