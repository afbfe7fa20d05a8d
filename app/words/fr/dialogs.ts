import type { Translated } from '../catalogue.ts';
import type { dialogs as english } from '../en/dialogs.ts';

export const dialogs: Translated<typeof english> = {
  running: 'Une tâche est en cours.',
  runningDetail: 'L’arrêt termine les écritures en cours et vide le cache de chaque disque. Les destinations inachevées sont inutilisables.',
  runningDetailContinuable: 'L’arrêt termine les écritures en cours et vide le cache de chaque disque. Les destinations inachevées sont inutilisables jusqu’à la reprise de la tâche.',
  keepRunning: 'Laisser tourner',
  stopAndQuit: 'Arrêter et quitter',
  images: 'Images de disque',
  allFiles: 'Tous les fichiers',
  chooseImage: 'Choisir une image',
  chooseManifest: 'Choisir un manifeste',
  newImage: 'Nouvelle image',
  newManifest: 'Nouveau manifeste',
  manifests: 'Manifestes',
  develop: 'Développer',
};
