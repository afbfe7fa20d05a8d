// The bays, in the settings.
import type { bays as english } from '../../en/window/bays.ts';
import type { Translated } from '../../en/catalogue.ts';

export const bays: Translated<typeof english> = {
  title: 'Baies',
  hint: 'Une prise reçoit son numéro la première fois qu’un disque y est vu, et le garde.',
  none: 'Aucune baie pour l’instant. Branchez un disque : sa prise devient la baie 1.',
  name: 'Nom de la baie {number}',
  namePlaceholder: 'Nom',
  empty: 'vide',
  learn: 'Numéroter en branchant…',
  byPort: 'Numéroter par port',
  learnHint:
    'Retirez tous les disques. Branchez ensuite un disque dans chaque baie, l’une après l’autre, en commençant par la baie 1.',
  learnFirst: 'En attente du disque de la baie 1.',
  learnt: 'La baie {number} est connue. Branchez un disque dans la suivante.',
  done: 'Terminé',
};
