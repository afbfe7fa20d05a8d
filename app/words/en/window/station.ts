// Station mode: what it is armed for, and what happens in its bays.
export const station = {
  word: 'STATION',
} as const;
