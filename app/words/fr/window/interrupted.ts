import type { Translated } from '../../en/catalogue.ts';
import type { interrupted as english } from '../../en/window/interrupted.ts';

export const interrupted: Translated<typeof english> = {
  title: 'Interrompu',
  what: '{source} vers {destinations}',
  damaged: 'son journal est endommagé : tout est recopié',
  far: '{percent, number} % de {size} chacune sont écrits',
  farFinished: '{far}, {finished, number} sur {all, number} finies',
  forget: 'Oublier',
  forgetNamed: 'Oublier {job}',
  forgetAsk: 'Elle ne pourra plus être continuée.',
  forgetAskDownload: 'Elle ne pourra plus être continuée. Un téléchargement dont elle seule a besoin est supprimé.',
  forgetStays:
    '{count, plural, one {{parts} reste, incomplet. Supprimez-le si vous n’en avez pas besoin.} other {{parts} restent, incomplets. Supprimez-les si vous n’en avez pas besoin.}}',
  forgetYes: 'Oui, oublier',
  forgetNo: 'Garder',
  continueNamed: 'Continuer {job}',
  showMore: '{count, plural, one {En montrer # autre} other {En montrer # autres}}',
  showNewest: 'Ne montrer que la plus récente',
};
