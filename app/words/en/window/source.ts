// The source: choosing it, and the card that shows it.
export const source = {
  drop: 'Drop an image here',
  dropNow: 'Drop to use as the source',
  chooseSource: 'Choose a source',
  earlier: 'Chosen before',
  clone: 'Clone a disk…',
  cloneTitle: 'Clone a disk',
  disk: 'Use a disk…',
  diskTitle: 'Use a disk as the source',
  diskHint: 'It is only read. Click a disk, or move with the arrow keys and press Enter.',
  change: 'Change…',
  keep: 'Keep this one',
  recent: 'Recent images',
} as const;
