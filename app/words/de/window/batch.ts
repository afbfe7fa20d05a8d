import type { Translated } from '../../en/catalogue.ts';
import type { batch as english } from '../../en/window/batch.ts';

export const batch: Translated<typeof english> = {
  name: 'Auftragsname',
  namePlaceholder: 'keiner',
  size: 'Größe',
  port: 'Anschluss',
  all: 'Alle',
  hidden: '{count, plural, one {# Laufwerk wird nicht gezeigt.} other {# Laufwerke werden nicht gezeigt.}}',
  told: '{percent, number} Prozent: {headline}.',
};
