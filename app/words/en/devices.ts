// Drives that come, are in use, and go.
export const devices = {
  new: 'New',
  arrived: 'Plugged in: {drives}.',
  mounted: 'Mounted at {places}: it is unmounted first, if you agree.',
  mountedSource: 'Mounted at {places}: a copy of it is whole only when nothing writes to it meanwhile.',
  inUse: '{count, plural, one {This is in use now:} other {These are in use now:}}',
  mount: '{device}, mounted at {target}',
  unmount: '{count, plural, one {Unmount it first} other {Unmount them first}}',
  safe: 'Safe to remove: {drives}.',
  takenOut: 'Taken out when done: {drives}.',
  takenOutUnfinished: 'Taken out without a whole copy: {drives}.',
  mountedAgain: '{drives} {count, plural, one {is} other {are}} mounted by the system again: eject before taking out.',
  ejected: 'Switched off, to be taken out: {drives}.',
  eject: 'Eject',
  ejectAll: '{count, plural, one {Eject it} other {Eject all #}}',
  ejecting: 'Ejecting…',
} as const;
