// Station mode: what it is armed for, and what happens in its bays.
import type { station as english } from '../../en/window/station.ts';
import type { Translated } from '../../en/catalogue.ts';

export const station: Translated<typeof english> = {
  word: 'STATION',
};
