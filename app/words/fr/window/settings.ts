import type { Translated } from '../../en/catalogue.ts';
import type { settings as english } from '../../en/window/settings.ts';

export const settings: Translated<typeof english> = {
  title: 'Réglages',
  hint: 'Chaque changement prend effet aussitôt.',
  language: 'Langue',
  languageSystem: 'Comme le système',
  theme: 'Couleurs',
  themeSystem: 'Comme le système',
  themeLight: 'Clair',
  themeDark: 'Sombre',
  alerts: 'Quand une tâche se termine ou qu’un disque échoue',
  sounds: 'Son',
  soundsHint: 'Sons différents pour la réussite et l’échec.',
  notifications: 'Notification',
  notificationsHint: 'Sur le bureau, tant que cette fenêtre n’est pas devant.',
  defaults: 'Valeurs par défaut des nouvelles tâches',
  sparse: 'Ignorer l’espace vide',
  sparseHint: 'Un fichier image y a des trous. Un disque met lui-même cet espace à zéro s’il le peut.',
  stall: 'Abandonner un disque sans réponse après',
  stallUnit: 'secondes ; 0 attend sans limite',
  damaged: 'Le fichier des réglages était endommagé. Platter prend ses valeurs par défaut.',
  keptAside: 'Ce qu’il contenait est gardé dans {file}.',
  understood: 'OK',
};
