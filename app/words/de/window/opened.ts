import type { Translated } from '../../en/catalogue.ts';
import type { opened as english } from '../../en/window/opened.ts';

export const opened: Translated<typeof english> = {
  open: 'Öffnen',
  openNamed: '{name} öffnen',
  hint: 'Zeigt die Dateien darin. Nichts wird entpackt oder verändert.',
  opening: 'Wird geöffnet…',
  title: 'Geöffnete Abbilder',
  written: 'Geschriebene Abbilder',
  isOpen: '{name} ist geöffnet, nur zum Lesen.',
  file: '{what}, {size}',
  whole: 'ganzes Abbild',
  showNamed: 'Dateien von {what} in {name} zeigen',
  closeNamed: '{name} schließen',
  noneShown: 'Das System zeigt kein Dateisystem davon. Der Inhalt liegt als Dateien in {folder}/images.',
  noUdisks:
    'Das System kann die Dateisysteme darin nicht zeigen: Installieren Sie das Paket udisks2 und öffnen Sie es erneut. Der Inhalt liegt als Dateien in {folder}/images.',
  refused: '{what} wird nicht gezeigt: {said}.',
};
