import type { Translated } from '../../en/catalogue.ts';
import type { errors as english } from '../../en/window/errors.ts';

export const errors: Translated<typeof english> = {
  at: 'bei {place}',
  long: '{bytes} lang',
};
