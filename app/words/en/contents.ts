// What is on a disk, as far as it is recognised.
import type { Content } from '../../contract/facts.ts';

export const contents = {
  fileSystem: '{fileSystem} on {path} ({size})',
  labelled: '{fileSystem} "{label}" on {path} ({size})',
  table: 'a partition table ({table}) on {path}',
  partition: 'partition {path} ({size})',
} as const satisfies Record<Content['kind'], string>;
