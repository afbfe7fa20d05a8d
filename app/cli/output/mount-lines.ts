// `platter mount` for people.
import { size } from '../../base/figures.ts';
import { shell } from '../../engine/devices/release-commands.ts';
import type { ShownFile } from '../../engine/serving/file-systems.ts';
import { alignRight, columns, fit, printable, type Paint } from './text.ts';

/** Width of a size, such as "1000.2 GB". */
const SIZE = 9;

/** A line for each file, with its content and where that is shown, and how to close the image. */
export function mountLines(folder: string, files: readonly ShownFile[], paint: Paint): string[] {
  const width = Math.max(...files.map(({ path }) => columns(printable(path))));
  return [
    ...files.map((file) =>
      `${fit(printable(file.path), width)}  ${alignRight(size(file.bytes), SIZE)}  ${about(file, paint)}`.trimEnd(),
    ),
    `To close it: ${printable(shell(['platter', 'unmount', folder]))}`,
  ];
}

function about({ type, label, mounted, refused }: ShownFile, paint: Paint): string {
  const content = [type ?? '', label === null ? '' : `"${label}"`].filter((word) => word !== '').join(' ');
  if (mounted !== null) return `${printable(content)}, files in ${paint('strong', printable(mounted))}`;
  return printable(refused === null ? content : `${content}, not mounted: ${refused}`);
}

/** Tells a user who cannot mount file systems how they are shown. */
export const rightsHint = (command: string): string =>
  `to see the files in them, install udisks2 and mount the image again, or mount it as root: ${command}`;
