import type { Translated } from '../../en/catalogue.ts';
import type { speed as english } from '../../en/window/speed.ts';

export const speed: Translated<typeof english> = {
  title: 'Vitesse',
  total: 'Toutes les destinations',
  one: 'Vitesse',
  nothing: '{label} : rien à montrer pour l’instant.',
  words: '{label} sur {time} : {average} en moyenne, de {least} à {most}.',
};
