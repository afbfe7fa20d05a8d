// The partition table that `sfdisk --dump` writes, as Clonezilla and FOG keep it. Pure and strict.

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
  /** Of a GPT; null when the dump does not say it. */
  uuid: string | null;
  /** As the dump quotes it. */
  label: string;
  /** Words for the bits of a GPT's entry. */
  attributes: readonly string[];
}

export interface SfdiskDump {
  label: 'dos' | 'gpt';
  /** The last sector for partitions of a GPT; null when the dump does not say it. */
  lastLba: number | null;
  /** The first sector for partitions of a GPT; null when the dump does not say it. */
  firstLba: number | null;
  /** The GUID of a GPT. */
  labelId: string | null;
  /** Entries of a GPT. */
  entries: number;
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
      if (one.size > 0) partitions.push({ ...one, ...furtherIn(rest!) });
      continue;
    }
    const [, key, value] = /^([\w-]+):\s*(\S+)$/u.exec(line.trim()) ?? [];
    if (key !== undefined) facts.set(key, value!);
  }
  const label = facts.get('label') ?? 'dos';
  if ((label !== 'dos' && label !== 'gpt') || facts.get('unit') !== 'sectors' || partitions.length === 0) return null;
  const count = (name: string): number | null => {
    const value = Number(facts.get(name) ?? Number.NaN);
    return Number.isSafeInteger(value) ? value : null;
  };
  return {
    label,
    lastLba: count('last-lba'),
    firstLba: count('first-lba'),
    labelId: facts.get('label-id') ?? null,
    entries: count('table-length') ?? 128,
    sector: Number(facts.get('sector-size') ?? 512),
    partitions: partitions.toSorted((one, other) => one.start - other.start),
  };
}

/** The fields behind the type in the line of a partition. */
function furtherIn(rest: string): Pick<DumpedPartition, 'bootable' | 'uuid' | 'label' | 'attributes'> {
  const label = /\bname="([^"]*)"/u.exec(rest)?.[1] ?? '';
  const others = rest.replace(/\bname="[^"]*"/u, '');
  return {
    bootable: /\bbootable\b/u.test(others),
    uuid: /\buuid=\s*([\dA-Fa-f-]{36})(?![\dA-Fa-f-])/u.exec(others)?.[1] ?? null,
    label,
    attributes: (/\battrs="([^"]*)"/u.exec(others)?.[1] ?? '').split(/[\s,]+/u).filter((word) => word !== ''),
  };
}
