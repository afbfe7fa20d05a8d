import type { Translated } from '../../en/catalogue.ts';
import type { partitions as english } from '../../en/window/partitions.ts';

export const partitions: Translated<typeof english> = {
  map: '{count, plural, one {# partition} other {# partitions}} : {names}',
  more: 'et {count, number} autres',
};
