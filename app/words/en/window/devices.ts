// Drives that are plugged in, used, and taken out.
export const devices = {
  new: 'New',
  arrived: 'Plugged in: {drives}.',
  mountedSource: 'Mounted at {places}: the copy is consistent only if nothing writes to it during the job.',
  unmountedFirst:
    '{count, plural, one {This is mounted and is unmounted first:} other {These are mounted and are unmounted first:}}',
  mount: '{device}, mounted at {target}',
  safe: 'Safe to remove: {drives}.',
  takenOut: 'Taken out when done: {drives}.',
  takenOutUnfinished: 'Taken out before the copy was complete: {drives}.',
  mountedAgain:
    'The system has mounted {drives} again: eject {count, plural, one {it before taking it} other {them before taking them}} out.',
  ejected: 'Switched off and ready to take out: {drives}.',
  eject: 'Eject',
  ejectAll: '{count, plural, one {Eject it} other {Eject all #}}',
  ejectDone: '{count, plural, one {Eject the finished drive} other {Eject # finished drives}}',
  ejecting: 'Ejecting…',
} as const;
