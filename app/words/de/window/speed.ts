import type { Translated } from '../../en/catalogue.ts';
import type { speed as english } from '../../en/window/speed.ts';

export const speed: Translated<typeof english> = {
  title: 'Geschwindigkeit',
  total: 'Alle Ziele',
  one: 'Geschwindigkeit',
  nothing: '{label}: noch nichts zu zeigen.',
  words: '{label} über {time}: im Mittel {average}, {least} bis {most}.',
};
