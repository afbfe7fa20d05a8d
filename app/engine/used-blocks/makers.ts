// The makers of maps: for each kind of file system, what finds its used blocks.
import { BtrfsChunkReader, BtrfsExtentReader, BtrfsSuperReader } from '../../parsers/used-blocks/btrfs.ts';
import { ExtReader } from '../../parsers/used-blocks/ext.ts';
import { SWAP_BYTES, swapMap } from '../../parsers/used-blocks/swap.ts';
import { freeCommands, XfsFreeReader, XfsLogReader, XfsSuperReader } from '../../parsers/used-blocks/xfs.ts';
import { checked, needed, NoMap, onFile, read, type Made, type Maker, type Place } from './maker.ts';
import { bytesAt } from './source-bytes.ts';
import { f2fs, hfsPlus } from './table-makers.ts';
import { exfat, fat, ntfs } from './windows-makers.ts';

/** The makers, by the type of the signature. */
export const MAKERS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['ext2', ext],
  ['ext3', ext],
  ['ext4', ext],
  ['xfs', xfs],
  ['btrfs', btrfs],
  ['vfat', fat],
  ['exfat', exfat],
  ['ntfs', ntfs],
  ['f2fs', f2fs],
  ['hfsplus', hfsPlus],
  ['swap', swap],
]);

/** The exit code 0 means that nothing is wrong. What e2fsck would only optimize is no error. */
const E2FSCK = { program: 'e2fsck', args: ['-f', '-n'], errorCode: 4 };
const XFS_REPAIR = { program: 'xfs_repair', args: ['-n'], errorCode: 1 };

function ext(of: Place): Promise<Made> {
  return onFile(
    of,
    (path, offset) => `${path}?offset=${offset}`,
    async (file) => {
      const { answer } = await read('dumpe2fs', [file.path], file, new ExtReader(), of);
      return checked(needed(answer, 'dumpe2fs'), E2FSCK, file, of);
    },
  );
}

function xfs(of: Place): Promise<Made> {
  return onFile(of, null, async (file) => {
    const ask = (commands: readonly string[]): string[] => [
      '-r',
      ...commands.flatMap((command) => ['-c', command]),
      file.path,
    ];
    const head = await read('xfs_db', ask(['sb 0', 'p']), file, new XfsSuperReader(), of);
    const found = needed(head.answer, 'xfs_db');
    // A log on another device is none that xfs_logprint could find.
    if (!found.isPlain) throw new NoMap({ kind: 'usedFeatures' });
    const log = await read('xfs_logprint', ['-t', file.path], file, new XfsLogReader(), of);
    const isClean = needed(log.isClean, 'xfs_logprint');
    const free = await read('xfs_db', ask(freeCommands(found)), file, new XfsFreeReader(found), of);
    return checked(needed(free.answer(!isClean), 'xfs_db'), XFS_REPAIR, file, of);
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

async function swap({ device, place }: Place): Promise<Made> {
  const head = await bytesAt(device, place.offset, Math.min(SWAP_BYTES, place.length));
  return swapMap(head) ?? { why: { kind: 'usedOdd', program: 'platter' } };
}
