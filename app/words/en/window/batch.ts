// The name of a batch.
export const batch = {
  name: 'Name of the batch',
  namePlaceholder: 'none',
  told: '{percent, number} percent: {headline}.',
} as const;
