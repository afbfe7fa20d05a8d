import type { Translated } from '../../en/catalogue.ts';
import type { interrupted as english } from '../../en/window/interrupted.ts';

export const interrupted: Translated<typeof english> = {
  title: 'Unterbrochen',
  what: '{source} auf {destinations}',
  damaged: 'das Protokoll ist beschädigt: alles wird neu kopiert',
  far: '{percent, number} % von je {size} geschrieben',
  farFinished: '{far}, {finished, number} von {all, number} fertig',
  allWritten: '{finished, number} von {all, number} fertig; der Rest ist geschrieben, je {size}, aber nicht fertig',
  forget: 'Verwerfen',
  forgetNamed: '{job} verwerfen',
  forgetAsk: 'Diesen Auftrag verwerfen? Er lässt sich dann nicht mehr fortsetzen.',
  forgetAskDownload:
    'Diesen Auftrag verwerfen? Er lässt sich dann nicht mehr fortsetzen. Ein Download, den nur er braucht, wird entfernt.',
  forgetStays:
    '{count, plural, one {{parts} bleibt, unvollständig. Löschen Sie die Datei, wenn Sie sie nicht brauchen.} other {{parts} bleiben, unvollständig. Löschen Sie die Dateien, wenn Sie sie nicht brauchen.}}',
  forgetYes: 'Ja, verwerfen',
  forgetNo: 'Behalten',
  continueNamed: '{job} fortsetzen',
  showMore: '{count, plural, one {# weiteren} other {# weitere}} zeigen',
  showNewest: 'Nur den neuesten zeigen',
};
