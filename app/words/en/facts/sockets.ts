// The steps of the path to a drive's socket.
import type { Socket } from '../../../contract/facts.ts';

export const sockets = {
  bay: 'Bay {number}',
  named: '{name}',
  usbBus: 'USB bus {number}',
  hub: 'hub {number}',
  port: 'port {number}',
  slot: 'slot {number}',
  sasController: 'SAS controller {number}',
  expander: 'expander {number}',
  sataPort: 'SATA port {number}',
  multiplierPort: 'multiplier port {number}',
  cardSlot: 'card slot {number}',
  nvme: 'NVMe at PCI {address}',
  pci: 'PCI {address}',
} as const satisfies Record<Socket['kind'], string>;
