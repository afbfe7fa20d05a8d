// Filters for the list of destinations, by size and by place.
import type { Disk } from '../../app/contract/disks.ts';
import { say, saySockets, size } from '../words.ts';

/** The place without the last socket ("USB bus 1, hub 2"); when unknown, the transport ("USB"). */
export function placeOf({ port, kind, transport }: Disk): string {
  if (port === null) return kind === 'loop' ? say('choose.loop') : (transport ?? '').toUpperCase();
  return saySockets(
    port.sockets.length > 1 && port.sockets.at(-1)!.kind === 'port' ? port.sockets.slice(0, -1) : port.sockets,
  );
}

const distinct = (values: string[]): string[] =>
  values.filter((value, index) => value !== '' && values.indexOf(value) === index);

/** The two filters; null for all. */
export class Filters {
  size = $state.raw<string | null>(null);
  place = $state.raw<string | null>(null);

  /** True when the filters show this disk. */
  pass(disk: Disk): boolean {
    return (
      (this.size === null || size(disk.size) === this.size) && (this.place === null || placeOf(disk) === this.place)
    );
  }

  /** The filters that these disks offer. */
  sizesOf(disks: readonly Disk[]): string[] {
    return distinct([...disks].sort((one, other) => one.size - other.size).map((disk) => size(disk.size)));
  }

  placesOf(disks: readonly Disk[]): string[] {
    return distinct(disks.map(placeOf)).sort();
  }
}
