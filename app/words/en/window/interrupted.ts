// Interrupted jobs that can be continued.
export const interrupted = {
  title: 'Interrupted',
  what: '{source} to {destinations}',
  damaged: 'its log is damaged: all of it is copied again',
  far: '{percent, number} % of {size} each written',
  farFinished: '{far}, {finished, number} of {all, number} done',
  allWritten: '{finished, number} of {all, number} done; the rest is written, {size} each, but not finished',
  forget: 'Discard',
  forgetNamed: 'Discard {job}',
  forgetAsk: 'Discard this job? It can no longer be continued.',
  forgetAskDownload: 'Discard this job? It can no longer be continued. A download that only it needs is removed.',
  forgetStays:
    '{count, plural, one {{parts} stays, incomplete. Remove it if you do not need it.} other {{parts} stay, incomplete. Remove them if you do not need them.}}',
  forgetYes: 'Discard it',
  forgetNo: 'Keep it',
  continueNamed: 'Continue {job}',
  showMore: 'Show {count, number} more',
  showNewest: 'Show only the newest',
} as const;
