import type { Translated } from '../catalogue.ts';
import type { speed as english } from '../en/speed.ts';

export const speed: Translated<typeof english> = {
  title: 'Vitesse',
  total: 'Toutes les destinations',
  one: 'Vitesse',
  nothing: '{label} : rien à montrer pour l’instant.',
  words: '{label} sur {time} : {average} en moyenne, de {least} à {most}.',
};
