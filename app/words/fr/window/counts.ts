import type { Translated } from '../../en/catalogue.ts';
import type { counts as english } from '../../en/window/counts.ts';

export const counts: Translated<typeof english> = {
  waiting: '{count, number} en attente',
  comparing: '{count, number} en comparaison',
  copying: '{count, number} en copie',
  unpacking: '{count, number} en décompression et écriture',
  flushing: '{count, number} en finalisation',
  verifying: '{count, number} en vérification',
  repairing: '{count, number} en réparation',
  paused: '{count, number} en pause',
  stalled: '{count, number} sans réponse',
  verified: '{count, plural, one {# vérifiée} other {# vérifiées}}',
  mappedVerified:
    '{count, plural, one {# vérifiée, pour ce que désigne la carte} other {# vérifiées, pour ce que désigne la carte}}',
  usedVerified: '{count, plural, one {# vérifiée : blocs utilisés} other {# vérifiées : blocs utilisés}}',
  sourceWritten:
    '{count, plural, one {# vérifiée, mais la source modifiée} other {# vérifiées, mais la source modifiée}}',
  partlyVerified: '{count, plural, one {# vérifiée en partie} other {# vérifiées en partie}}',
  written: '{count, plural, one {# écrite, non vérifiée} other {# écrites, non vérifiées}}',
  failed: '{count, number} en échec',
  removed: '{count, plural, one {# retirée} other {# retirées}}',
  cancelled: '{count, plural, one {# annulée} other {# annulées}}',
  verifiedOf: '{count, plural, one {# vérifiée sur {all, number}} other {# vérifiées sur {all, number}}}',
  mappedVerifiedOf:
    '{count, plural, one {# vérifiée sur {all, number}, pour ce que désigne la carte} other {# vérifiées sur {all, number}, pour ce que désigne la carte}}',
  usedVerifiedOf: '{count, plural, one {# vérifiée} other {# vérifiées}} sur {all, number} : blocs utilisés',
  writtenOf:
    '{count, plural, one {# écrite sur {all, number}, non vérifiée} other {# écrites sur {all, number}, non vérifiées}}',
};
