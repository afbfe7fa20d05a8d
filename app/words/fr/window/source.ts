import type { Translated } from '../../en/catalogue.ts';
import type { source as english } from '../../en/window/source.ts';

export const source: Translated<typeof english> = {
  drop: 'Déposer une image ici',
  dropNow: 'Déposer pour l’utiliser comme source',
  chooseSource: 'Choisir une source',
  earlier: 'Choisie avant',
  clone: 'Cloner un disque…',
  cloneTitle: 'Cloner un disque',
  disk: 'Utiliser un disque…',
  diskTitle: 'Utiliser un disque comme source',
  diskHint: 'Lecture seule. Cliquez sur un disque, ou choisissez avec les flèches et la touche Entrée.',
  change: 'Changer…',
  keep: 'Garder cette source',
  recent: 'Images récentes',
};
