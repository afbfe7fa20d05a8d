// The bays, in the settings.
import type { bays as english } from '../../en/window/bays.ts';
import type { Translated } from '../../en/catalogue.ts';

export const bays: Translated<typeof english> = {
  title: 'Schächte',
  hint: 'Ein Steckplatz erhält seine Nummer, wenn zum ersten Mal ein Laufwerk darin steckt, und behält sie.',
  none: 'Noch kein Schacht. Stecken Sie ein Laufwerk ein, und sein Steckplatz wird Schacht 1.',
  name: 'Name von Schacht {number}',
  namePlaceholder: 'Name',
  empty: 'leer',
  learn: 'Durch Einstecken nummerieren…',
  byPort: 'Nach Anschluss nummerieren',
  learnHint:
    'Ziehen Sie alle Laufwerke heraus. Stecken Sie dann nacheinander in jeden Schacht ein Laufwerk, mit Schacht 1 beginnend.',
  learnFirst: 'Warten auf das Laufwerk in Schacht 1.',
  learnt: 'Schacht {number} ist bekannt. Stecken Sie ein Laufwerk in den nächsten.',
  done: 'Fertig',
};
