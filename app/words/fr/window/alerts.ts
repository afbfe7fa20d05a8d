import type { Translated } from '../../en/catalogue.ts';
import type { alerts as english } from '../../en/window/alerts.ts';

export const alerts: Translated<typeof english> = {
  stopped: 'La tâche s’est interrompue',
  drive: '{count, plural, one {Échec : {name}} other {Échec de # disques}}',
};
