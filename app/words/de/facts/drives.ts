import type { Translated } from '../../en/catalogue.ts';
import type { drives as english } from '../../en/facts/drives.ts';

export const drives: Translated<typeof english> = {
  nameless: 'ein Laufwerk ohne Namen',
  serial: 'Seriennummer {serial}',
  noSerial: 'keine Seriennummer',
};
