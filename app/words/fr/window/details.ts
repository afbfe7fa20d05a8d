import type { Translated } from '../../en/catalogue.ts';
import type { details as english } from '../../en/window/details.ts';

export const details: Translated<typeof english> = {
  tryAgain: 'Réessayer',
  restarting: 'Relance…',
  stopAsk: 'Arrêter celle-ci ? Elle sera inutilisable.',
  stopAskContinuable: 'Arrêter celle-ci ? Elle sera inutilisable jusqu’à sa reprise.',
  path: 'Chemin',
  model: 'Modèle',
  serial: 'N° de série',
  port: 'Port',
  size: 'Taille',
  alreadyThere: 'Déjà là',
  notAgain: '{size} : pas réécrits',
  uncompared: 'Non comparé',
  noErrors: 'Aucune erreur',
  errors: '{count, plural, one {# erreur} other {# erreurs}}',
};
