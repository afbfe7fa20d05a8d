// The folders of disks that the tests of Clonezilla and FOG make up.
import type { Folder } from '../../../app/parsers/disk-folders/disk-plan.ts';

/** A folder with files of these sizes, or without those of null. `texts`: what is in some. `read`: the bytes of others. */
export function folderOf(
  sizes: Record<string, number | null>,
  texts: Record<string, string>,
  read: (name: string) => Buffer | null,
): Folder {
  const there = Object.entries(sizes).filter((one): one is [string, number] => one[1] !== null);
  return {
    sizes: new Map(there),
    bytes: (name) => (texts[name] === undefined ? read(name) : Buffer.from(texts[name])),
  };
}
