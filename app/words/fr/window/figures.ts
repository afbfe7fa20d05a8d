import type { Translated } from '../../en/catalogue.ts';
import type { figures as english } from '../../en/window/figures.ts';

export const figures: Translated<typeof english> = {
  moment: '{day}, {time}',
  seconds: '{seconds, number} s',
  minutes: '{minutes, number} min',
  hours: '{hours, number} h',
  hoursMinutes: '{hours, number} h {minutes, number} min',
  place: '{size} (octet {byte, number}, secteur {sector, number})',
  placeShort: '{size} (secteur {sector, number})',
  sector: 'secteur {sector, number}',
};
