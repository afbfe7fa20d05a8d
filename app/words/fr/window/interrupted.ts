import type { Translated } from '../../en/catalogue.ts';
import type { interrupted as english } from '../../en/window/interrupted.ts';

export const interrupted: Translated<typeof english> = {
  title: 'Interrompu',
  what: '{source} vers {destinations}',
  damaged: 'son journal est endommagé : tout est recopié',
  far: '{percent, number} % de {size} écrits sur chacune',
  farFinished: '{far}, {finished, number} sur {all, number} terminées',
  allWritten: '{finished, number} sur {all, number} terminées ; le reste est écrit, {size} chacune, mais pas terminé',
  forget: 'Abandonner',
  forgetNamed: 'Abandonner {job}',
  forgetAsk: 'Abandonner cette tâche ? Elle ne pourra plus être continuée.',
  forgetAskDownload:
    'Abandonner cette tâche ? Elle ne pourra plus être continuée. Un téléchargement dont elle seule a besoin est supprimé.',
  forgetStays:
    '{count, plural, one {{parts} reste, incomplet. Supprimez-le si vous n’en avez pas besoin.} other {{parts} restent, incomplets. Supprimez-les si vous n’en avez pas besoin.}}',
  forgetYes: 'Oui, abandonner',
  forgetNo: 'Garder',
  continueNamed: 'Continuer {job}',
  showMore: '{count, plural, one {En montrer # autre} other {En montrer # autres}}',
  showNewest: 'Ne montrer que la plus récente',
};
