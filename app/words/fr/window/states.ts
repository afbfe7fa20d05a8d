import type { Translated } from '../../en/catalogue.ts';
import type { states as english } from '../../en/window/states.ts';

export const states: Translated<typeof english> = {
  waiting: 'En attente',
  comparing: 'Comparaison',
  copying: 'Copie',
  unpacking: 'Décompression',
  flushing: 'Finalisation',
  verifying: 'Vérification',
  repairing: 'Réparation',
  paused: 'En pause',
  stalled: 'Sans réponse',
  verified: 'Vérifié',
  mappedVerified: 'Vérifié : ce que désigne la carte',
  usedVerified: 'Vérifié : blocs utilisés',
  sourceWritten: 'Vérifié ; source modifiée',
  partlyVerified: 'Vérifié en partie',
  written: 'Écrit, non vérifié',
  failed: 'Échec',
  removed: 'Retiré',
  cancelled: 'Annulé',
};
