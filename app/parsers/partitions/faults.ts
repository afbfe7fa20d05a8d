// Faults in the partitions of a table.
import type { PartitionFault, TablePartition } from '../../contract/disk-content.ts';

/** Adds the faults of each partition. `size`: that of the disk or image, in bytes; null when unknown. */
export function markFaults(partitions: readonly TablePartition[], size: number | null): void {
  for (const one of partitions) if (size !== null && one.start + one.size > size) add(one, 'beyondEnd');
  // An extended partition contains the logical ones, so it may overlap them.
  const inOrder = partitions
    .filter(({ place, size: bytes }) => place !== 'extended' && bytes > 0)
    .toSorted((one, other) => one.start - other.start);
  let last: TablePartition | undefined;
  for (const one of inOrder) {
    if (last !== undefined && one.start < last.start + last.size) [one, last].forEach((each) => add(each, 'overlaps'));
    if (last === undefined || one.start + one.size > last.start + last.size) last = one;
  }
}

const add = ({ faults }: TablePartition, fault: PartitionFault): void => {
  if (!faults.includes(fault)) faults.push(fault);
};
