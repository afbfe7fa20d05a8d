// Interrupted jobs that can be continued.
export const interrupted = {
  title: 'Interrupted',
  what: '{source} to {destinations}',
  damaged: 'its log is damaged, so all of it is copied again',
  far: '{percent, number} % of {size} each is written',
  farFinished: '{far}, {finished, number} of {all, number} finished',
  forget: 'Forget',
  forgetNamed: 'Forget {job}',
  forgetAsk: 'It can then no longer be continued.',
  forgetAskDownload: 'It can then no longer be continued. A download that only it needs is removed.',
  forgetStays:
    '{count, plural, one {{parts} stays, incomplete. Remove it if you do not need it.} other {{parts} stay, incomplete. Remove them if you do not need them.}}',
  forgetYes: 'Forget it',
  forgetNo: 'Keep it',
  continueNamed: 'Continue {job}',
  showMore: 'Show {count, number} more',
  showNewest: 'Show only the newest',
} as const;
