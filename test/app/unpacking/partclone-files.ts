// Partclone's images of partitions, forged by its description of the format. Its own programs write version 0002 only.
import { crc32 } from 'node:zlib';
import { seededBytes } from '../../lab/lab.ts';

/** How an image is forged. Sizes in bytes. */
export interface Forging {
  version: 1 | 2;
  /** "1" for each used block, "0" for each free one. */
  used: string;
  blockSize?: number;
  /** Of the partition; that of the blocks by default. */
  deviceSize?: number;
  /** Blocks for each checksum of version 2; 0 for no checksums. */
  perChecksum?: number;
  /** Each checksum of version 2 is of its blocks alone. */
  isReseeded?: boolean;
  /** Version 2 lists all blocks as used, without a bitmap. */
  isUnlisted?: boolean;
  /** Four bytes more behind each checksum, as a 64-bit partclone left them in version 1. */
  isOversized?: boolean;
}

/** An image, and the partition that it is of, with zeros for free blocks. */
export interface Forged {
  image: Buffer;
  partition: Buffer;
}

/** CRC-32 as partclone has it: without the last step. `last` is that of the bytes before. */
const crcOf = (bytes: Uint8Array, last = 0xff_ff_ff_ff): number => (crc32(bytes, ~last >>> 0) ^ 0xff_ff_ff_ff) >>> 0;

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** Forges an image. */
export function forged(how: Forging): Forged {
  const { used, blockSize = 1024 } = how;
  const content = seededBytes(used.length * blockSize, 7);
  const blocks = Array.from(used).map((bit, index) =>
    bit === '1' ? content.subarray(index * blockSize, (index + 1) * blockSize) : Buffer.alloc(blockSize),
  );
  const deviceSize = how.deviceSize ?? used.length * blockSize;
  const rest = Buffer.alloc(Math.max(0, deviceSize - used.length * blockSize));
  const present = blocks.filter((_, index) => used[index] === '1');
  const image = how.version === 1 ? first(how, present, deviceSize) : second(how, present, deviceSize);
  return { image, partition: Buffer.concat([...blocks, rest]) };
}

function first(
  { used, blockSize = 1024, isOversized = false }: Forging,
  blocks: readonly Buffer[],
  size: number,
): Buffer {
  const header = Buffer.alloc(4160);
  header.write('partclone-imageEXTFS', 'latin1');
  header.write('0001', 30);
  header.writeUInt32LE(blockSize, 36);
  header.writeBigUInt64LE(BigInt(size), 40);
  header.writeBigUInt64LE(BigInt(used.length), 48);
  header.writeBigUInt64LE(BigInt(blocks.length), 56);
  const bitmap = Buffer.from(Array.from(used).map(Number));
  // A bug took the first byte for all of a block. The checksum goes on from block to block.
  let crc = 0xff_ff_ff_ff;
  const parts = blocks.flatMap((block) => {
    crc = crcOf(Buffer.alloc(blockSize, block.subarray(0, 1)), crc);
    return [block, word(crc), isOversized ? Buffer.from('junk') : Buffer.alloc(0)];
  });
  return Buffer.concat([header, bitmap, Buffer.from('BiTmAgIc'), ...parts]);
}

function second(how: Forging, blocks: readonly Buffer[], size: number): Buffer {
  const { used, blockSize = 1024, perChecksum = 0, isReseeded = true, isUnlisted = false } = how;
  const header = Buffer.alloc(106);
  header.write('partclone-image\x000.3.23');
  header.write('0002', 30);
  header.writeUInt16LE(0xc0de, 34);
  header.write('EXTFS', 36);
  header.writeBigUInt64LE(BigInt(size), 52);
  header.writeBigUInt64LE(BigInt(used.length), 60);
  header.writeBigUInt64LE(BigInt(blocks.length), 68);
  header.writeBigUInt64LE(BigInt(blocks.length), 76);
  header.writeUInt32LE(blockSize, 84);
  header.writeUInt32LE(18, 88);
  header.writeUInt16LE(2, 92);
  header.writeUInt16LE(64, 94);
  header.writeUInt16LE(perChecksum === 0 ? 0 : 0x20, 96);
  header.writeUInt16LE(perChecksum === 0 ? 0 : 4, 98);
  header.writeUInt32LE(perChecksum, 100);
  header.writeUInt8(isReseeded ? 1 : 0, 104);
  header.writeUInt8(isUnlisted ? 0 : 1, 105);
  const bits = Buffer.alloc(Math.ceil(used.length / 8));
  for (const [index, bit] of Array.from(used).entries()) bits[index >> 3]! |= Number(bit) << (index & 7);
  const parts: Buffer[] = [];
  let crc = 0xff_ff_ff_ff;
  for (let at = 0; at < blocks.length; at += perChecksum || blocks.length) {
    const strip = Buffer.concat(blocks.slice(at, at + (perChecksum || blocks.length)));
    crc = crcOf(strip, isReseeded ? undefined : crc);
    parts.push(strip, ...(perChecksum === 0 ? [] : [word(crc)]));
  }
  return Buffer.concat([...[header, word(crcOf(header))], ...(isUnlisted ? [] : [bits, word(crcOf(bits))]), ...parts]);
}

/** Images of every variant. */
export const FORGINGS: readonly { name: string; how: Forging }[] = [
  { name: 'version 1', how: { version: 1, used: '1100110101' } },
  { name: 'version 1 of a 64-bit partclone', how: { version: 1, used: '0110011101', isOversized: true } },
  { name: 'version 1 with one used block', how: { version: 1, used: '0001' } },
  { name: 'version 1 with two used blocks', how: { version: 1, used: '0101' } },
  { name: 'version 2 with checksums', how: { version: 2, used: '1101111010', perChecksum: 3 } },
  { name: 'version 2 with a checksum at its very end', how: { version: 2, used: '1110111000', perChecksum: 3 } },
  {
    name: 'version 2 with checksums that go on',
    how: { version: 2, used: '110111', perChecksum: 2, isReseeded: false },
  },
  { name: 'version 2 without checksums', how: { version: 2, used: '0111011' } },
  { name: 'version 2 without a bitmap', how: { version: 2, used: '1111', perChecksum: 4, isUnlisted: true } },
  { name: 'version 2 with a partition longer than its blocks', how: { version: 2, used: '1011', deviceSize: 4608 } },
  { name: 'version 2 of an empty file system', how: { version: 2, used: '00000000', perChecksum: 2 } },
];
