import type { Translated } from '../../en/catalogue.ts';
import type { rescue as english } from '../../en/window/rescue.ts';

export const rescue: Translated<typeof english> = {
  title: 'Sauvetage',
  copying: 'Copie de ce qui se lit d’emblée',
  trimming: 'Retour aux bords de ce qui n’a pas pu être lu',
  scraping: 'Entre les mauvais endroits, secteur par secteur',
  retrying: 'Nouvel essai des mauvais secteurs ({retry, number})',
  waits:
    'Attend que les autres aient tout ce qui se lit, puis le copie depuis l’un d’eux. Il reste {left} de la source à lire.',
  waitsForRetry:
    'Attend que les autres aient tout ce qui se lit, puis le copie depuis l’un d’eux. Les mauvais secteurs sont réessayés : encore {bad}.',
  waitsBrief: 'des autres',
  all: 'Toute la source a pu être lue : {size}.',
  soFar: '{rescued} de la source sauvés jusqu’ici. {left} n’ont pas été essayés.',
  part: '{rescued} de la source sauvés. {bad} illisibles, remplacés par des zéros sur chaque destination.',
  unreadable: '{count, plural, one {# endroit illisible} other {# endroits illisibles}}',
  unreadableList: 'Endroits illisibles',
  rescued: 'Sauvés',
  bad: 'Mauvais',
  left: 'Restent',
};
