// A qcow2 image (QEMU's docs/interop/qcow2.txt, version 3) whose clusters are the frames of a packed image: the header,
// and the tables that follow the frames.
//
//   a cluster       the header
//   clusters        frames: packed clusters share clusters of the file, one that is not packed has one of its own
//   tables          the second level of the map of the disk, for each part of it that is not all zeros
//   a table         the first level
//   tables          how often each cluster of the file is referred to, in 16 bits
//   a table         where these are
//
// All numbers are big-endian.

const MAGIC = 0x514649fb;
const VERSION = 3;
const HEADER = 112;
/** Feature bit 3: the clusters are packed by another method than deflate. */
const HAS_METHOD = 1 << 3;
const ZSTD = 1;
/** Counts of 2 ** 4 bits. */
const COUNT_ORDER = 4;
const COUNT = 2;
const ENTRY = 8;
/** Bytes of which a disk in such an image consists. */
export const SECTOR = 512;

/** In the upper 32 bits of an entry: the cluster is referred to once. */
const ONCE = 2 ** 31;
/** In the upper 32 bits of an entry: the cluster is packed. */
const PACKED = 2 ** 30;

/** The type of the header's extension that names features, for programs that do not know them. */
const FEATURE_NAMES = 0x6803f857;
const NAME = 'compression type';
const NAME_ENTRY = 48;

/** Bytes of a cluster, and the most of them in an image. A larger disk gets the clusters of any other job. */
const USUAL_CLUSTER = 256 * 1024;
const MOST_CLUSTERS = 2 ** 22;

/** The frames of an image, a cluster of the disk each. `size` of the disk, and all else, in bytes. */
export interface Clusters {
  sizes: Uint32Array;
  /** Where each is in the file. */
  offsets: Float64Array;
  /** Where the tables can be in the file: a multiple of `cluster`. */
  end: number;
  cluster: number;
  size: number;
}

/**
 * The best length of a cluster for a disk of `size` bytes; null for no wish. A virtual machine unpacks a whole cluster
 * for each of its reads, so long clusters make it slow. Short ones pack worse.
 */
export const clusterFor = (size: number): number | null =>
  size <= USUAL_CLUSTER * MOST_CLUSTERS ? USUAL_CLUSTER : null;

/** The header of the image, and the tables that follow its frames. */
export function endOfQcow2(clusters: Clusters): { start: Buffer; end: Buffer } {
  const { cluster } = clusters;
  const { tables, first } = mapOf(clusters);
  const firstAt = clusters.end + tables.length;
  const mapEnd = firstAt + first.length;
  const { blocks, table } = sizeOfCounts(mapEnd / cluster, cluster);
  const counts = Buffer.alloc((blocks + table) * cluster);
  const countsAt = mapEnd + blocks * cluster;
  for (let block = 0; block < blocks; block += 1)
    write64(counts, blocks * cluster + block * ENTRY, mapEnd + block * cluster);
  const users = countUsers(clusters, (mapEnd + counts.length) / cluster);
  users.forEach((count, index) => counts.writeUInt16BE(count, index * COUNT));
  const firstEntries = Math.ceil(clusters.size / (cluster * (cluster / ENTRY)));
  return {
    start: headerOf(clusters, { firstAt, firstEntries, countsAt, countsClusters: table }),
    end: Buffer.concat([tables, first, counts]),
  };
}

/** Both levels of the map of the disk. A part of it that is all zeros has no table. */
function mapOf({ sizes, offsets, end, cluster, size }: Clusters): { tables: Buffer; first: Buffer } {
  const perTable = cluster / ENTRY;
  const count = Math.ceil(size / (cluster * perTable));
  const first = Buffer.alloc(rounded(count * ENTRY, cluster));
  const tables: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const from = index * perTable;
    const part = sizes.subarray(from, from + perTable);
    if (part.every((bytes) => bytes === 0)) continue;
    const table = Buffer.alloc(cluster);
    part.forEach((bytes, entry) => {
      if (bytes > 0) writeEntry(table, entry * ENTRY, { offset: offsets[from + entry]!, bytes, cluster });
    });
    write64(first, index * ENTRY, end + tables.length * cluster, ONCE);
    tables.push(table);
  }
  return { tables: Buffer.concat(tables), first };
}

/** Writes the entry of a cluster of the disk that takes `bytes` from byte `offset` of the file on. */
function writeEntry(
  table: Buffer,
  at: number,
  { offset, bytes, cluster }: { offset: number; bytes: number; cluster: number },
): void {
  if (bytes === cluster) {
    write64(table, at, offset, ONCE);
    return;
  }
  const further = sectorOf(offset + bytes - 1) - sectorOf(offset);
  // Above the offset, which has fewer bits the larger a cluster is.
  const place = 62 - (Math.log2(cluster) - 8);
  write64(table, at, offset, PACKED + further * 2 ** (place - 32));
}

const sectorOf = (offset: number): number => Math.floor(offset / SECTOR);

/** The clusters that the counts take, of `others` clusters and of themselves: blocks of counts, and their table. */
function sizeOfCounts(others: number, cluster: number): { blocks: number; table: number } {
  let [blocks, table] = [0, 0];
  for (;;) {
    const needed = Math.ceil((others + blocks + table) / (cluster / COUNT));
    const long = Math.ceil((needed * ENTRY) / cluster);
    if (needed === blocks && long === table) return { blocks, table };
    [blocks, table] = [needed, long];
  }
}

/** How often each of the `count` clusters of the file is referred to. */
function countUsers({ sizes, offsets, end, cluster }: Clusters, count: number): Uint16Array {
  const users = new Uint16Array(count);
  users[0] = 1; // the header
  users.fill(1, end / cluster);
  sizes.forEach((bytes, frame) => {
    if (bytes === 0) return;
    const last = Math.floor((offsets[frame]! + bytes - 1) / cluster);
    for (let one = Math.floor(offsets[frame]! / cluster); one <= last; one += 1) users[one]! += 1;
  });
  return users;
}

interface Tables {
  firstAt: number;
  firstEntries: number;
  countsAt: number;
  countsClusters: number;
}

function headerOf({ cluster, size }: Clusters, { firstAt, firstEntries, countsAt, countsClusters }: Tables): Buffer {
  const header = Buffer.alloc(HEADER + 8 + NAME_ENTRY + 8);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(VERSION, 4);
  header.writeUInt32BE(Math.log2(cluster), 20);
  write64(header, 24, size);
  header.writeUInt32BE(firstEntries, 36);
  write64(header, 40, firstAt);
  write64(header, 48, countsAt);
  header.writeUInt32BE(countsClusters, 56);
  write64(header, 72, HAS_METHOD);
  header.writeUInt32BE(COUNT_ORDER, 96);
  header.writeUInt32BE(HEADER, 100);
  header[104] = ZSTD;
  header.writeUInt32BE(FEATURE_NAMES, HEADER);
  header.writeUInt32BE(NAME_ENTRY, HEADER + 4);
  header[HEADER + 8 + 1] = Math.log2(HAS_METHOD);
  header.write(NAME, HEADER + 8 + 2, 'latin1');
  return header;
}

/** Writes a number of 64 bits: `low` below 2 ** 53, and bits above that as 32 bits. */
function write64(to: Buffer, at: number, low: number, high = 0): void {
  to.writeUInt32BE(Math.floor(low / 2 ** 32) + high, at);
  to.writeUInt32BE(low % 2 ** 32, at + 4);
}

const rounded = (bytes: number, cluster: number): number => Math.ceil(bytes / cluster) * cluster;
