// Charts of speed over time: one for a destination in its details, one for all in a drawer.
export const speed = {
  title: 'Speed',
  total: 'All destinations',
  one: 'Speed',
  nothing: '{label}: nothing to show yet.',
  words: '{label} over {time}: {average} on average, {least} to {most}.',
} as const;
