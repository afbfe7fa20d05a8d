import type { Translated } from '../../en/catalogue.ts';
import type { devices as english } from '../../en/window/devices.ts';

export const devices: Translated<typeof english> = {
  new: 'Nouveau',
  arrived: 'Branché : {drives}.',
  mountedSource: 'Monté sur {places} : la copie n’est cohérente que si rien n’y écrit pendant la tâche.',
  unmountedFirst:
    '{count, plural, one {Ceci est monté et sera d’abord démonté :} other {Ceux-ci sont montés et seront d’abord démontés :}}',
  mount: '{device}, monté sur {target}',
  safe: 'Peut être retiré sans risque : {drives}.',
  takenOut: 'Retiré une fois terminé : {drives}.',
  takenOutUnfinished: 'Retiré avant que la copie soit complète : {drives}.',
  mountedAgain:
    '{drives} {count, plural, one {est de nouveau monté} other {sont de nouveau montés}} par le système : éjecter avant de retirer.',
  ejected: 'Éteint, à retirer : {drives}.',
  eject: 'Éjecter',
  ejectAll: '{count, plural, one {Éjecter} other {Éjecter les #}}',
  ejectDone: '{count, plural, one {Éjecter le disque terminé} other {Éjecter # disques terminés}}',
  ejecting: 'Éjection…',
};
