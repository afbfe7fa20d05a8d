// The port of a drive by its path in /sys, as on real machines, and the order of lists by port.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { disksOf } from '../../../app/engine/devices/disks.ts';
import { english } from '../../../app/base/english.ts';
import { portsOf } from '../../../app/engine/devices/usb-port.ts';
import { places, serials } from '../../../app/engine/devices/sysfs.ts';
import { picture } from './machines.ts';

const XHCI = '/sys/devices/pci0000:00/0000:00:14.0';
const SAS = '/sys/devices/pci0000:80/0000:80:02.0/0000:82:00.0/host0';
const portOf = (path: string, slot: string | null = null) => portsOf([{ name: 'x', path, slot }]).get('x') ?? null;
function labelOf(path: string, slot: string | null = null): string | null {
  const port = portOf(path, slot);
  return port === null ? null : english.port(port);
}

describe('the port of a drive', () => {
  it.each([
    ['a stick in the machine', `${XHCI}/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb`, 'USB bus 2, port 1'],
    [
      'a stick in a hub',
      `${XHCI}/usb1/1-2/1-2.3/1-2.3:1.0/host7/target7:0:0/7:0:0:0/block/sdc`,
      'USB bus 1, hub 2, port 3',
    ],
    [
      'a stick in a hub in a hub',
      `${XHCI}/usb1/1-2/1-2.4/1-2.4.10/1-2.4.10:1.0/host7/target7:0:0/7:0:0:0/block/sdc`,
      'USB bus 1, hub 2.4, port 10',
    ],
    ['a disk on AHCI', '/sys/devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda', 'SATA port 3'],
    [
      'a disk behind a port multiplier',
      '/sys/devices/pci0000:00/0000:00:17.0/ata3/host2/target2:4:0/2:4:0:0/block/sdf',
      'SATA port 3, multiplier port 4',
    ],
    ['a disk on SAS', `${SAS}/port-0:3/end_device-0:3/target0:0:3/0:0:3:0/block/sdd`, 'SAS controller 0, port 3'],
    [
      'a disk behind an expander',
      `${SAS}/port-0:0/expander-0:1/port-0:1:12/end_device-0:1:12/target0:0:12/0:0:12:0/block/sdm`,
      'SAS controller 0, expander 1, port 12',
    ],
    ['NVMe', '/sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0/nvme0n1', 'NVMe at PCI 03:00.0'],
    [
      'a card in a reader of its own',
      '/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/rtsx_pci_sdmmc.0/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0',
      'card slot 0',
    ],
    [
      'a card on a small board',
      '/sys/devices/platform/soc/fe340000.mmc/mmc_host/mmc1/mmc1:59b4/block/mmcblk1',
      'card slot 1',
    ],
    ['a virtual disk', '/sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda', 'PCI 00:02.0'],
  ])('names the port of %s', (_, path, label) => expect(labelOf(path)).toBe(label));

  it('names the port by its slot when the enclosure has a name for it', () => {
    expect(
      labelOf(`${SAS}/port-0:0/expander-0:1/port-0:1:12/end_device-0:1:12/target0:0:12/0:0:12:0/block/sdm`, 'Slot 04'),
    ).toBe('SAS controller 0, expander 1, Slot 04');
  });

  it.each([
    '/sys/devices/virtual/block/loop0',
    '/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1',
    '/sys/devices/platform/host3/session1/target3:0:0/3:0:0:0/block/sdb',
  ])('names no port for %s', (path) => expect(portOf(path)).toBeNull());
});

it('tells the slots of one card reader apart, and names a reader with one slot by its port', () => {
  const reader = (host: number, unit: number): string =>
    `${XHCI}/usb1/1-${host}/1-${host}:1.0/host${host}/target${host}:0:0/${host}:0:0:${unit}/block/x`;
  const ports = portsOf([
    { name: 'sdb', path: reader(4, 0), slot: null },
    { name: 'sdc', path: reader(4, 1), slot: null },
    { name: 'sdd', path: reader(5, 0), slot: null },
  ]);
  expect([...ports].map(([name, port]) => [name, english.port(port)])).toEqual([
    ['sdb', 'USB bus 1, port 4, slot 1'],
    ['sdc', 'USB bus 1, port 4, slot 2'],
    ['sdd', 'USB bus 1, port 5'],
  ]);
  expect(new Set([...ports.values()].map(({ path }) => path)).size).toBe(3);
});

it('lists disks in the order of their ports, those without a port last', () => {
  const usb = (ports: string): string => `${XHCI}/usb1/1-2/1-${ports}/1-${ports}:1.0/host7/target7:0:0/7:0:0:0/block/x`;
  const blocks = picture({
    devices: ['sdb', 'sdc', 'sdd', 'vdz', 'sda'].map((name, index) => ({ name, number: `8:${index * 16}` })),
    mounts: [],
    places: {
      sdb: usb('2.10'),
      sdc: usb('2.9'),
      sdd: usb('2.1'),
      sda: '/sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda',
    },
    serials: { sdb: '4C53' },
  });
  expect(disksOf(blocks, false).map(({ path }) => path)).toEqual([
    '/dev/sda',
    '/dev/sdd',
    '/dev/sdc',
    '/dev/sdb',
    '/dev/vdz',
  ]);
  expect(disksOf(blocks, false).at(-2)).toMatchObject({
    port: {
      sockets: [
        { kind: 'usbBus', number: '1' },
        { kind: 'hub', number: '2' },
        { kind: 'port', number: '10' },
      ],
    },
    serial: '4C53',
  });
});

it("reads serials from the kernel without udev, a stick's own before its bridge's", () => {
  const sys = mkdtempSync(join(tmpdir(), 'platter-sys-'));
  try {
    const device = (name: string, place: string, files: Record<string, string>): void => {
      const at = join(sys, 'devices', place);
      mkdirSync(join(at, 'device'), { recursive: true });
      for (const [file, text] of Object.entries(files)) writeFileSync(join(at, file), text, 'latin1');
      mkdirSync(join(sys, 'block'), { recursive: true });
      symlinkSync(at, join(sys, 'block', name));
    };
    device('sdb', 'usb1/1-2/1-2:1.0/host7/target7:0:0/7:0:0:0/block/sdb', {
      '../../../../../../serial': '4C530001\n',
      'device/vpd_pg80': '\0\x80\0\x04DISK',
    });
    device('sda', 'ata1/host0/target0:0:0/0:0:0:0/block/sda', { 'device/vpd_pg80': '\0\x80\0\x08  S64D\0\0' });
    device('mmcblk0', 'mmc_host/mmc0/mmc0:aaaa/block/mmcblk0', { 'device/serial': '0x1a2b\n' });
    device('vda', 'virtio1/block/vda', { serial: 'V1', 'device/enclosure_device:Slot 04': '' });
    const found = places(sys);
    expect(Object.fromEntries(serials(found))).toEqual({ sdb: '4C530001', sda: 'S64D', mmcblk0: '0x1a2b', vda: 'V1' });
    expect(found.find(({ name }) => name === 'vda')).toMatchObject({ slot: 'Slot 04' });
    expect(places(join(sys, 'nowhere'))).toEqual([]);
  } finally {
    rmSync(sys, { recursive: true });
  }
});
