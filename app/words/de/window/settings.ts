import type { Translated } from '../../en/catalogue.ts';
import type { settings as english } from '../../en/window/settings.ts';

export const settings: Translated<typeof english> = {
  title: 'Einstellungen',
  hint: 'Jede Änderung gilt sofort.',
  language: 'Sprache',
  languageSystem: 'Systemeinstellung',
  theme: 'Farben',
  themeSystem: 'Systemeinstellung',
  themeLight: 'Hell',
  themeDark: 'Dunkel',
  alerts: 'Wenn ein Auftrag endet oder ein Laufwerk ausfällt',
  sounds: 'Ton',
  soundsHint: 'Unterschiedliche Töne für Erfolg und Fehler.',
  notifications: 'Benachrichtigung',
  notificationsHint: 'Auf dem Desktop, solange dieses Fenster nicht vorn ist.',
  defaults: 'Vorgaben für neue Aufträge',
  sparse: 'Leere Bereiche auslassen',
  sparseHint: 'Eine Abbilddatei erhält dort Lücken. Ein Laufwerk setzt sie selbst auf null, wenn es das kann.',
  stall: 'Laufwerk gilt als ausgefallen nach',
  stallUnit: 'Sekunden; 0 wartet unbegrenzt',
  damaged: 'Die Einstellungsdatei war beschädigt. Platter verwendet die Vorgaben.',
  keptAside: 'Ihr alter Inhalt liegt in {file}.',
  understood: 'OK',
};
