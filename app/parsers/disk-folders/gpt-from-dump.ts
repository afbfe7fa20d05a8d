// A GPT that is made from the dump of sfdisk: for a folder that keeps the table of another layout than the dump's.
import { crc32 } from 'node:zlib';
import { SECTOR } from './disk-plan.ts';
import type { DumpedPartition, SfdiskDump } from './sfdisk-dump.ts';

/** Entries of the tables that are made, their bytes, and the bytes of a header that its checksum covers. */
const [ENTRIES, ENTRY, HEADER] = [128, 128, 92];
/** UTF-16 units of a name. */
const NAME = 36;
const GUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/iu;
/** Bits of an entry by the words of sfdisk. It writes bits 48 to 63 as "GUID:48". */
const BITS: ReadonlyMap<string, number> = new Map([
  ['RequiredPartition', 0],
  ['NoBlockIOProtocol', 1],
  ['LegacyBIOSBootable', 2],
]);

/** The tables of a disk, in bytes: what lies behind its first sector, and what lies at its end. */
export interface GptTables {
  primary: Buffer;
  backup: Buffer;
}

/** The tables for this dump, on a disk of so many sectors; null when the dump does not say all that is in them. */
export function gptFromDump(dump: SfdiskDump, sectors: number): GptTables | null {
  const { firstLba, lastLba, labelId, entries: count, partitions } = dump;
  const disk = guidBytes(labelId ?? '');
  if (firstLba === null || lastLba === null || disk === null || count !== ENTRIES) return null;
  const entries = Buffer.alloc(ENTRIES * ENTRY);
  for (const one of partitions) {
    const bytes = entryOf(one);
    if (bytes === null || one.number < 1 || one.number > ENTRIES) return null;
    bytes.copy(entries, (one.number - 1) * ENTRY);
  }
  const last = sectors - 1;
  const tableSectors = entries.length / SECTOR;
  const header = (at: number, other: number, table: number): Buffer => {
    const bytes = Buffer.alloc(SECTOR);
    bytes.write('EFI PART', 'latin1');
    bytes.writeUInt32LE(0x1_0000, 8);
    bytes.writeUInt32LE(HEADER, 12);
    for (const [place, sector] of [
      [24, at],
      [32, other],
      [40, firstLba],
      [48, lastLba],
      [72, table],
    ] as const)
      bytes.writeBigUInt64LE(BigInt(sector), place);
    disk.copy(bytes, 56);
    bytes.writeUInt32LE(ENTRIES, 80);
    bytes.writeUInt32LE(ENTRY, 84);
    bytes.writeUInt32LE(crc32(entries), 88);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER)), 16);
    return bytes;
  };
  return {
    primary: Buffer.concat([header(1, last, 2), entries]),
    backup: Buffer.concat([entries, header(last, 1, last - tableSectors)]),
  };
}

function entryOf({ start, size, type, uuid, label, attributes }: DumpedPartition): Buffer | null {
  const bytes = Buffer.alloc(ENTRY);
  const [kind, own] = [guidBytes(type), guidBytes(uuid ?? '')];
  const bits = attributes.map(bitOf);
  const name = Buffer.from(nameIn(label), 'utf16le');
  if (kind === null || own === null || bits.includes(null) || name.length > NAME * 2) return null;
  kind.copy(bytes, 0);
  own.copy(bytes, 16);
  bytes.writeBigUInt64LE(BigInt(start), 32);
  bytes.writeBigUInt64LE(BigInt(start + size - 1), 40);
  bytes.writeBigUInt64LE(
    bits.reduce((all, bit) => all | (1n << BigInt(bit!)), 0n),
    48,
  );
  name.copy(bytes, 56);
  return bytes;
}

/** The bit that a word of sfdisk stands for. It numbers those of the type in one word or in several. */
function bitOf(word: string): number | null {
  const bit = BITS.get(word) ?? Number(/^(?:GUID:)?(\d{1,2})$/u.exec(word)?.[1] ?? Number.NaN);
  return bit >= 0 && bit < 64 ? bit : null;
}

/** A GUID as a disk has it: the first three numbers begin with their lowest byte. */
function guidBytes(text: string): Buffer | null {
  if (!GUID.test(text)) return null;
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

/** A name without the escapes of sfdisk, which writes some bytes as "\x22". */
const nameIn = (quoted: string): string =>
  Buffer.from(
    Buffer.from(quoted)
      .toString('latin1')
      .replaceAll(/\\x([\da-f]{2})/giu, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
