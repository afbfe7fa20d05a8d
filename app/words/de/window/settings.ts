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
  sparseHint: 'Leeres wird im Abbild zum Loch; ein Laufwerk setzt es selbst auf null, wo das geht.',
  stall: 'Laufwerk gilt als ausgefallen nach',
  stallUnit: 'Sekunden; 0 wartet unbegrenzt',
  damaged: 'Die Datei mit den Einstellungen war beschädigt: Platter nimmt die Vorgaben.',
  keptAside: 'Was darin stand, liegt in {file}.',
  understood: 'OK',
};
