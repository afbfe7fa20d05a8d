// What can be done about a failure: for each code one remedy, and others where something helps more.
import type { ErrorCode } from './errors.ts';

/** By code: what to do where nothing better is known. */
export const BY_CODE = {
  MEDIUM_ERROR: {}, DEVICE_GONE: {}, NO_SPACE: {}, READ_ONLY: {}, TIMED_OUT: {}, STALLED: {}, VERIFY_MISMATCH: {}, SOURCE_CHANGED: {}, CANCELLED: {},
  SOURCE_FAILED: {}, IO_ERROR: {}, NOT_FOUND: {}, NOT_PERMITTED: {}, ELEVATION_DENIED: {}, ELEVATION_CANCELLED: {}, NO_AGENT: {}, NOT_BLOCK_OR_FILE: {},
  SOURCE_EMPTY: {}, SOURCE_UNREADABLE: {}, IS_SOURCE: {}, IS_SYSTEM: {}, MOUNTED: {}, IN_USE: {}, TOO_SMALL: {}, DUPLICATE: {}, TOO_MANY: {}, CHANGED: {},
  NOT_EJECTABLE: {}, CONFIRM: {}, BAD_ARGUMENT: {}, BAD_FILE: {}, NOTHING_TO_DO: {}, HOST_FAILED: {}, ENGINE_UNAVAILABLE: {},
} as const satisfies Record<ErrorCode, object>;

export const REMEDIES = {
  ...BY_CODE,
  /** Said in English by the command line, or by an older Platter. */
  said: { text: 'text' },
  ownFiles: {},
  otherCopy: {},
  checkSource: {},
  checkAgain: {},
  repairIt: {},
  finishPart: {},
  newCopy: {},
  moreMemory: {},
  otherImage: {},
  nameFile: {},
  otherManifest: {},
  remakeManifest: {},
  fromTheBeginning: {},
  forgetJob: {},
  otherMap: {},
  mapOrder: {},
  mapStatus: {},
  mapRange: {},
  mapLine: {},
  reviewAgain: {},
  endMounter: {},
  endPrograms: {},
  unmountByHand: {},
  tryAgain: {},
  waitUnmounting: {},
  waitEjecting: {},
  ejectElsewhere: {},
  installLsblk: {},
  polled: {},
  refresh: {},
  restart: {},
  settingsKept: { path: 'text' },
  listHistory: {},
  installPkexec: {},
  installPackage: {},
  sudoStart: {},
} as const;
