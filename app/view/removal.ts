// What a hand can do with the drives that a running job has let go. Pure.
import type { Disk } from '../contract/disks.ts';
import type { DrivePresence } from '../contract/window.ts';
import { isComplete, type Tile } from './destination-progress.ts';

/**
 * 'takeOut': it is safe to take out. 'ejectFirst': the system has mounted it again, so it must be ejected before.
 * 'out': it is out.
 */
export type Removal = 'takeOut' | 'ejectFirst' | 'out';

/** Whether the drive of a destination can be taken out while the job goes on; null for one that has not ended well. */
export function removalOf(tile: Tile, presence: DrivePresence | undefined, drive: Disk | undefined): Removal | null {
  if (!tile.letGo || !isComplete(tile) || tile.endpoint.kind !== 'block') return null;
  if (presence === 'takenOut' || presence === 'ejected') return 'out';
  return (drive?.mountedAt.length ?? 0) > 0 ? 'ejectFirst' : 'takeOut';
}

/** As `removalOf`, when nothing is known of the drive but its progress. */
export const likelyRemoval = (tile: Tile): Removal | null => removalOf(tile, undefined, undefined);

/** A place of the bay: the tile that is shown there, and the number of drives that were taken out of it before. */
export interface Place {
  tile: Tile;
  before: number;
}

/**
 * The tiles to show. A drive that came into the socket of one that is done and out takes the place of its tile, so that
 * no tile moves and each stands for what is plugged in. A failed one keeps its own.
 */
export function placesOf(tiles: readonly Tile[], removals: readonly (Removal | null)[]): Place[] {
  const places: Place[] = [];
  for (const tile of tiles) {
    const socket = tile.endpoint.port?.path;
    const left = places.findIndex(
      ({ tile: { endpoint, index } }) =>
        socket !== undefined && endpoint.port?.path === socket && removals[index] === 'out',
    );
    const before = places[left]?.before ?? 0;
    if (left === -1) places.push({ tile, before });
    else places[left] = { tile, before: before + 1 };
  }
  return places;
}
