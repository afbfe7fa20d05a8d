// A drive in a sentence that tells it from another.
export const drives = {
  nameless: 'a drive without a name',
  serial: 'serial number {serial}',
  noSerial: 'no serial number',
} as const;
