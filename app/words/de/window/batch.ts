import type { Translated } from '../../en/catalogue.ts';
import type { batch as english } from '../../en/window/batch.ts';

export const batch: Translated<typeof english> = {
  name: 'Auftragsname (optional)',
  told: '{percent, number} Prozent: {headline}.',
};
