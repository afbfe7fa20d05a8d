// Identities of files, the same under every name: "file:8:1:1234", or "block:7:0" for a block device.
import { statSync, type BigIntStats } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import type { NativeDeviceInfo } from '../native/addon.ts';
import { runProgram } from './run-program.ts';

const TIMEOUT_MS = 3000;
/** Mode (hex), device, inode, device number of a node (hex), path; then a NUL. */
const FORMAT = '%f %d %i %t:%T %n\\0';
const [KIND, BLOCK] = [0o170000, 0o060000];

/** True when `path` is a device node. Looking at a node never waits for a disk or a server; another path may. */
export const isNode = (path: string): boolean => path.startsWith('/dev/') && !path.startsWith('/dev/shm/');

/** Identity of what is at `path`, links followed; null when it is unknown. */
export function idOf(path: string): string | null {
  try {
    return statsId(statSync(path, { bigint: true }));
  } catch (error) {
    // It is gone, not a path ("... (deleted)"), or out of reach, as behind a network that is down.
    if (errnoOf(error) !== null) return null;
    throw error;
  }
}

/** Identity from the result of a stat. */
export const statsId = (stats: BigIntStats): string =>
  stats.isBlockDevice() ? `block:${numberOf(stats.rdev)}` : `file:${numberOf(stats.dev)}:${stats.ino}`;

/** Identity of an open device or file. */
export const openId = ({
  kind,
  major,
  minor,
  inode,
}: Pick<NativeDeviceInfo, 'kind' | 'major' | 'minor' | 'inode'>): string =>
  kind === 'block' ? `block:${major}:${minor}` : `file:${major}:${minor}:${inode}`;

/** "8:16" of a dev_t, which glibc spreads over its 64 bits (makedev(3)). */
export function numberOf(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/**
 * The identity of what is at each of `paths`, links followed. coreutils' stat does the looking, because it can be
 * abandoned when a file system hangs. A path that hangs or does not exist is left out; the others are not affected.
 * `programs` is the PATH to find programs in.
 */
export async function fileIds(paths: readonly string[], programs: string): Promise<Map<string, string>> {
  if (paths.length === 0) return new Map();
  const all = await statIds(paths, programs);
  if (all !== null) return all;
  const each = await Promise.all(paths.map((path) => statIds([path], programs)));
  return new Map(each.flatMap((found) => [...(found ?? [])]));
}

/** null when there is no answer. */
async function statIds(paths: readonly string[], programs: string): Promise<Map<string, string> | null> {
  const { stdout, failed } = await runProgram(
    'stat',
    ['--dereference', '--printf', FORMAT, '--', ...paths],
    programs,
    TIMEOUT_MS,
  );
  if (failed === 'timeout') return null;
  return new Map(
    stdout.split('\0').flatMap((line) => {
      const [, mode, device, inode, major, minor, path] =
        /^([0-9a-f]+) (\d+) (\d+) ([0-9a-f]+):([0-9a-f]+) (.*)$/su.exec(line) ?? [];
      if (path === undefined) return [];
      const isBlock = (parseInt(mode!, 16) & KIND) === BLOCK;
      return [
        [
          path,
          isBlock
            ? `block:${parseInt(major!, 16)}:${parseInt(minor!, 16)}`
            : `file:${numberOf(BigInt(device!))}:${inode!}`,
        ] as const,
      ];
    }),
  );
}
