import type { Translated } from '../../en/catalogue.ts';
import type { download as english } from '../../en/window/download.ts';

export const download: Translated<typeof english> = {
  open: 'Depuis un lien…',
  link: 'Lien vers une image',
  hint: 'http ou https. Ctrl+V prend un lien partout sur cet écran.',
  begin: 'Télécharger',
  named: 'Téléchargement de {name}',
  connecting: 'Connexion…',
  far: '{done} sur {length}',
  percent: '{percent, number} %',
  again: 'Nouvel essai…',
  stopped: 'Arrêté à {far}. Ce qui est là reste.',
  whole: 'Le fichier est complet.',
  removed: 'Il a été supprimé à la fin de sa tâche.',
  removedNoLink: 'Il a été supprimé à la fin de sa tâche. Collez son lien pour le télécharger à nouveau.',
  use: 'Utiliser comme source',
  retry: 'Réessayer',
  anew: 'Télécharger à nouveau',
  discard: 'Abandonner',
  hide: 'Masquer',
  missing: 'La source est en cours de téléchargement.',
  keep: 'Garder le téléchargement',
  kept: 'Le fichier reste quand la tâche est terminée.',
  notKept: 'Le fichier est supprimé quand la tâche est terminée.',
};
