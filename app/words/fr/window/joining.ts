import type { Translated } from '../../en/catalogue.ts';
import type { joining as english } from '../../en/window/joining.ts';

export const joining: Translated<typeof english> = {
  bar: 'Disques branchés',
  arrived: 'Branché',
  again: 'Rebranché, déjà vérifié dans cette tâche',
  cannot: 'Ne peut pas s’ajouter. {reason}',
  add: 'Ajouter à la tâche',
  checking: 'Contrôle…',
  ignore: 'Pas maintenant, {name}',
  more: '{count, plural, one {# autre disque a été branché.} other {# autres disques ont été branchés.}}',
  title: 'Ajouter {place} ?',
  hint: 'Il reçoit la même copie, avec une passe à lui. Les autres disques continuent pendant ce temps.',
  hold: 'Maintenir pour ajouter',
  addNow: 'Ajouter',
  adding: 'Ajout…',
  refused: '{name} n’a pas été ajouté : rien n’y a été écrit.',
  ended: 'La tâche s’est terminée avant l’ajout de {name}. Rien n’y a été écrit. Refaites la tâche pour y copier.',
  stopped: 'La tâche s’arrête : {name} n’a pas été ajouté. Rien n’y a été écrit.',
  unplugged: '{name} a été débranché avant d’être ajouté. Rebranchez-le pour l’ajouter.',
  told: '{name} peut s’ajouter à cette tâche.',
  before: '{count, plural, one {# déjà vérifié ici} other {# déjà vérifiés ici}}',
};
