import type { Translated } from '../../en/catalogue.ts';
import type { causes as english } from '../../en/facts/causes.ts';

export const causes: Translated<typeof english> = {
  medium: 'Das Laufwerk meldet einen Medienfehler',
  gone: 'Das Laufwerk ist weg',
  removed: 'Das Laufwerk wurde entfernt',
  full: 'Was hinter dem Laufwerk liegt, ist voll',
  fileSystemFull: 'Das Dateisystem ist voll',
  fullAt: 'Das Dateisystem unter {target} ist voll ({free} frei)',
  fullAndMissing:
    'Das Dateisystem unter {target} ist voll ({free} frei), und {how, select, most {bis zu {missing}} other {{missing}}} fehlen noch',
  writeProtected: 'Das Laufwerk ist schreibgeschützt',
  timedOut: 'Das Laufwerk hat nicht rechtzeitig geantwortet',
  silent: 'Das Laufwerk antwortet nicht mehr',
  fileSystemSilent: 'Das Dateisystem antwortet nicht mehr',
  otherThanBefore: 'Sie gab andere Daten als zuvor, als sie für ein langsameres Ziel noch einmal gelesen wurde',
  shorterThanBefore: 'Die Datei endet jetzt hier: Sie wurde gekürzt, während sie gelesen wurde',
  otherThanWritten: 'Zurückgelesen wurde etwas anderes als geschrieben',
  otherThanSource: 'Es weicht von der Quelle ab',
  stillOther: 'Es wurde neu geschrieben und weicht immer noch ab',
  otherThanManifest: 'Es weicht vom Manifest ab',
  otherThanItsManifest: 'Sie ist nicht das, wovon das Manifest gemacht wurde',
  unexplained:
    'Das System nannte keinen Grund für das Scheitern beim {of, select, read {Lesen} write {Schreiben} other {Zurücklesen}}',
  refusedCommand: 'Das Laufwerk hat den Befehl abgelehnt ({errno})',
  errno: 'Das System meldet {errno}',
};
