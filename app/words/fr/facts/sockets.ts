import type { Translated } from '../../en/catalogue.ts';
import type { sockets as english } from '../../en/facts/sockets.ts';

export const sockets: Translated<typeof english> = {
  bay: 'Baie {number}',
  named: '{name}',
  usbBus: 'bus USB {number}',
  hub: 'hub {number}',
  port: 'port {number}',
  slot: 'fente {number}',
  sasController: 'contrôleur SAS {number}',
  expander: 'extenseur {number}',
  sataPort: 'port SATA {number}',
  multiplierPort: 'port du multiplicateur {number}',
  cardSlot: 'lecteur de carte {number}',
  nvme: 'NVMe sur PCI {address}',
  pci: 'PCI {address}',
};
