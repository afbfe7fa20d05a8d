// A rescue: its progress and its result.
export const rescue = {
  title: 'Rescue',
  copying: 'Copying what reads at the first try',
  trimming: 'Trimming the edges of what could not be read',
  scraping: 'Scraping between bad places, sector by sector',
  retrying: 'Retrying the bad sectors ({retry, number})',
  waits:
    'Waits until the others have all that can be read, then copies it from one of them. {left} of the source are still to be read.',
  waitsForRetry:
    'Waits until the others have all that can be read, then copies it from one of them. Bad sectors are tried again: {bad} left.',
  waitsBrief: 'for the others',
  all: 'All of the source could be read: {size}.',
  soFar: '{rescued} of the source rescued so far. {left} not tried.',
  part: '{rescued} of the source rescued. {bad} could not be read and are zeros on every destination.',
  unreadable: '{count, plural, one {# unreadable place} other {# unreadable places}}',
  unreadableList: 'Unreadable places',
  rescued: 'Rescued',
  bad: 'Bad',
  left: 'Left',
} as const;
