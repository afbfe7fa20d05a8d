// The drawer of one destination.
export const details = {
  tryAgain: 'Try again',
  restarting: 'Restarting…',
  stopAsk: 'Stop this one? It will be unusable.',
  stopAskContinuable: 'Stop this one? It is unusable until it is continued.',
  path: 'Path',
  model: 'Model',
  serial: 'Serial',
  port: 'Port',
  size: 'Size',
  alreadyThere: 'Already there',
  notAgain: '{size}: not written again',
  uncompared: 'Not compared',
  noErrors: 'No errors',
  errors: '{count, plural, one {# error} other {# errors}}',
} as const;
