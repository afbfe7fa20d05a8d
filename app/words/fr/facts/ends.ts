import type { Translated } from '../../en/catalogue.ts';
import type { ends as english } from '../../en/facts/ends.ts';

export const ends: Translated<typeof english> = {
  closed: 'il a été fermé',
  early: 'il s’est arrêté avant d’avoir fini',
  protocol: 'il n’a pas respecté le protocole ({said})',
  notInProtocol: 'il a dit quelque chose que le protocole ne connaît pas',
  otherProtocol: 'il vient d’une autre version de Platter (protocole {protocol})',
  unasked: 'il a répondu à une demande que personne n’avait faite',
  notStarted: 'il n’a pas pu être lancé, ou s’est arrêté : {said}',
  exitCode: 'il s’est arrêté avec le code {code}',
  signal: 'il a été arrêté par {signal}',
  outputClosed: 'il a fermé sa sortie',
  outputEnded: 'sa sortie a été fermée',
  outputFailed: 'sa sortie a échoué : {said}',
  inputFailed: 'son entrée a échoué : {said}',
};
