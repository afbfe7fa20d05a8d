// The map of the partitions of a disk or an image.
export const partitions = {
  map: '{count, plural, one {# partition} other {# partitions}}: {names}',
  more: 'and {count, number} more',
} as const;
