// Kinds of files that are not disk images, worded as a part of a sentence.
import type { Fact } from '../../../contract/facts.ts';

export const files = {
  packed: 'a packed file ({format})',
  archive: 'an archive ({format})',
  virtualDisk: 'the file of a virtual disk ({format})',
  backup: 'a backup file ({format})',
  firmware: 'a boot or firmware file ({format})',
  fileSystem: 'a {format} file system without a boot loader',
  encrypted: 'an encrypted file ({format})',
  program: 'a program ({format})',
  media: 'a picture, sound or video file ({format})',
  document: 'a document ({format})',
  bmap: 'a bmap file, which describes an image',
  checksums: 'a list of checksums',
  webPage: 'a web page',
  xml: 'an XML file',
  json: 'a JSON file',
  text: 'a text file',
} as const satisfies Record<Fact<'files'>['kind'], string>;
