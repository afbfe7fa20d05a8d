import type { Translated } from '../../en/catalogue.ts';
import type { dialogs as english } from '../../en/window/dialogs.ts';

export const dialogs: Translated<typeof english> = {
  running: 'Une tâche est en cours.',
  runningDetail: 'Platter termine d’abord les écritures commencées. Les destinations inachevées sont inutilisables.',
  runningDetailContinuable:
    'Platter termine d’abord les écritures commencées. Les destinations inachevées sont inutilisables jusqu’à la reprise de la tâche.',
  keepRunning: 'Laisser tourner',
  stopAndQuit: 'Arrêter et quitter',
  images: 'Images de disque',
  allFiles: 'Tous les fichiers',
  chooseImage: 'Choisir une image',
  oldImage: 'Choisir une image à contrôler ou à réparer',
  chooseManifest: 'Choisir un manifeste',
  newImage: 'Nouvelle image',
  newManifest: 'Nouveau manifeste',
  manifests: 'Manifestes',
  askStart: 'Démarrer la tâche ?',
  askStartDetail:
    'Destinations : {destinations}. Platter n’a vu ni clic ni touche dans sa fenêtre. C’est habituel avec un lecteur d’écran. Sinon, répondez non.',
  askArm: 'Armer la station ?',
  askArmBlank:
    'Les disques vierges de ces baies démarrent d’eux-mêmes : {bays}. Platter n’a vu ni clic ni touche dans sa fenêtre. C’est habituel avec un lecteur d’écran. Sinon, répondez non.',
  askArmUsed:
    'Les disques de ces baies sont effacés et écrits d’eux-mêmes, même s’ils contiennent des données : {bays}. Platter n’a vu ni clic ni touche dans sa fenêtre. C’est habituel avec un lecteur d’écran. Sinon, répondez non.',
  askRetry: 'Réessayer cette destination ?',
  askForget: 'Abandonner la tâche interrompue ?',
  askEject: 'Éjecter les disques ?',
  askDownload: 'Télécharger depuis ce lien ?',
  askDownloadAgain: 'Télécharger à nouveau ?',
  askDiscard: 'Abandonner le téléchargement ?',
  askOpen: 'Ouvrir l’image ?',
  askOpenSaved: 'Ouvrir le fichier enregistré ?',
  staysOpen: '{count, plural, one {# image reste ouverte.} other {# images restent ouvertes.}}',
  staysOpenDetail: '{names} est encore en cours d’utilisation. Terminez cela, puis exécutez : {commands}',
  askDetail:
    'Platter n’a vu ni clic ni touche dans sa fenêtre. C’est habituel avec un lecteur d’écran. Sinon, répondez non.',
  yes: 'Oui',
  no: 'Non',
  develop: 'Développer',
};
