// Made-up sockets for loop devices: a folder in the place of /sys/block, for the app alone, in which a loop device lies
// behind a port of a USB hub and has a serial number. The kernel and lsblk still say everything else about it.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { FOLLOWING } from '../../../build/own-mounts.mjs';
import type { LabDisk } from '../../lab/lab.ts';

const HUB = 'devices/pci0000:00/0000:00:14.0/usb1/1-2';

/** `Port.path` of a socket of the hub. */
export const socket = (number: number): string => `usb-0000:00:14.0-001-002-${String(number).padStart(3, '0')}`;

/** The sockets of a hub. Disposing of them removes their folder. */
export class Sockets implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'platter-test-sockets-'));
  readonly #block = join(this.#folder, 'block');
  /** Runs a program so that it sees the sockets. */
  readonly enter: readonly string[];

  constructor() {
    chmodSync(this.#folder, 0o755);
    mkdirSync(this.#block);
    for (const name of readdirSync('/sys/block'))
      symlinkSync(realpathSync(`/sys/block/${name}`), join(this.#block, name));
    const script = join(this.#folder, 'enter.sh');
    writeFileSync(script, `#!/bin/sh\nmount --bind ${this.#block} /sys/block && exec "$@"\n`, { mode: 0o755 });
    this.enter = ['unshare', ...FOLLOWING, script];
  }

  /** Plugs a disk into socket `number`. Its USB bridge reports this serial number. */
  plug({ device }: LabDisk, number: number, serial: string): void {
    const name = basename(realpathSync(device));
    const bridge = join(this.#folder, HUB, `1-2.${number}`);
    const place = join(bridge, `1-2.${number}:1.0/host0/target0:0:0/0:0:0:0/block`, name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(bridge, 'serial'), `${serial}\n`);
    const real = `/sys/devices/virtual/block/${name}`;
    for (const entry of readdirSync(real)) symlinkSync(join(real, entry), join(place, entry));
    this.#link(name, place);
  }

  /** Takes a disk out. It has no socket any more. */
  unplug({ device }: LabDisk): void {
    const name = basename(realpathSync(device));
    rmSync(join(this.#folder, HUB), { recursive: true });
    rmSync(join(this.#block, name));
    announce(name);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #link(name: string, target: string): void {
    rmSync(join(this.#block, name), { force: true });
    symlinkSync(target, join(this.#block, name));
    announce(name);
  }
}

/** The kernel announces a change of the device, so that the app lists the disks. */
const announce = (name: string): void => writeFileSync(`/sys/devices/virtual/block/${name}/uevent`, 'change');
