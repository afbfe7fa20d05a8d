// The name of a batch, and the filters of the list of drives.
export const batch = {
  name: 'Name of the batch',
  namePlaceholder: 'none',
  size: 'Size',
  port: 'Port',
  all: 'All',
  hidden: '{count, plural, one {# drive is not shown.} other {# drives are not shown.}}',
  told: '{percent, number} percent: {headline}.',
} as const;
