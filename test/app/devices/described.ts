// The machines of test/machines. The broker's tests read them too: the host and the broker have to decide alike.
import { readdirSync, readFileSync } from 'node:fs';
import { Blocks } from '../../../app/engine/devices/block-devices.ts';

const FOLDER = new URL('../../machines/', import.meta.url);

/**
 * A described machine: its block devices, and the kernel names of those that hold the system and of those that are
 * free.
 */
export interface Described {
  name: string;
  blocks: Blocks;
  system: string[];
  free: string[];
}

/** Every machine in the folder. */
export const describedMachines = (): Described[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.machine'))
    .map(described);

/** A device as lsblk prints it. */
type Listed = Record<string, unknown> & { children: Listed[] };

function described(name: string): Described {
  const lines = readFileSync(new URL(name, FOLDER), 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const of = (verb: string): string[][] => lines.filter(([first]) => first === verb).map(([, ...rest]) => rest);
  const devices = new Map<string, Listed>();
  for (const [disk = '', number = '', place = ''] of of('disk'))
    devices.set(disk, listed(disk, number, 'disk', place === 'usb'));
  for (const [disk = '', part = '', number = ''] of of('part'))
    devices.get(disk)!.children.push(listed(part, number, 'part', false));
  for (const [loop = '', number = '', access = ''] of of('loop'))
    devices.set(loop, { ...listed(loop, number, 'loop', false), ro: access === 'ro' });
  return {
    name,
    blocks: new Blocks({
      lsblk: JSON.stringify({ blockdevices: [...devices.values()] }),
      mountinfo: of('mount')
        .map((words) => words.join(' '))
        .join('\n'),
      swaps: '',
      backings: new Map(of('loop').map(([loop = '', , , file = '']) => [loop, file])),
      backingIds: new Map(),
      ports: new Map(),
      sequences: new Map(),
      serials: new Map(),
      ejectable: new Set(),
      probed: new Map(),
      btrfs: [],
      idOf: () => null,
    }),
    system: of('system').flat(),
    free: of('free').flat(),
  };
}

const listed = (name: string, number: string, type: string, usb: boolean): Listed => ({
  name,
  path: `/dev/${name}`,
  kname: name,
  'maj:min': number,
  type,
  size: 1_000_000_000,
  'log-sec': 512,
  'phy-sec': 512,
  model: null,
  serial: null,
  tran: usb ? 'usb' : null,
  fstype: null,
  label: null,
  pttype: null,
  wwn: null,
  parttype: null,
  rm: false,
  hotplug: false,
  rota: false,
  ro: false,
  children: [],
});
