import type { Translated } from '../../en/catalogue.ts';
import type { help as english } from '../../en/window/help.ts';

/** The help: shortcuts, manual, problems, versions. */
export const help: Translated<typeof english> = {
  title: 'Aide',
  shortcuts: 'Raccourcis clavier',
  openImage: 'Choisir une image',
  review: 'Vérifier le plan',
  find: 'Chercher dans la liste des disques',
  refresh: 'Actualiser la liste des disques',
  back: 'Fermer un volet, ou revenir au choix',
  history: 'Historique',
  settings: 'Réglages',
  help: 'Aide',
  zoomIn: 'Plus grand',
  zoomOut: 'Plus petit',
  zoomReset: 'Taille normale',
  keyControl: 'Ctrl',
  keyEnter: 'Entrée',
  keyEscape: 'Échap',
  manual: 'Manuel',
  manualHint: 'Le manuel décrit la fenêtre et chaque commande. Chaque option est dans un terminal :',
  readManual: 'Lire le manuel',
  licences: 'Licences',
  licence: 'Licence de Platter',
  notices: 'Licences de tiers',
  problem: 'Signaler un problème',
  problemHint:
    'Dites ce que vous avez fait, ce que vous attendiez et ce qui s’est passé. Joignez le diagnostic et, si un disque a échoué, le rapport de la tâche. Platter n’envoie rien de lui-même.',
  runsOn: 'Electron {electron}, Chromium {chrome}, Node {node}',
};
