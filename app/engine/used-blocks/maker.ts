// What makers of maps are written with: a partition, and the programs that read it.
import type { Reason } from '../../contract/facts.ts';
import type { Extent } from '../../contract/values.ts';
import { reasonAgainst, type LineReader, type UsedMap } from '../../parsers/used-blocks/used-map.ts';
import type { End } from '../devices/ends.ts';
import type { NativeDevice } from '../native/addon.ts';
import { withPartitionFile, type ByOffset, type PartitionFile } from './partition-file.ts';
import { lineSink, runTool, type ToolEnd } from './run-tool.ts';

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

/** Debian's packages of the programs. */
const PACKAGES: Readonly<Record<string, string>> = {
  dumpe2fs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  xfs_db: 'xfsprogs',
  xfs_logprint: 'xfsprogs',
  xfs_repair: 'xfsprogs',
  btrfs: 'btrfs-progs',
  ntfsinfo: 'ntfs-3g',
  ntfscat: 'ntfs-3g',
  ntfsresize: 'ntfs-3g',
  'fsck.exfat': 'exfatprogs',
};

/** Ends the work of a maker: there is no map, and why. */
export class NoMap extends Error {
  readonly why: Reason;

  constructor(why: Reason) {
    super(why.kind);
    this.why = why;
  }
}

/** Runs a maker on a partition that programs can open. `byOffset`: for programs that take an offset. */
export async function onFile(
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
export async function read<R extends LineReader>(
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

/** The check of a file system, which writes nothing. `errorCode`: how it ends when there are errors. */
interface Check {
  program: string;
  args: readonly string[];
  errorCode: number;
}

/**
 * The map, with what the file system's own check says of it. A map whose sums are right can still have a used block as
 * free and a free one as used: only a check compares it with the blocks of all files. A map that does not count anyway
 * is not checked.
 */
export async function checked(
  map: UsedMap,
  { program, args, errorCode }: Check,
  { path, file }: PartitionFile,
  { place, signal }: Place,
): Promise<UsedMap> {
  if (reasonAgainst(map, place.length) !== null) return map;
  const end = await runTool(program, [...args, path], file, () => true, signal);
  if (end.kind === 'done') return map;
  if (end.kind === 'failed' && end.code === errorCode) return { ...map, errorsBy: program };
  throw new NoMap(reasonOf(end));
}

export const reasonOf = (end: Exclude<ToolEnd, { kind: 'done' }>): Reason =>
  end.kind === 'missing'
    ? { kind: 'usedToolMissing', program: end.program, package: PACKAGES[end.program] ?? end.program }
    : { kind: 'usedToolFailed', program: end.program, said: end.said };

/** `answer`, or NoMap when `program` printed what cannot be. */
export function needed<T>(answer: T | null, program: string): T {
  if (answer === null) throw new NoMap({ kind: 'usedOdd', program });
  return answer;
}
