// The content of a chosen image.
export const image = {
  unknown: 'nothing that is recognised',
  noImage: 'no disk image',
  sparse: 'Android sparse',
  exact: '{size}, packed {packed}',
  atLeast: 'at least {size}, packed {packed}',
  sizeUnknown: 'packed {packed}',
  listOfFile: '{list} has the {hash} of this file.',
  listOfImage: '{list} has the {hash} of the image in it.',
  partitions: 'Partitions',
  missingEntry: 'Choose the image in the archive.',
  entries: 'Files in the archive ({count, number})',
  encrypted: 'encrypted',
  more: 'and {count, number} more',
} as const;
