// The makers of maps: for each kind of file system, what finds its used blocks.
import type { Reason } from '../../contract/facts.ts';
import type { Extent } from '../../contract/values.ts';
import { BtrfsChunkReader, BtrfsExtentReader, BtrfsSuperReader } from '../../parsers/used-blocks/btrfs.ts';
import { ExtReader } from '../../parsers/used-blocks/ext.ts';
import { BOOT_BYTES, fatInfo, fatLayout, FatTable, type FatLayout } from '../../parsers/used-blocks/fat.ts';
import type { LineReader, UsedMap } from '../../parsers/used-blocks/used-map.ts';
import { freeCommands, XfsFreeReader, XfsLogReader, XfsSuperReader } from '../../parsers/used-blocks/xfs.ts';
import type { End } from '../devices/inspect-paths.ts';
import type { NativeDevice } from '../native/addon.ts';
import { withPartitionFile, type ByOffset, type PartitionFile } from './partition-file.ts';
import { lineSink, runTool, type ToolEnd } from './run-tool.ts';
import { bytesAt, bytesIn } from './source-bytes.ts';

/** The partition that a map is made of. */
export interface Place {
  source: End;
  device: NativeDevice;
  place: Extent;
  signal: AbortSignal | null;
}

/** A map, or why there is none. */
export type Made = UsedMap | { why: Reason };

/** Makes the map of one kind of file system. Rejects with an errno when the source cannot be read. */
export type Maker = (of: Place) => Promise<Made>;

/** The makers, by the type of the signature. */
export const MAKERS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['ext2', ext],
  ['ext3', ext],
  ['ext4', ext],
  ['xfs', xfs],
  ['btrfs', btrfs],
  ['vfat', fat],
]);

/** Debian's packages of the programs. */
const PACKAGES: Readonly<Record<string, string>> = {
  dumpe2fs: 'e2fsprogs',
  xfs_db: 'xfsprogs',
  xfs_logprint: 'xfsprogs',
  btrfs: 'btrfs-progs',
};

/** Ends the work of a maker: there is no map, and why. */
class NoMap extends Error {
  readonly why: Reason;

  constructor(why: Reason) {
    super(why.kind);
    this.why = why;
  }
}

/** Runs a maker on a partition that programs can open. `byOffset`: for programs that take an offset. */
async function onFile(
  { source, place }: Place,
  byOffset: ByOffset | null,
  work: (file: PartitionFile) => Promise<UsedMap>,
): Promise<Made> {
  try {
    return (await withPartitionFile(source, place, byOffset, work)) ?? { why: { kind: 'usedOutOfReach' } };
  } catch (error) {
    if (error instanceof NoMap) return { why: error.why };
    throw error;
  }
}

/** Runs a program whose output `reader` reads. Throws NoMap when it fails. */
async function read<R extends LineReader>(
  program: string,
  args: readonly string[],
  { file }: PartitionFile,
  reader: R,
  { signal }: Place,
): Promise<R> {
  const sink = lineSink(reader);
  const end = await runTool(program, args, file, sink, signal);
  if (end.kind !== 'done') throw new NoMap(reasonOf(end));
  sink.end();
  return reader;
}

const reasonOf = (end: Exclude<ToolEnd, { kind: 'done' }>): Reason =>
  end.kind === 'missing'
    ? { kind: 'usedToolMissing', program: end.program, package: PACKAGES[end.program] ?? end.program }
    : { kind: 'usedToolFailed', program: end.program, said: end.said };

/** `answer`, or NoMap when `program` printed what cannot be. */
function needed<T>(answer: T | null, program: string): T {
  if (answer === null) throw new NoMap({ kind: 'usedOdd', program });
  return answer;
}

function ext(of: Place): Promise<Made> {
  return onFile(
    of,
    (path, offset) => `${path}?offset=${offset}`,
    async (file) => needed((await read('dumpe2fs', [file.path], file, new ExtReader(), of)).answer, 'dumpe2fs'),
  );
}

function xfs(of: Place): Promise<Made> {
  return onFile(of, null, async (file) => {
    const log = await read('xfs_logprint', ['-t', file.path], file, new XfsLogReader(), of);
    const isClean = needed(log.isClean, 'xfs_logprint');
    const ask = (commands: readonly string[]): string[] => [
      '-r',
      ...commands.flatMap((command) => ['-c', command]),
      file.path,
    ];
    const head = await read('xfs_db', ask(['sb 0', 'p']), file, new XfsSuperReader(), of);
    const found = needed(head.answer, 'xfs_db');
    const free = await read('xfs_db', ask(freeCommands(found)), file, new XfsFreeReader(found), of);
    return needed(free.answer(!isClean), 'xfs_db');
  });
}

function btrfs(of: Place): Promise<Made> {
  return onFile(of, null, async (file) => {
    const ask = (...words: string[]): string[] => ['inspect-internal', ...words, file.path];
    const head = await read('btrfs', ask('dump-super'), file, new BtrfsSuperReader(), of);
    const found = needed(head.answer, 'btrfs');
    // The trees of several devices lie on all of them.
    if (found.devices !== 1) throw new NoMap({ kind: 'usedSeveralDevices' });
    const chunks = await read('btrfs', ask('dump-tree', '-t', 'chunk'), file, new BtrfsChunkReader(), of);
    const reader = new BtrfsExtentReader(found, needed(chunks.answer, 'btrfs'));
    return needed((await read('btrfs', ask('dump-tree', '-t', 'extent'), file, reader, of)).answer, 'btrfs');
  });
}

async function fat({ device, place }: Place): Promise<Made> {
  const odd: Made = { why: { kind: 'usedOdd', program: 'platter' } };
  const layout = fatLayout(await bytesAt(device, place.offset, BOOT_BYTES));
  if (layout === null) return odd;
  const table = new FatTable(layout);
  for await (const bytes of bytesIn(device, tableOf(layout, place, 0))) table.take(bytes);
  const info = layout.infoAt === null ? null : await bytesAt(device, place.offset + layout.infoAt, 512);
  return table.answer(info === null ? null : fatInfo(info), await areEqual(device, place, layout)) ?? odd;
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
