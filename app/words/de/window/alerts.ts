import type { Translated } from '../../en/catalogue.ts';
import type { alerts as english } from '../../en/window/alerts.ts';

export const alerts: Translated<typeof english> = {
  stopped: 'Der Auftrag wurde unterbrochen',
  drive: '{count, plural, one {{name}: fehlgeschlagen} other {# Laufwerke fehlgeschlagen}}',
};
