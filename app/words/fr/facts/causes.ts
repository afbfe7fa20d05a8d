import type { Translated } from '../../en/catalogue.ts';
import type { causes as english } from '../../en/facts/causes.ts';

export const causes: Translated<typeof english> = {
  medium: 'le disque signale une erreur du support',
  gone: 'le disque a disparu',
  removed: 'le disque a été retiré',
  full: 'ce qu’il y a derrière le disque est plein',
  fileSystemFull: 'le système de fichiers est plein',
  fullAt: 'le système de fichiers monté sur {target} est plein ({free} libres)',
  fullAndMissing:
    'le système de fichiers monté sur {target} est plein ({free} libres), et il manque encore {how, select, most {jusqu’à {missing}} other {{missing}}}',
  writeProtected: 'le disque est protégé en écriture',
  timedOut: 'le disque n’a pas répondu à temps',
  silent: 'le disque ne répond plus',
  fileSystemSilent: 'son système de fichiers ne répond plus',
  otherThanBefore: 'elle a donné d’autres données qu’avant lors d’une relecture pour une destination plus lente',
  shorterThanBefore: 'le fichier s’arrête désormais ici : il a été raccourci pendant sa lecture',
  otherThanWritten: 'ce qui a été relu n’est pas ce qui avait été écrit',
  otherThanSource: 'il diffère de la source',
  stillOther: 'il a été réécrit et diffère toujours',
  otherThanManifest: 'il diffère du manifeste',
  otherThanItsManifest: 'elle n’est pas ce dont le manifeste a été fait',
  unexplained:
    'le système n’a pas donné de raison pour l’échec de {of, select, read {la lecture} write {l’écriture} other {la relecture}}',
  refusedCommand: 'le disque a refusé la commande ({errno})',
  errno: 'le système signale {errno}',
};
