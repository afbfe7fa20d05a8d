// How many destinations are at it ("2 copying").
export const counts = {
  waiting: '{count, number} waiting',
  comparing: '{count, number} comparing',
  copying: '{count, number} copying',
  flushing: '{count, number} flushing',
  verifying: '{count, number} verifying',
  repairing: '{count, number} repairing',
  paused: '{count, number} paused',
  stalled: '{count, number} stalled',
  verified: '{count, number} verified',
  mappedVerified: '{count, number} verified as far as the bmap maps',
  sourceWritten: '{count, number} verified, but the source changed',
  partlyVerified: '{count, number} verified in part',
  written: '{count, number} written but not verified',
  failed: '{count, number} failed',
  removed: '{count, number} removed',
  cancelled: '{count, number} cancelled',
} as const;
