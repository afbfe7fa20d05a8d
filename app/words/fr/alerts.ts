import type { Translated } from '../catalogue.ts';
import type { alerts as english } from '../en/alerts.ts';

export const alerts: Translated<typeof english> = {
  stopped: 'La tâche s’est interrompue',
  drive: '{count, plural, one {Échec : {name}} other {Échec de # disques}}',
};
