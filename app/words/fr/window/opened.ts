import type { Translated } from '../../en/catalogue.ts';
import type { opened as english } from '../../en/window/opened.ts';

export const opened: Translated<typeof english> = {
  open: 'Ouvrir',
  openNamed: 'Ouvrir {name}',
  hint: 'Montre les fichiers qu’elle contient. Rien n’est décompressé ni modifié.',
  opening: 'Ouverture…',
  title: 'Images ouvertes',
  written: 'Images écrites',
  isOpen: '{name} est ouverte en lecture seule.',
  file: '{what}, {size}',
  whole: 'image entière',
  showNamed: 'Montrer les fichiers de {what} dans {name}',
  closeNamed: 'Fermer {name}',
  noneShown: 'Le système n’en montre aucun système de fichiers. Son contenu est en fichiers dans {folder}/images.',
  noUdisks:
    'Le système ne peut pas montrer ses systèmes de fichiers : installez le paquet udisks2, puis rouvrez-la. Son contenu est en fichiers dans {folder}/images.',
  refused: '{what} n’est pas montré : {said}.',
};
