import type { Translated } from '../../en/catalogue.ts';
import type { ends as english } from '../../en/facts/ends.ts';

export const ends: Translated<typeof english> = {
  closed: 'Es wurde geschlossen',
  early: 'Es endete, bevor es fertig war',
  protocol: 'Es hielt sich nicht an das Protokoll ({said})',
  notInProtocol: 'Es sagte etwas, das das Protokoll nicht kennt',
  otherProtocol: 'Es gehört zu einer anderen Version von Platter (Protokoll {protocol})',
  unasked: 'Es beantwortete eine Anfrage, die niemand gestellt hatte',
  notStarted: 'Es ließ sich nicht starten, oder endete: {said}',
  exitCode: 'Es endete mit dem Code {code}',
  signal: 'Es wurde durch {signal} beendet',
  outputClosed: 'Es schloss seine Ausgabe',
  outputEnded: 'Seine Ausgabe wurde geschlossen',
  outputFailed: 'Seine Ausgabe ist fehlgeschlagen: {said}',
  inputFailed: 'Seine Eingabe ist fehlgeschlagen: {said}',
};
