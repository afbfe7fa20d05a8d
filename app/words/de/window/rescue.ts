import type { Translated } from '../../en/catalogue.ts';
import type { rescue as english } from '../../en/window/rescue.ts';

export const rescue: Translated<typeof english> = {
  title: 'Rettung',
  copying: 'Kopiert, was sofort lesbar ist',
  trimming: 'Ränder dessen, was sich nicht lesen ließ',
  scraping: 'Zwischen schlechten Stellen, Sektor für Sektor',
  retrying: 'Schlechte Sektoren noch einmal ({retry, number})',
  waits:
    'Wartet, bis die anderen alles Lesbare haben, und kopiert es dann von einem davon. Von der Quelle sind noch {left} zu lesen.',
  waitsForRetry:
    'Wartet, bis die anderen alles Lesbare haben, und kopiert es dann von einem davon. Schlechte Sektoren werden noch einmal versucht: noch {bad}.',
  waitsBrief: 'auf die anderen',
  all: 'Die ganze Quelle war lesbar: {size}.',
  soFar: 'Bisher {rescued} der Quelle gerettet. {left} wurden nicht versucht.',
  part: '{rescued} der Quelle gerettet. {bad} waren nicht lesbar und sind auf jedem Ziel Nullen.',
  unreadable: '{count, plural, one {# unlesbare Stelle} other {# unlesbare Stellen}}',
  unreadableList: 'Unlesbare Stellen',
  rescued: 'Gerettet',
  bad: 'Schlecht',
  left: 'Übrig',
};
