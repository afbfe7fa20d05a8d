// Desktop notifications.
export const alerts = {
  stopped: 'The job stopped',
  drive: '{count, plural, one {{name} failed} other {# drives failed}}',
} as const;
