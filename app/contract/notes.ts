// What else is told as facts: notes on a job, what is on a disk, where it is plugged in, how the host ended.

export const NOTES = {
  /** Said in English by an older Platter. */
  said: { text: 'text' },

  // Before a job
  mountedSource: { path: 'text', targets: 'list' },
  swapSource: { path: 'text' },
  besideSystem: { path: 'text' },
  bootAreas: { path: 'text', areas: 'list', end: ['source', 'destination'] },
  gptNotAtEnd: { path: 'text' },
  leftBehind: { path: 'text', signatures: 'list' },
  mirrorLeft: { path: 'text', place: 'place' },
  unpacks: { path: 'text', format: 'text', bytes: 'bytes', size: 'bytes' },
  unpacksEntry: { path: 'text', format: 'text', entry: 'text', bytes: 'bytes', size: 'bytes' },
  checksum: { path: 'text' },
  checksumFrom: { path: 'text', of: ['file', 'image'], list: 'text', hash: 'text', hex: 'text' },
  packedUnchecked: { path: 'text' },
  signedBy: { path: 'text', by: 'text', key: 'text' },
  signatureUnchecked: { path: 'text', signature: 'text' },
  checksumBeside: { path: 'text', of: ['file', 'image'], list: 'text', hash: 'text' },
  listUnclear: { path: 'text', list: 'text', reason: 'reason' },
  zerosFollow: { path: 'text', bytes: 'bytes' },
  takenAsIs: { path: 'text', file: 'file' },
  looksLike: { path: 'text', file: 'file' },
  unrecognised: { path: 'text' },
  imageDespiteName: { path: 'text', format: 'text' },
  takenDespiteName: { path: 'text', format: 'text' },
  trailer: { path: 'text', format: 'text' },
  otherSectors: { path: 'text', has: 'count', made: 'count' },
  sourceSectors: { path: 'text', has: 'count', made: 'count' },
  imageSectors: { path: 'text', made: 'count' },
  partitionsBeyond: { path: 'text', end: 'bytes', size: 'bytes' },
  sameUuids: { source: 'text', paths: 'list', by: ['btrfs', 'lvm', 'other'] },
  buffered: { path: 'text' },
  partitionsUnchecked: { path: 'text' },
  unlogged: { directory: 'text', reason: 'reason' },
  unloggedMemory: {},
  leftOut: { path: 'text' },
  partOfJob: { path: 'text', part: 'text', began: 'time' },
  logDamaged: {},
  goesOn: { began: 'time', there: 'size' },
  beginsAgain: { began: 'time' },
  mapGone: { path: 'text' },
  manifestReplaced: { path: 'text' },
  mapContinued: { rescued: 'bytes' },
  notCompared: { count: 'count' },

  // After it
  sourceWritten: { path: 'text' },
  sourceUnwatched: { path: 'text' },
  sourceUnknown: { path: 'text' },
  oldPartitions: { path: 'text', errno: 'text' },
  manifestWritten: { path: 'text' },
  manifestNotSaved: { reason: 'reason' },
  manifestNotKept: { reason: 'reason' },
  manifestEmpty: {},
  manifestHoles: { count: 'count' },
  comparedWithManifest: { all: 'count', compared: 'count' },
  sourceUnchanged: {},
  sourceChanged: { count: 'count', size: 'size' },
  logNotWritten: { reason: 'reason' },
  mapNotWritten: { path: 'text', reason: 'reason' },
  morePlaces: { count: 'count' },
  nameKept: { path: 'text', part: 'text', errno: 'text' },
  mapOfDone: {},
} as const;

export const CONTENTS = {
  fileSystem: { fileSystem: 'text', path: 'text', size: 'size' },
  labelled: { fileSystem: 'text', label: 'text', path: 'text', size: 'size' },
  table: { table: 'text', path: 'text' },
  partition: { path: 'text', size: 'size' },
  /** More than one signature, of which none can be taken for what is there. */
  several: { signatures: 'list', path: 'text' },
  /** One signature that is not enough to mount it by. */
  signature: { signature: 'text', path: 'text' },
  /** It could not be looked at. */
  unread: { path: 'text' },
} as const;

/** Kinds of files that are not disk images, as a part of a sentence. */
export const FILES = {
  packed: { format: 'text' },
  archive: { format: 'text' },
  virtualDisk: { format: 'text' },
  backup: { format: 'text' },
  firmware: { format: 'text' },
  fileSystem: { format: 'text' },
  encrypted: { format: 'text' },
  program: { format: 'text' },
  media: { format: 'text' },
  document: { format: 'text' },
  bmap: {},
  checksums: {},
  webPage: {},
  xml: {},
  json: {},
  text: {},
} as const;

export const SOCKETS = {
  /** As an enclosure calls it: "Slot 04". */
  named: { name: 'text' },
  usbBus: { number: 'text' },
  hub: { number: 'text' },
  port: { number: 'text' },
  slot: { number: 'text' },
  sasController: { number: 'text' },
  expander: { number: 'text' },
  sataPort: { number: 'text' },
  multiplierPort: { number: 'text' },
  cardSlot: { number: 'text' },
  nvme: { address: 'text' },
  pci: { address: 'text' },
} as const;

export const ENDS = {
  closed: {},
  early: {},
  protocol: { said: 'text' },
  notInProtocol: {},
  otherProtocol: { protocol: 'text' },
  unasked: {},
  notStarted: { said: 'text' },
  exitCode: { code: 'text' },
  signal: { signal: 'text' },
  outputClosed: {},
  outputEnded: {},
  outputFailed: { said: 'text' },
  inputFailed: { said: 'text' },
} as const;
