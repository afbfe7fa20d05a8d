import type { Translated } from '../../en/catalogue.ts';
import type { drives as english } from '../../en/facts/drives.ts';

export const drives: Translated<typeof english> = {
  nameless: 'un disque sans nom',
  serial: 'numéro de série {serial}',
  noSerial: 'sans numéro de série',
};
