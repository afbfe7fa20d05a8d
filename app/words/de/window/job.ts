import type { Translated } from '../../en/catalogue.ts';
import type { job as english } from '../../en/window/job.ts';

export const job: Translated<typeof english> = {
  destinations: 'Ziele',
  whole: 'Ganzer Auftrag',
  wholeAt: '{percent, number} Prozent, {headline}',
  progressOf: 'Fortschritt von {name}',
  progressAt: '{state}, {percent, number} Prozent',
  detailsOf: 'Einzelheiten zu {name}',
  nameAt: '{name} ({port})',
  heading: '{name}, {state}',
  imageFile: 'Abbilddatei',
  alreadyThere: '{size} schon vorhanden',
  uncompared: '{size} nicht verglichen',
  brief:
    '{code, select, MEDIUM_ERROR {Medienfehler} DEVICE_GONE {Abgezogen} NO_SPACE {Voll} READ_ONLY {Schreibschutz} TIMED_OUT {Keine Antwort} STALLED {Keine Antwort} VERIFY_MISMATCH {Weicht ab} other {}}',
  atPlace: 'bei {size}',
  errorsMore: '{what}, und {count, number} weitere',
  details: 'Einzelheiten zum Auftrag',
  summaryTitle: 'Dieser Auftrag',
  new: 'Neuer Auftrag',
  cancelling: 'Wird abgebrochen…',
  stopAsk: 'Jetzt anhalten? Was nicht fertig ist, wird unbrauchbar.',
  stopAskContinuable: 'Jetzt anhalten? Was nicht fertig ist, ist unbrauchbar, bis es fortgesetzt wird.',
  stopping:
    'Wird angehalten: Laufende Schreibvorgänge enden, dann wird jedes Laufwerk abgeschlossen. Laufwerke eingesteckt lassen.',
  takeOut: '{count, plural, one {{names} ist fertig: herausnehmen.} other {{names} sind fertig: herausnehmen.}}',
  ready: '{count, number} zum Herausnehmen bereit',
  takeIt: 'Heraus\u{ad}nehmen',
  ejectIt: 'Erst auswerfen',
  out: 'Heraus\u{ad}genommen',
  headingOut: '{name}, {state}, {removal}',
  toldOut: '{name}: {state}. Jetzt herausnehmen.',
  toldGo: '{name}: jetzt herausnehmen.',
  driveDone:
    '{count, plural, one {{names} ist fertig: stecken lassen, bis der Auftrag zu Ende ist.} other {{names} sind fertig: stecken lassen, bis der Auftrag zu Ende ist.}}',
  imageReady: '{count, plural, one {{names} ist fertig.} other {{names} sind fertig.}}',
  stalled:
    '{count, plural, one {{names} antwortet nicht: Kabel und Anschluss prüfen.} other {{names} antworten nicht: Kabel und Anschluss prüfen.}}',
  slow: 'langsam: {now} von {usual}',
  slowCount: '{count, number} langsam',
  slowNext:
    '{count, plural, one {{names} ist langsam: Kabel und Anschluss prüfen.} other {{names} sind langsam: Kabel und Anschluss prüfen.}}',
  sourceWritten:
    'In die Quelle wurde während des Auftrags geschrieben: {names} {count, plural, one {kann} other {können}} alte und neue Daten gemischt enthalten. Wiederholen Sie den Auftrag, wenn niemand in die Quelle schreibt.',
  sourceUnknown:
    'Ob in die Quelle geschrieben wurde, konnte nicht mehr festgestellt werden: {names} vor der Verwendung mit der Quelle vergleichen.',
  partlyVerified:
    '{count, plural, one {Ein Teil von {names} wurde} other {Von {names} wurde je ein Teil}} nicht verglichen. Prüfen Sie mit der Quelle selbst, um alles zu vergleichen.',
  setAside: 'Beiseitelegen: {names}.',
  holdsPart:
    '{count, plural, one {{names} enthält nur einen Teil der Quelle.} other {{names} enthalten nur einen Teil der Quelle.}}',
  continueFinishes: '„Fortsetzen“ stellt den Rest fertig.',
  pausedNow: 'Pause: Bis Sie fortsetzen, wird nichts geschrieben. Laufwerke eingesteckt lassen.',
  leaveVerify: 'Laufwerke eingesteckt lassen. Jedes wird zurückgelesen, sobald es geschrieben ist.',
  leave: 'Laufwerke eingesteckt lassen.',
  summary: '{source} auf {destinations}, je {size}',
  took: 'dauerte {time}',
  sourceErrorsMore: '{count, plural, one {und # weiterer Fehler der Quelle} other {und # weitere Fehler der Quelle}}',
  toldEnded: 'Auftrag beendet: {headline}.',
  toldFailed: 'Auftrag angehalten: {message}',
  toldStarted: '{count, plural, one {Auftrag gestartet: # Ziel.} other {Auftrag gestartet: # Ziele.}}',
  toldCancelling: 'Wird abgebrochen.',
  toldPaused: 'Pause.',
  toldContinued: 'Fortgesetzt.',
  told: '{name}: {state}.',
  toldBad: '{name}: {state}. {reason}',
};
