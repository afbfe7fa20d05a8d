import type { Translated } from '../../en/catalogue.ts';
import type { driveList as english } from '../../en/window/drive-list.ts';

export const driveList: Translated<typeof english> = {
  stick: 'Clé USB',
  card: 'Carte mémoire',
  nvme: 'SSD NVMe',
  ssd: 'SSD',
  hdd: 'Disque dur',
  optical: 'Lecteur optique',
  file: 'Fichier image',
  partitions: '{count, plural, one {# partition} other {# partitions}} : {names}',
  noData: 'Aucune donnée trouvée',
  mounted: 'monté sur {places}',
  search: 'Chercher un disque',
  clearSearch: 'Effacer la recherche',
  order: 'Trier',
  byBay: 'Par baie',
  byModel: 'Par modèle',
  bySize: 'Par taille',
  byNewest: 'Plus récents d’abord',
  hidden: '{count, plural, one {# disque n’est pas affiché.} other {# disques ne sont pas affichés.}}',
  noMatch: 'Aucun disque ne correspond à « {search} ».',
  chosen: '{count, number} sur {total, number} choisis, {size}',
  chosenFiles: '{count, number} sur {total, number} choisis',
};
