// `platter check` of a folder that Clonezilla or FOG keeps a disk in.
import type { CheckedFolder } from '../engine/unpacking/check-folder.ts';
import { EXIT } from './output/exit-code.ts';
import { forTerminal, printResult } from './output/speech.ts';
import { bytes, printable, printableJson } from './output/text.ts';

/** Prints what was found. Gives the exit code. */
export function tellOfFolder(path: string, found: CheckedFolder, json: boolean): number {
  const told = printResult(
    json
      ? `${printableJson({ path, ...found, checked: isAllChecked(found) }, 2)}\n`
      : `${forTerminal(folderLines(path, found).map(printable).join('\n'))}\n`,
  );
  return isAllChecked(found) ? told : EXIT.someFailed;
}

const isAllChecked = ({ images, damaged }: CheckedFolder): boolean =>
  damaged === null && images.every(({ checked }) => checked);

/** Formats what was found for people. */
export function folderLines(
  path: string,
  { format, bytes: packed, size, images, leftOut, damaged, lists }: CheckedFolder,
): string[] {
  const [right, unchecked] = [true, false].map((is) =>
    images.flatMap(({ name, checked }) => (checked === is ? [name] : [])),
  ) as [string[], string[]];
  const count = images.length === 1 ? '1 image' : `${images.length} images`;
  return [
    `${path}: a folder of ${format}, ${count} of ${bytes(packed)}; the disk has ${bytes(size)}. All images were unpacked.`,
    ...(right.length > 0 ? [`What their own checksums say: ${right.join(', ')}.`] : []),
    ...(unchecked.length > 0
      ? [`Without a checksum for every byte, so that a wrong one may go unseen: ${unchecked.join(', ')}.`]
      : []),
    ...(leftOut.length > 0 ? [`The folder has nothing of these partitions: ${leftOut.join(', ')}.`] : []),
    ...(damaged === null ? [] : [`The partition table in ${damaged} has a wrong checksum.`]),
    ...(lists.length > 0
      ? [
          `Not compared, because they are of the files and not of the disk: ${lists.join(', ')}. Use md5sum -c or the like.`,
        ]
      : []),
  ];
}
