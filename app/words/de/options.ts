import type { Translated } from '../catalogue.ts';
import type { options as english } from '../en/options.ts';

export const options: Translated<typeof english> = {
  verify: 'Überprüfen',
  verifyOn: 'Jedes Laufwerk wird vom Medium zurückgelesen und verglichen.',
  verifyOff: 'Laufwerke werden geschrieben, nicht überprüft.',
  more: 'Mehr Optionen',
  fewer: 'Weniger Optionen',
  update: 'Nur was abweicht',
  updateHint: 'Laufwerke werden erst gelesen; was gleich ist, wird nicht neu geschrieben.',
  rescue: 'Unlesbare Sektoren überspringen',
  rescueHint: 'Für eine defekte Quelle. In jeder Kopie sind es Nullen; sie werden aufgelistet.',
  keepGoing: 'Schreibfehler überspringen',
  keepGoingHint: 'Ein defektes Laufwerk wird bis zum Ende geschrieben; seine schlechten Stellen werden aufgelistet.',
  limit: 'Höchsttempo',
  limitNone: 'keins',
  limitUnit: 'MB/s',
  limitWrong: 'Das Höchsttempo ist keine Zahl von MB/s.',
  limitSet: 'Setzen',
  shortUpdate: 'nur was abweicht',
  shortRescue: 'ohne unlesbare Sektoren',
  shortKeepGoing: 'über Schreibfehler hinweg',
  shortLimit: 'höchstens {rate}',
  carried: 'Wie im wiederholten Auftrag:',
  drop: 'Das weglassen',
};
