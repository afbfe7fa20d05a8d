import type { Translated } from '../../en/catalogue.ts';
import type { partitions as english } from '../../en/window/partitions.ts';

export const partitions: Translated<typeof english> = {
  map: '{count, plural, one {# Partition} other {# Partitionen}}: {names}',
  more: 'und {count, number} weitere',
};
