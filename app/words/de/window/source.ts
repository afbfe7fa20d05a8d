import type { Translated } from '../../en/catalogue.ts';
import type { source as english } from '../../en/window/source.ts';

export const source: Translated<typeof english> = {
  drop: 'Abbild hier ablegen',
  dropNow: 'Loslassen: Das wird die Quelle',
  chooseSource: 'Quelle wählen',
  earlier: 'Zuvor gewählt',
  clone: 'Laufwerk klonen…',
  cloneTitle: 'Laufwerk klonen',
  disk: 'Laufwerk verwenden…',
  diskTitle: 'Laufwerk als Quelle verwenden',
  diskHint:
    'Es wird nur gelesen. Klicken Sie auf ein Laufwerk, oder wählen Sie mit den Pfeiltasten und der Eingabetaste.',
  change: 'Ändern…',
  keep: 'Diese Quelle behalten',
  recent: 'Zuletzt verwendete Abbilder',
};
