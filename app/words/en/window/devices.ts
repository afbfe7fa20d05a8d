// Drives that are plugged in, used, and taken out.
export const devices = {
  new: 'New',
  arrived: 'Plugged in: {drives}.',
  mounted: 'Mounted at {places}: it is unmounted first, if you agree.',
  mountedSource: 'Mounted at {places}: the copy is consistent only if nothing writes to it during the job.',
  inUse: '{count, plural, one {This is in use now:} other {These are in use now:}}',
  mount: '{device}, mounted at {target}',
  unmount: '{count, plural, one {Unmount it first} other {Unmount them first}}',
  safe: 'Safe to remove: {drives}.',
  takenOut: 'Taken out when done: {drives}.',
  takenOutUnfinished: 'Taken out before the copy was complete: {drives}.',
  mountedAgain:
    'The system has mounted {drives} again: eject {count, plural, one {it before taking it} other {them before taking them}} out.',
  ejected: 'Switched off and ready to take out: {drives}.',
  eject: 'Eject',
  ejectAll: '{count, plural, one {Eject it} other {Eject all #}}',
  ejecting: 'Ejecting…',
} as const;
