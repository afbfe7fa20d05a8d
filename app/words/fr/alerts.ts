import type { Translated } from '../catalogue.ts';
import type { alerts as english } from '../en/alerts.ts';

export const alerts: Translated<typeof english> = {
  stopped: 'Le travail s’est interrompu',
  drive: '{count, plural, one {Échec : {name}} other {Échec de # disques}}',
};
