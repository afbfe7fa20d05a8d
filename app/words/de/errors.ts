import type { Translated } from '../catalogue.ts';
import type { errors as english } from '../en/errors.ts';

export const errors: Translated<typeof english> = {
  at: 'bei {place}',
  long: '{bytes} lang',
};
