import type { Translated } from '../../en/catalogue.ts';
import type { files as english } from '../../en/facts/files.ts';

export const files: Translated<typeof english> = {
  packed: 'un fichier compressé ({format})',
  archive: 'une archive ({format})',
  virtualDisk: 'le fichier d’un disque virtuel ({format})',
  backup: 'un fichier de sauvegarde ({format})',
  firmware: 'un fichier de démarrage ou de micrologiciel ({format})',
  fileSystem: 'un système de fichiers {format} sans chargeur d’amorçage',
  encrypted: 'un fichier chiffré ({format})',
  program: 'un programme ({format})',
  media: 'un fichier image, son ou vidéo ({format})',
  document: 'un document ({format})',
  bmap: 'un fichier bmap, qui décrit une image',
  checksums: 'une liste de sommes de contrôle',
  webPage: 'une page web',
  xml: 'un fichier XML',
  json: 'un fichier JSON',
  text: 'un fichier texte',
};
