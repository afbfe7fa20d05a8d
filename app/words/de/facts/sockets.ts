import type { Translated } from '../../en/catalogue.ts';
import type { sockets as english } from '../../en/facts/sockets.ts';

export const sockets: Translated<typeof english> = {
  bay: 'Schacht {number}',
  named: '{name}',
  usbBus: 'USB-Bus {number}',
  hub: 'Hub {number}',
  port: 'Anschluss {number}',
  slot: 'Schacht {number}',
  sasController: 'SAS-Controller {number}',
  expander: 'Expander {number}',
  sataPort: 'SATA-Anschluss {number}',
  multiplierPort: 'Verteileranschluss {number}',
  cardSlot: 'Kartenschacht {number}',
  nvme: 'NVMe an PCI {address}',
  pci: 'PCI {address}',
};
