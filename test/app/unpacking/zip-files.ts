// ZIP files that no tool makes: duplicate names, names in an unknown encoding, other methods. PKWARE's APPNOTE.TXT,
// 4.3.
import { crc32 } from 'node:zlib';

/** A file in an archive. `name` is in Latin-1. */
export interface Entry {
  name: string;
  content: Buffer;
  /** Packing method, by default 0 (stored). The content is always stored. */
  method?: number;
}

/** An archive of these files. */
export function zipOf(entries: readonly Entry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content, method = 0 } of entries) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const bytes = Buffer.from(name, 'latin1');
    files.push(Buffer.from('PK\x03\x04'), common, bytes, content);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), common, rest, bytes);
    at += 30 + bytes.length + content.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...files, listed, end]);
}
