import type { Translated } from '../../en/catalogue.ts';
import type { files as english } from '../../en/facts/files.ts';

export const files: Translated<typeof english> = {
  packed: 'eine gepackte Datei ({format})',
  archive: 'ein Archiv ({format})',
  virtualDisk: 'die Datei einer virtuellen Festplatte ({format})',
  backup: 'eine Sicherungsdatei ({format})',
  firmware: 'eine Boot- oder Firmware-Datei ({format})',
  fileSystem: 'ein {format}-Dateisystem ohne Bootloader',
  encrypted: 'eine verschlüsselte Datei ({format})',
  program: 'ein Programm ({format})',
  media: 'eine Bild-, Ton- oder Videodatei ({format})',
  document: 'ein Dokument ({format})',
  bmap: 'eine bmap-Datei, die ein Abbild beschreibt',
  checksums: 'eine Liste von Prüfsummen',
  webPage: 'eine Webseite',
  xml: 'eine XML-Datei',
  json: 'eine JSON-Datei',
  text: 'eine Textdatei',
};
