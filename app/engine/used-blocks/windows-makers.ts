// The makers of maps of FAT, exFAT and NTFS.
import type { Extent } from '../../contract/values.ts';
import { ClusterBitmap } from '../../parsers/used-blocks/bitmap.ts';
import { clusterAt, exfatBitmap, exfatLayout, isContiguous } from '../../parsers/used-blocks/exfat.ts';
import { BOOT_BYTES, fatInfo, fatLayout, FatTable, type FatLayout } from '../../parsers/used-blocks/fat.ts';
import { isHibernated, LOG_BYTES, ntfsLogUnrest, NtfsInfoReader } from '../../parsers/used-blocks/ntfs.ts';
import { lengthOf, withTooMany } from '../../parsers/used-blocks/used-map.ts';
import type { NativeDevice } from '../native/addon.ts';
import { needed, NoMap, onFile, read, reasonOf, type Made, type Place } from './maker.ts';
import type { PartitionFile } from './partition-file.ts';
import { runTool, type Sink } from './run-tool.ts';
import { bytesAt, bytesIn } from './source-bytes.ts';

const ODD: Made = { why: { kind: 'usedOdd', program: 'platter' } };
/** Bytes of the root directory that are searched for the bitmap, which is among its first entries. */
const MOST_OF_DIRECTORY = 65_536;

/** FAT keeps a table of its clusters. */
export async function fat({ device, place }: Place): Promise<Made> {
  const layout = fatLayout(await bytesAt(device, place.offset, BOOT_BYTES));
  if (layout === null) return ODD;
  const table = new FatTable(layout);
  for await (const bytes of bytesIn(device, tableOf(layout, place, 0))) table.take(bytes);
  const info = layout.infoAt === null ? null : await bytesAt(device, place.offset + layout.infoAt, 512);
  return table.answer(info === null ? null : fatInfo(info), await areEqual(device, place, layout)) ?? ODD;
}

const tableOf = ({ tableAt, tableBytes }: FatLayout, { offset }: Extent, index: number): Extent => ({
  offset: offset + tableAt + index * tableBytes,
  length: tableBytes,
});

/** True when all tables of a FAT are the same. */
async function areEqual(device: NativeDevice, place: Extent, layout: FatLayout): Promise<boolean> {
  for (let index = 1; index < layout.tables; index += 1) {
    const other = bytesIn(device, tableOf(layout, place, index));
    for await (const bytes of bytesIn(device, tableOf(layout, place, 0))) {
      const { value } = await other.next();
      if (value === undefined || !bytes.equals(value)) return false;
    }
  }
  return true;
}

/** exFAT keeps a bitmap, and a percentage that nobody updates: its own check has to agree with the bitmap. */
export async function exfat(of: Place): Promise<Made> {
  const { device, place } = of;
  const layout = exfatLayout(await bytesAt(device, place.offset, BOOT_BYTES));
  if (layout === null) return ODD;
  const { cluster, clusters, end, isDirty } = layout;
  const at = place.offset + clusterAt(layout, layout.root);
  const found = exfatBitmap(await bytesAt(device, at, Math.min(cluster, MOST_OF_DIRECTORY)), layout);
  if (found === null) return ODD;
  const count = Math.ceil(found.bytes / cluster);
  const entries: Buffer[] = [];
  const chain = { offset: place.offset + layout.fatAt + found.first * 4, length: count * 4 };
  for await (const bytes of bytesIn(device, chain)) entries.push(bytes);
  if (!isContiguous(Buffer.concat(entries), found.first, count)) return ODD;
  const bitmap = new ClusterBitmap(layout.heapAt, cluster, clusters);
  const bits = { offset: place.offset + clusterAt(layout, found.first), length: found.bytes };
  for await (const bytes of bytesIn(device, bits)) bitmap.take(bytes);
  const { free } = bitmap;
  if (free === null) return ODD;
  if (bitmap.areTooMany) return withTooMany(end);
  const counted = lengthOf(free);
  return onFile(of, null, async (file) => {
    if (!isDirty) await read('fsck.exfat', ['-n', file.path], file, { line: () => undefined }, of);
    return { end, free, counted, said: counted, unrest: isDirty ? 'notUnmounted' : null };
  });
}

/** NTFS keeps a bitmap and no figure: ntfsresize compares it with the runs of all files. */
export function ntfs(of: Place): Promise<Made> {
  return onFile(of, null, async (file) => {
    // "-f" only lets them look at a volume that is dirty.
    const info = await read('ntfsinfo', ['-f', '-m', file.path], file, new NtfsInfoReader(), of);
    const { cluster, clusters, free: said, isDirty } = needed(info.answer, 'ntfsinfo');
    const bitmap = new ClusterBitmap(0, cluster, clusters);
    const take: Sink = (bytes) => {
      bitmap.take(bytes);
      return true;
    };
    await cat(['-i', '6'], file, take, of);
    const free = needed(bitmap.free, 'ntfscat');
    if (bitmap.areTooMany) return withTooMany(clusters * cluster);
    const unrest = isDirty
      ? 'notUnmounted'
      : (ntfsLogUnrest(await headOf(['-i', '2'], LOG_BYTES, file, of)) ??
        (isHibernated(await hibernation(file, of)) ? 'hibernated' : null));
    if (unrest === null) await read('ntfsresize', ['-i', '-f', '-P', file.path], file, { line: () => undefined }, of);
    return { end: clusters * cluster, free, counted: lengthOf(free), said: said * cluster, unrest };
  });
}

/** Runs ntfscat for a file of the volume: an inode ("-i", "6"), or nothing and a path. */
async function cat(
  [option, inode]: readonly [string, string],
  { path, file }: PartitionFile,
  sink: Sink,
  { signal }: Place,
): Promise<void> {
  const end = await runTool('ntfscat', ['-f', option, inode, path], file, sink, signal);
  if (end.kind !== 'done') throw new NoMap(reasonOf(end));
}

/** The first `length` bytes of a file of the volume. */
async function headOf(
  inode: readonly [string, string],
  length: number,
  file: PartitionFile,
  of: Place,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let got = 0;
  const take: Sink = (bytes) => {
    parts.push(bytes);
    got += bytes.length;
    return got < length;
  };
  await cat(inode, file, take, of);
  return Buffer.concat(parts).subarray(0, length);
}

/** The beginning of hiberfil.sys; empty when there is none. */
async function hibernation({ path, file }: PartitionFile, { signal }: Place): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  const take: Sink = (bytes) => {
    head = Buffer.concat([head, bytes]);
    return head.length < 4;
  };
  const end = await runTool('ntfscat', ['-f', path, '/hiberfil.sys'], file, take, signal);
  if (end.kind === 'failed' && !end.said.includes('No such file or directory')) throw new NoMap(reasonOf(end));
  return head;
}
