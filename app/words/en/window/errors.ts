// The words beside an error. Its sentences are in ../facts.
export const errors = {
  at: 'at {place}',
  long: '{bytes} long',
} as const;
