// What a destination is at: one word, as large as a tile allows.
export const states = {
  waiting: 'Waiting',
  comparing: 'Comparing',
  copying: 'Copying',
  flushing: 'Flushing',
  verifying: 'Verifying',
  repairing: 'Repairing',
  paused: 'Paused',
  stalled: 'Stalled',
  verified: 'Verified',
  mappedVerified: 'Verified: what the bmap maps',
  sourceWritten: 'Verified; source changed',
  partlyVerified: 'Verified in part',
  written: 'Written, not verified',
  failed: 'Failed',
  removed: 'Removed',
  cancelled: 'Cancelled',
} as const;
