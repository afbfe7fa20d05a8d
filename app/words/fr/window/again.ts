import type { Translated } from '../../en/catalogue.ts';
import type { again as english } from '../../en/window/again.ts';

export const again: Translated<typeof english> = {
  button: 'Refaire',
  batch: 'Lot {number, number}',
  waiting: 'en attente de nouveaux disques',
  ready: '{count, plural, one {# disque est prêt} other {# disques sont prêts}}',
  swap: 'Retirez {count, plural, one {le disque} other {les # disques}} du dernier lot et branchez les suivants. Les nouveaux disques sont sélectionnés dès qu’ils arrivent.',
  plugIn: 'Branchez les disques suivants. Ils sont sélectionnés dès qu’ils arrivent.',
  stop: 'Ne plus attendre',
  done: 'Terminé dans le lot {number, number}',
  notDone: 'Non terminé dans le lot {number, number}',
};
