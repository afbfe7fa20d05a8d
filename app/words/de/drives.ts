import type { Translated } from '../catalogue.ts';
import type { drives as english } from '../en/drives.ts';

export const drives: Translated<typeof english> = {
  nameless: 'ein Laufwerk ohne Namen',
  serial: 'Seriennummer {serial}',
  noSerial: 'keine Seriennummer',
};
