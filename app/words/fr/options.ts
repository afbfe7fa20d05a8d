import type { Translated } from '../catalogue.ts';
import type { options as english } from '../en/options.ts';

export const options: Translated<typeof english> = {
  verify: 'Vérifier',
  verifyOn: 'Chaque disque est relu sur son support et comparé.',
  verifyOff: 'Les disques seront écrits, pas vérifiés.',
  more: 'Plus d’options',
  fewer: 'Moins d’options',
  update: 'Seulement ce qui diffère',
  updateHint: 'Les disques sont lus d’abord ; ce qui est pareil n’est pas réécrit.',
  rescue: 'Sauter les secteurs illisibles',
  rescueHint: 'Pour une source défaillante. Ce sont des zéros dans chaque copie ; ils sont listés.',
  keepGoing: 'Sauter les erreurs d’écriture',
  keepGoingHint: 'Un disque défaillant est écrit jusqu’au bout ; ses mauvais endroits sont listés.',
  limit: 'Débit maximal',
  limitNone: 'aucun',
  limitUnit: 'Mo/s',
  limitWrong: 'Le débit maximal n’est pas un nombre de Mo/s.',
  limitSet: 'Appliquer',
  shortUpdate: 'seulement ce qui diffère',
  shortRescue: 'sans les secteurs illisibles',
  shortKeepGoing: 'malgré les erreurs d’écriture',
  shortLimit: 'au plus {rate}',
  carried: 'Comme dans la tâche répétée :',
  drop: 'Ne pas reprendre',
};
