import type { Translated } from '../../en/catalogue.ts';
import type { review as english } from '../../en/window/review.ts';

export const review: Translated<typeof english> = {
  back: 'Retour',
  continueTitle: '{count, plural, one {Continuer # copie ?} other {Continuer # copies ?}}',
  writeTitle: '{count, plural, one {Écrire # nouvelle image ?} other {Écrire # nouvelles images ?}}',
  updateDrives:
    '{count, plural, one {Écraser ce qui diffère sur # disque ?} other {Écraser ce qui diffère sur # disques ?}}',
  updateDestinations:
    '{count, plural, one {Écraser ce qui diffère sur # destination ?} other {Écraser ce qui diffère sur # destinations ?}}',
  eraseDrives: '{count, plural, one {Effacer # disque ?} other {Effacer # disques ?}}',
  eraseDestinations: '{count, plural, one {Effacer # destination ?} other {Effacer # destinations ?}}',
  willBeFinished: 'Sera terminé',
  willBeOverwritten: 'Sera écrasé là où c’est différent',
  willBeErased: 'Sera effacé',
  willBeWritten: 'Ce qui sera écrit',
  imagesFinished: 'Fichiers image qui seront terminés',
  imagesNew: 'Nouveaux fichiers image',
  imageNew: 'Nouvelle image {path}',
  notes: 'Remarques',
  there: '{percent, number} % de la copie est là',
  toEach: '{source}, {size} vers chacune',
  thenVerified: 'puis vérifié',
  notVerified: 'non vérifié',
  zeros: 'les secteurs illisibles deviennent des zéros',
  nothingOn: 'Aucune donnée reconnue',
  partition: 'partition de {size}',
  pieces: 'Morceaux {first} à {last}',
  start: 'Démarrer',
  starting: 'Démarrage…',
  hold: 'Maintenir pour démarrer',
  holding: 'Maintenez…',
  holdHint: 'Maintenez une seconde et demie, ou tapez {word}.',
  holdShort: 'Pas démarré. Maintenez une seconde et demie, ou tapez {word}.',
  typeHint: 'Ceci efface {reasons}. Tapez {word} pour démarrer.',
  typeField: 'Tapez {word} pour démarrer',
  erase: 'EFFACER',
  eraseAgain: 'CONTINUER',
  withData: '{count, plural, one {# disque avec des données} other {# disques avec des données}}',
  large: '{count, plural, one {# disque de plus de {size}} other {# disques de plus de {size}}}',
  larger:
    '{count, plural, one {# disque de plus de quatre fois la taille de la source} other {# disques de plus de quatre fois la taille de la source}}',
};
