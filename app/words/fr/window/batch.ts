import type { Translated } from '../../en/catalogue.ts';
import type { batch as english } from '../../en/window/batch.ts';

export const batch: Translated<typeof english> = {
  name: 'Nom du lot',
  namePlaceholder: 'aucun',
  size: 'Taille',
  port: 'Port',
  all: 'Tous',
  hidden: '{count, plural, one {# disque n’est pas affiché.} other {# disques ne sont pas affichés.}}',
  told: '{percent, number} pour cent : {headline}.',
};
