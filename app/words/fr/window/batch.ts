import type { Translated } from '../../en/catalogue.ts';
import type { batch as english } from '../../en/window/batch.ts';

export const batch: Translated<typeof english> = {
  name: 'Nom de la tâche (facultatif)',
  told: '{percent, number} pour cent : {headline}.',
};
