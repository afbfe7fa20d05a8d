// The causes of failed transfers, worded as the second half of a sentence.
import type { Fact } from '../../../contract/facts.ts';

export const causes = {
  medium: 'the drive reported a medium error',
  gone: 'the drive is gone',
  removed: 'the drive was removed',
  full: 'the storage behind the drive is full',
  fileSystemFull: 'the file system is full',
  fullAt: 'the file system at {target} is full, with {free} free',
  fullAndMissing:
    'the file system at {target} is full, with {free} free and {how, select, most {up to {missing}} other {{missing}}} more needed',
  writeProtected: 'the drive is write-protected',
  timedOut: 'the drive did not answer in time',
  silent: 'the drive has stopped answering',
  fileSystemSilent: 'its file system has stopped answering',
  otherThanBefore: 'it gave other data when it was read again for a slower destination',
  shorterThanBefore: 'the file now ends here: it was cut shorter while it was being read',
  otherThanWritten: 'the data read back differs from the data written',
  otherThanSource: 'it differs from the source',
  stillOther: 'it was written again and still differs',
  otherThanManifest: 'it differs from the manifest',
  otherThanItsManifest: 'it is not what the manifest was made from',
  unexplained: 'the system gave no reason for the failed {of, select, read {read} write {write} other {verify}}',
  refusedCommand: 'the drive refused the command ({errno})',
  errno: 'the system reported {errno}',
} as const satisfies Record<Fact<'causes'>['kind'], string>;
