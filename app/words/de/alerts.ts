import type { Translated } from '../catalogue.ts';
import type { alerts as english } from '../en/alerts.ts';

export const alerts: Translated<typeof english> = {
  stopped: 'Der Auftrag wurde unterbrochen',
  drive: '{count, plural, one {{name}: fehlgeschlagen} other {# Laufwerke fehlgeschlagen}}',
};
