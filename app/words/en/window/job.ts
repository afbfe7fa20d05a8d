// A running or ended job: its header, its tiles, the next step.
export const job = {
  destinations: 'Destinations',
  whole: 'Whole job',
  wholeAt: '{percent, number} percent, {headline}',
  progressOf: 'Progress of {name}',
  progressAt: '{state}, {percent, number} percent',
  detailsOf: 'Details of {name}',
  nameAt: '{name} ({port})',
  heading: '{name}, {state}',
  imageFile: 'Image file',
  alreadyThere: '{size} already there',
  uncompared: '{size} not compared',
  brief:
    '{code, select, MEDIUM_ERROR {Medium error} DEVICE_GONE {Unplugged} NO_SPACE {Full} READ_ONLY {Read-only} TIMED_OUT {No answer} STALLED {No answer} VERIFY_MISMATCH {Differs} other {}}',
  atPlace: 'at {size}',
  errorsMore: '{what}, and {count, number} more',
  new: 'New job',
  cancelling: 'Cancelling…',
  stopAsk: 'Stop now? Unfinished destinations will be unusable.',
  stopAskContinuable: 'Stop now? Unfinished destinations will be unusable until the job is continued.',
  stopping: 'Stopping: writes in flight end first, then every drive is flushed. Leave the drives plugged in.',
  takeOut: '{count, plural, one {{names} is done: take it out.} other {{names} are done: take them out.}}',
  driveDone:
    '{count, plural, one {{names} is done: leave it in until the job has ended.} other {{names} are done: leave them in until the job has ended.}}',
  imageReady: '{count, plural, one {{names} is ready.} other {{names} are ready.}}',
  stalled:
    '{count, plural, one {{names} does not answer: check cable and port.} other {{names} do not answer: check cable and port.}}',
  sourceWritten:
    'The source was written to during the job: {count, plural, one {{names} may hold} other {{names} may each hold}} a mixture of old and new data. Repeat the job when nothing writes to the source.',
  sourceUnknown:
    'The engine stopped before it could tell whether the source was written to: check {names} against the source before use.',
  partlyVerified:
    '{count, plural, one {Part of {names} was} other {Part of each of {names} was}} not compared. Check with the source itself to verify all of it.',
  setAside: 'Set {names} aside.',
  holdsPart:
    '{count, plural, one {{names} holds only part of the source.} other {{names} hold only part of the source.}}',
  continueFinishes: 'Continue the job to finish the rest.',
  pausedNow: 'Paused: nothing is written until you continue. Leave the drives plugged in.',
  leaveVerify: 'Leave the drives plugged in. Each one is read back as soon as it is written.',
  leave: 'Leave the drives plugged in.',
  summary: '{source} to {destinations}, {size} each',
  took: 'took {time}',
  sourceErrorsMore: '{count, plural, one {and # more error of the source} other {and # more errors of the source}}',
  toldEnded: 'Job ended: {headline}.',
  toldFailed: 'Job stopped: {message}',
  toldStarted: '{count, plural, one {Job started: # destination.} other {Job started: # destinations.}}',
  toldCancelling: 'Cancelling.',
  toldPaused: 'Paused.',
  toldContinued: 'Continued.',
  told: '{name}: {state}.',
  toldBad: '{name}: {state}. {reason}',
} as const;
