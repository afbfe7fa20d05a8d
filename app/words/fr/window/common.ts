import type { Translated } from '../../en/catalogue.ts';
import type { common as english } from '../../en/window/common.ts';

export const common: Translated<typeof english> = {
  close: 'Fermer',
  cancel: 'Annuler',
  stop: 'Arrêter',
  keepGoing: 'Ne pas arrêter',
  goOn: 'Continuer',
  pause: 'Pause',
  andMore: '{count, plural, one {et # autre} other {et # autres}}',
  drives: '{count, plural, one {# disque} other {# disques}}',
  destinations: '{count, plural, one {# destination} other {# destinations}}',
  images: '{count, plural, one {# image} other {# images}}',
  newImages: '{count, plural, one {# nouvelle image} other {# nouvelles images}}',
  timeLeft: 'reste {time}',
  commandLine: 'Ligne de commande',
  copy: 'Copier',
  copied: 'Copié.',
  selected: 'Sélectionné : Ctrl+C pour copier.',
  standardInput: 'entrée standard',
  looking: 'Recherche des disques…',
};
