import type { Translated } from '../../en/catalogue.ts';
import type { driveList as english } from '../../en/window/drive-list.ts';

export const driveList: Translated<typeof english> = {
  stick: 'USB-Stick',
  card: 'Speicherkarte',
  nvme: 'NVMe-SSD',
  ssd: 'SSD',
  hdd: 'Festplatte',
  optical: 'Optisches Laufwerk',
  file: 'Abbilddatei',
  partitions: '{count, plural, one {# Partition} other {# Partitionen}}: {names}',
  noData: 'Keine Daten erkannt',
  mounted: 'eingehängt unter {places}',
  search: 'Laufwerke suchen',
  clearSearch: 'Suche löschen',
  order: 'Sortieren',
  byBay: 'Nach Schacht',
  byModel: 'Nach Modell',
  bySize: 'Nach Größe',
  byNewest: 'Neueste zuerst',
  hidden: '{count, plural, one {# Laufwerk wird nicht gezeigt.} other {# Laufwerke werden nicht gezeigt.}}',
  noMatch: 'Kein Laufwerk passt zu „{search}“.',
  chosen: '{count, number} von {total, number} gewählt, {size}',
  chosenFiles: '{count, number} von {total, number} gewählt',
};
