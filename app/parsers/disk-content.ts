// Parses the content of a disk or an image: its partition table, and the signatures at each start. Pure and bounded.
import type { Inside } from '../contract/disk-content.ts';
import { signaturesIn } from './signatures.ts';
import { tableIn } from './partitions/table.ts';
import { Part, type Bytes } from './bytes/sample.ts';

/** Most partitions to search for signatures. */
const MOST_LOOKED_AT = 256;

/** What the available bytes of `disk` show. `logicalSector`: that of a disk, in bytes; null for an image. */
export function insideOf(disk: Bytes, logicalSector: number | null): Inside {
  const beginsAt = (offset: number): boolean => signaturesIn(new Part(disk, offset, null)).length > 0;
  const table = tableIn(disk, logicalSector, beginsAt);
  const partitions = (table?.partitions ?? []).map((one, index) => {
    const place = new Part(disk, one.start, one.size);
    const isLookedAt = one.place !== 'extended' && index < MOST_LOOKED_AT && place.bytes(0, 1) !== null;
    return { ...one, signatures: isLookedAt ? signaturesIn(place) : null };
  });
  return {
    table: table === null ? null : { ...table, partitions },
    signatures: disk.bytes(0, 1) === null ? null : signaturesIn(disk),
  };
}
