import type { Translated } from '../../en/catalogue.ts';
import type { speed as english } from '../../en/window/speed.ts';

export const speed: Translated<typeof english> = {
  title: 'Tempo',
  total: 'Alle Ziele',
  one: 'Tempo',
  nothing: '{label}: noch nichts zu zeigen.',
  words: '{label} über {time}: im Mittel {average}, {least} bis {most}.',
};
