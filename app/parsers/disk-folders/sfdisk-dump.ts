// The partition table that `sfdisk --dump` writes, as Clonezilla keeps it. Pure and strict.

/** A partition of the dump. Places in sectors. */
export interface DumpedPartition {
  /** "sda1" */
  name: string;
  number: number;
  start: number;
  size: number;
  /** In hexadecimal digits for an MBR, a GUID for a GPT. */
  type: string;
  bootable: boolean;
}

export interface SfdiskDump {
  label: 'dos' | 'gpt';
  /** The last sector for partitions of a GPT; null when the dump does not say it. */
  lastLba: number | null;
  /** Bytes. */
  sector: number;
  partitions: DumpedPartition[];
}

const LINE = /^\/dev\/([\w/!-]+?)\s*:\s*start=\s*(\d+),\s*size=\s*(\d+),\s*(?:type|Id)=\s*([\w-]+)(.*)$/u;
/** More partitions than any table has. */
const MOST = 256;

/** Reads a dump; null when it is none. */
export function readSfdiskDump(text: string): SfdiskDump | null {
  const facts = new Map<string, string>();
  const partitions: DumpedPartition[] = [];
  for (const line of text.split('\n')) {
    const [, name, start, size, type, rest] = LINE.exec(line) ?? [];
    if (name !== undefined) {
      const number = Number(/\d+$/u.exec(name)?.[0] ?? Number.NaN);
      const one = { name, number, start: Number(start), size: Number(size), type: type!.toLowerCase() };
      if (![one.number, one.start + one.size].every(Number.isSafeInteger) || partitions.length === MOST) return null;
      // Old dumps list empty entries too.
      if (one.size > 0) partitions.push({ ...one, bootable: rest!.includes('bootable') });
      continue;
    }
    const [, key, value] = /^([\w-]+):\s*(\S+)$/u.exec(line.trim()) ?? [];
    if (key !== undefined) facts.set(key, value!);
  }
  const label = facts.get('label') ?? 'dos';
  if ((label !== 'dos' && label !== 'gpt') || facts.get('unit') !== 'sectors' || partitions.length === 0) return null;
  const lastLba = Number(facts.get('last-lba') ?? Number.NaN);
  return {
    label,
    lastLba: Number.isSafeInteger(lastLba) ? lastLba : null,
    sector: Number(facts.get('sector-size') ?? 512),
    partitions: partitions.toSorted((one, other) => one.start - other.start),
  };
}
