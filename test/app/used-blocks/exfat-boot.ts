// The boot sector of an exFAT, for tests and for the seeds of the fuzzer.

/** Figures of an exFAT with sectors of 512 bytes and clusters of 4 KiB. Lengths and places in sectors. */
export interface ExfatFigures {
  length: number;
  fatAt: number;
  fatLength: number;
  heapAt: number;
  clusters: number;
  /** Cluster of the root directory. */
  root: number;
}

/** The boot sector with these figures. */
export function exfatBoot({ length, fatAt, fatLength, heapAt, clusters, root }: ExfatFigures): Buffer {
  const boot = Buffer.alloc(512);
  boot.write('EXFAT   ', 3, 'latin1');
  boot.writeBigUInt64LE(BigInt(length), 72);
  for (const [index, value] of [fatAt, fatLength, heapAt, clusters, root].entries())
    boot.writeUInt32LE(value, 80 + 4 * index);
  boot.set([9, 3, 1], 108);
  return boot;
}
