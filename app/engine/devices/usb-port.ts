// Where a drive is plugged in, from its path in the kernel's device tree. Pure.
import type { Port } from '../../contract/bays.ts';
import type { Socket } from '../../contract/facts.ts';

/** One block device in sysfs. */
export interface SysfsDevice {
  /** Kernel name: "sdb". */
  name: string;
  /** The target of the link /sys/block/NAME: "/sys/devices/pci0000:00/.../block/sdb". */
  path: string;
  /** Name of the enclosure's slot (SES) that holds it: "Slot 04"; null without an enclosure. */
  slot: string | null;
}

/** The port of each device that has one, by kernel name. Readers with several slots are recognised by their devices. */
export function portsOf(placed: readonly SysfsDevice[]): Map<string, Port> {
  const readers = new Map<string, number>();
  for (const { path } of placed) {
    const target = targetOf(path);
    if (target !== null) readers.set(target, (readers.get(target) ?? 0) + 1);
  }
  return new Map(
    placed.flatMap((one) => {
      const port = portOf(one, (readers.get(targetOf(one.path) ?? '') ?? 0) > 1);
      return port === null ? [] : [[one.name, port] as const];
    }),
  );
}

/** The path up to the SCSI target, which the slots of a card reader share; null when there is none. */
const targetOf = (path: string): string | null => /^.*\/target\d+:\d+:\d+(?=\/)/.exec(path)?.[0] ?? null;

/** `severalSlots`: its SCSI target has other devices too, so the logical unit shows the slot. */
function portOf({ path, slot }: SysfsDevice, severalSlots: boolean): Port | null {
  // Behind several bridges the last address counts: it belongs to the device itself.
  const pci = [...path.matchAll(/\/([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])(?=\/)/g)].at(-1)?.[1] ?? 'platform';
  const [, channel = '0', , unit] = /\/(\d+):(\d+):(\d+):(\d+)\/block\//.exec(path)?.slice(1) ?? [];
  const units: Part[] =
    severalSlots && unit !== undefined ? [[{ kind: 'slot', number: `${Number(unit) + 1}` }, unit]] : [];
  const usb = usbParts(path);
  if (usb !== null) return port('usb', pci, [...usb, ...units]);
  const sas = sasParts(path, slot);
  if (sas !== null) return port('sas', pci, [...sas, ...units]);
  const ata = ataParts(path, channel);
  if (ata !== null) return port('ata', pci, [...ata, ...units]);
  const card = /\/mmc_host\/mmc(\d+)\//.exec(path)?.[1];
  if (card !== undefined) return port('mmc', pci, [[{ kind: 'cardSlot', number: card }, card]]);
  if (pci === 'platform') return null;
  const address = pci.replace(/^0000:/, '');
  return path.includes('/nvme/')
    ? port('nvme', pci, [[{ kind: 'nvme', address }]])
    : port('pci', pci, [[{ kind: 'pci', address }], ...units]);
}

/** Bus, hubs and port; null for another transport. */
function usbParts(path: string): Part[] | null {
  const [, bus, way] = /^.*\/(\d+)-(\d+(?:\.\d+)*)(?=\/)/.exec(path) ?? [];
  if (bus === undefined || way === undefined) return null;
  const ports = way.split('.');
  const hubs = ports.slice(0, -1);
  const hub: Part[] = hubs.length === 0 ? [] : [[{ kind: 'hub', number: hubs.join('.') }, '']];
  return [[{ kind: 'usbBus', number: bus }, bus], ...hub, [{ kind: 'port', number: ports.at(-1)! }, ...ports]];
}

/** Controller, expander, and the port or the slot of an enclosure; null for another transport. */
function sasParts(path: string, slot: string | null): Part[] | null {
  const { host, expander, at } =
    /\/port-(?<host>\d+):(?:(?<expander>\d+):)?(?<at>\d+)\/end_device-/.exec(path)?.groups ?? {};
  if (slot === null && at === undefined) return null;
  const controller: Part[] = host === undefined ? [] : [[{ kind: 'sasController', number: host }, host]];
  const box: Part[] = expander === undefined ? [] : [[{ kind: 'expander', number: expander }, expander]];
  const place: Part =
    slot === null
      ? [{ kind: 'port', number: at! }, at!]
      : [{ kind: 'named', name: slot }, ...(slot.match(/\d+/g) ?? [slot])];
  return [...controller, ...box, place];
}

/** Port, and the port of a multiplier; null for another transport. */
function ataParts(path: string, channel: string): Part[] | null {
  const ata = /\/ata(\d+)\//.exec(path)?.[1];
  if (ata === undefined) return null;
  const multiplier: Part[] = channel === '0' ? [] : [[{ kind: 'multiplierPort', number: channel }, channel]];
  return [[{ kind: 'sataPort', number: ata }, ata], ...multiplier];
}

/** A part of the port's address, and the numbers that it is sorted by. */
type Part = [socket: Socket, ...numbers: string[]];

function port(kind: string, pci: string, parts: readonly Part[]): Port {
  const numbers = parts.flatMap(([, ...numbers]) => numbers.filter((number) => number !== ''));
  return {
    path: [kind, pci, ...numbers.map((number) => number.padStart(3, '0'))].join('-'),
    sockets: parts.map(([socket]) => socket),
    bay: null,
  };
}
