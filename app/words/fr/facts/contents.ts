import type { Translated } from '../../en/catalogue.ts';
import type { contents as english } from '../../en/facts/contents.ts';

export const contents: Translated<typeof english> = {
  fileSystem: '{fileSystem} sur {path} ({size})',
  labelled: '{fileSystem} « {label} » sur {path} ({size})',
  table: 'une table de partitions ({table}) sur {path}',
  partition: 'partition {path} ({size})',
  several: 'plusieurs signatures ({signatures}) sur {path}',
  signature: 'la signature de {signature} sur {path}',
  unread: 'un contenu inconnu sur {path}, qui n’a pas pu être lu',
};
