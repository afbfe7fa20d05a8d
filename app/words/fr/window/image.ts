import type { Translated } from '../../en/catalogue.ts';
import type { image as english } from '../../en/window/image.ts';

export const image: Translated<typeof english> = {
  unknown: 'contenu non reconnu',
  noImage: 'pas une image de disque',
  sparse: 'Android sparse',
  exact: '{packed}, {size} une fois décompressée',
  atLeast: '{packed}, au moins {size} une fois décompressée',
  sizeUnknown: '{packed}, taille décompressée pas encore connue',
  listOfFile: '{list} a la somme {hash} de ce fichier.',
  listOfImage: '{list} a la somme {hash} de l’image qu’il contient.',
  bmap: '{name} désigne {mapped} sur {size}',
  bmapUnusable: '{name} n’est pas utilisable',
  bmapOnly: 'Seulement ce qu’elle désigne',
  bmapZeros: 'Des zéros ailleurs',
  bmapIgnored: 'Toute l’image',
  bmapOnlyHint: 'Le reste est indéfini : il n’est pas comparé, et un disque y garde le plus souvent ce qu’il a.',
  bmapZerosHint: 'Le reste est rempli de zéros, ce qui dure autant que l’image entière.',
  bmapIgnoredHint: 'La bmap est ignorée.',
  missingEntry: 'Choisissez l’image dans l’archive.',
  entries: 'Fichiers de l’archive ({count, number})',
  encrypted: 'chiffré',
  more: 'et {count, number} autres',
};
