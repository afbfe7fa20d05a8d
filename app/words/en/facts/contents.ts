// The recognised content of a disk.
import type { Content } from '../../../contract/facts.ts';

export const contents = {
  fileSystem: '{fileSystem} on {path} ({size})',
  labelled: '{fileSystem} "{label}" on {path} ({size})',
  table: 'a partition table ({table}) on {path}',
  partition: 'partition {path} ({size})',
  several: 'several signatures ({signatures}) on {path}',
  signature: 'the signature of {signature} on {path}',
  unread: 'unknown contents on {path}, which could not be looked at',
} as const satisfies Record<Content['kind'], string>;
