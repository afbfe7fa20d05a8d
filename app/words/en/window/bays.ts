// The bays, in the settings.
export const bays = {
  title: 'Bays',
  hint: 'A socket gets its number when a drive is first seen in it, and keeps it.',
  none: 'No bay yet. Plug in a drive, and its socket becomes bay 1.',
  name: 'Name of bay {number}',
  namePlaceholder: 'Name',
  empty: 'empty',
  learn: 'Number by plugging in…',
  byPort: 'Number by port',
  learnHint: 'Take all drives out. Then plug a drive into each bay in turn, beginning with bay 1.',
  learnFirst: 'Waiting for the drive in bay 1.',
  learnt: 'Bay {number} is known. Plug a drive into the next one.',
  done: 'Done',
} as const;
