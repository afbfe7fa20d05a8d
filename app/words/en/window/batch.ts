// The name of a batch.
export const batch = {
  name: 'Job name (optional)',
  told: '{percent, number} percent: {headline}.',
} as const;
