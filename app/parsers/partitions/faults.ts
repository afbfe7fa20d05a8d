// The faults of the partitions of a table, taken together.
import type { PartitionFault, TablePartition } from '../../contract/disk-content.ts';

/** Adds to each partition what is wrong with it. `size`: that of the disk or image, in bytes; null when unknown. */
export function judge(partitions: readonly TablePartition[], size: number | null): void {
  for (const one of partitions) if (size !== null && one.start + one.size > size) add(one, 'beyondEnd');
  // An extended partition holds the logical ones.
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
