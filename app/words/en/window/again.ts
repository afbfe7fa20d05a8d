// The next batch of the same job.
export const again = {
  button: 'Same again',
  batch: 'Batch {number, number}',
  waiting: 'waiting for new drives',
  ready: '{count, plural, one {# drive is ready} other {# drives are ready}}',
  swap: 'Take out {count, plural, one {the drive} other {the # drives}} of the last batch and plug in the next. New drives are chosen as they arrive.',
  plugIn: 'Plug in the next drives. They are chosen as they arrive.',
  stop: 'Stop waiting',
  done: 'Done in batch {number, number}',
  notDone: 'Not completed in batch {number, number}',
} as const;
