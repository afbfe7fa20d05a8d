// What stands beside an error; the sentences themselves are in ../host.ts.
export const errors = {
  at: 'at {place}',
  long: '{bytes} long',
} as const;
