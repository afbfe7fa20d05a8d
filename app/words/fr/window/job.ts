import type { Translated } from '../../en/catalogue.ts';
import type { job as english } from '../../en/window/job.ts';

export const job: Translated<typeof english> = {
  destinations: 'Destinations',
  whole: 'Toute la tâche',
  wholeAt: '{percent, number} pour cent, {headline}',
  progressOf: 'Avancement de {name}',
  progressAt: '{state}, {percent, number} pour cent',
  detailsOf: 'Détails de {name}',
  nameAt: '{name} ({port})',
  heading: '{name}, {state}',
  imageFile: 'Fichier image',
  alreadyThere: '{size} déjà là',
  uncompared: '{size} non comparés',
  brief:
    '{code, select, MEDIUM_ERROR {Erreur du support} DEVICE_GONE {Débranché} NO_SPACE {Plein} READ_ONLY {Lecture seule} TIMED_OUT {Sans réponse} STALLED {Sans réponse} VERIFY_MISMATCH {Diffère} other {}}',
  atPlace: 'à {size}',
  errorsMore: '{what}, et {count, plural, one {# autre} other {# autres}}',
  details: 'Détails de la tâche',
  summaryTitle: 'Cette tâche',
  new: 'Nouvelle tâche',
  cancelling: 'Annulation…',
  stopAsk: 'Arrêter maintenant ? Ce qui n’est pas fini sera inutilisable.',
  stopAskContinuable: 'Arrêter maintenant ? Ce qui n’est pas fini sera inutilisable jusqu’à sa reprise.',
  stopping:
    'Arrêt : les écritures en cours finissent, puis chaque disque est vidé de son cache. Laissez les disques branchés.',
  takeOut: '{count, plural, one {{names} : terminé, à retirer.} other {{names} : terminés, à retirer.}}',
  ready: '{count, number} à retirer',
  takeIt: 'À retirer',
  ejectIt: 'À\u{a0}éjecter',
  out: 'Retiré',
  headingOut: '{name}, {state}, {removal}',
  toldOut: '{name} : {state}. À retirer maintenant.',
  toldGo: '{name} : à retirer maintenant.',
  driveDone:
    '{count, plural, one {{names} : terminé, à laisser branché jusqu’à la fin de la tâche.} other {{names} : terminés, à laisser branchés jusqu’à la fin de la tâche.}}',
  imageReady: '{count, plural, one {{names} est prête.} other {{names} sont prêtes.}}',
  stalled:
    '{count, plural, one {{names} ne répond pas : vérifiez câble et port.} other {{names} ne répondent pas : vérifiez câble et port.}}',
  slow: 'lent : {now} sur {usual}',
  slowCount: '{count, plural, one {# lent} other {# lents}}',
  slowNext:
    '{count, plural, one {{names} est lent : vérifiez câble et port.} other {{names} sont lents : vérifiez câble et port.}}',
  sourceWritten:
    'La source a été modifiée pendant la tâche : {names} {count, plural, one {contient peut-être} other {contiennent peut-être}} un mélange d’anciennes et de nouvelles données. Recommencez quand rien ne modifie la source.',
  sourceUnknown:
    'Le moteur s’est arrêté avant de pouvoir dire si la source a été modifiée : contrôlez {names} avec la source avant usage.',
  partlyVerified:
    '{count, plural, one {Une partie de {names} n’a pas été comparée} other {Une partie de chacun de {names} n’a pas été comparée}}. Contrôlez avec la source elle-même pour tout vérifier.',
  setAside: 'Mettez de côté : {names}.',
  holdsPart:
    '{count, plural, one {{names} ne contient qu’une partie de la source.} other {{names} ne contiennent qu’une partie de la source.}}',
  continueFinishes: '« Continuer » termine ce qui ne l’est pas.',
  pausedNow: 'En pause : rien n’est écrit tant que vous ne continuez pas. Laissez les disques branchés.',
  leaveVerify: 'Laissez les disques branchés. Chacun est relu dès qu’il est écrit.',
  leave: 'Laissez les disques branchés.',
  summary: '{source} vers {destinations}, {size} chacune',
  took: 'durée {time}',
  sourceErrorsMore: '{count, plural, one {et # autre erreur de la source} other {et # autres erreurs de la source}}',
  toldEnded: 'Tâche terminée : {headline}.',
  toldFailed: 'Tâche arrêtée : {message}',
  toldStarted: '{count, plural, one {Tâche démarrée : # destination.} other {Tâche démarrée : # destinations.}}',
  toldCancelling: 'Annulation.',
  toldPaused: 'En pause.',
  toldContinued: 'Reprise.',
  told: '{name} : {state}.',
  toldBad: '{name} : {state}. {reason}',
};
