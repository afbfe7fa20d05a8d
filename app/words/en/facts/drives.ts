// A drive, worded so that the user can tell it from another.
export const drives = {
  nameless: 'a drive without a name',
  serial: 'serial number {serial}',
  noSerial: 'no serial number',
} as const;
