// The formats in which images are written. Which one a new image gets is decided by its name, unless the request says it.

/** The formats that pack an image, with their levels. */
export const PACKED_FORMATS = {
  zstd: { endings: ['.zst', '.zstd'], least: 1, most: 22, usual: 3 },
  xz: { endings: ['.xz'], least: 0, most: 9, usual: 3 },
  gzip: { endings: ['.gz'], least: 1, most: 9, usual: 6 },
  // Its clusters are packed by zstd.
  qcow2: { endings: ['.qcow2'], least: 1, most: 22, usual: 3 },
} as const;
export type PackedFormat = keyof typeof PACKED_FORMATS;
export const packedFormats = Object.keys(PACKED_FORMATS) as PackedFormat[];

/** The format of the new images of a request. */
export interface ImageFormat {
  /** 'byName': the format that the name of each image says. */
  format: 'byName' | 'raw' | PackedFormat;
  /** null for the usual level. */
  level: number | null;
  /** How many processes pack one image; null for one a core. */
  threads: number | null;
  /** Bytes of the pieces that an image is written in; null for one file. */
  split: number | null;
}

/** How a new image is packed. */
export interface Packing {
  format: PackedFormat;
  level: number;
  /** How many processes pack it; null for one a core. */
  threads: number | null;
}

/** The format that the name of a file says; null for a raw image. */
export const formatByName = (path: string): PackedFormat | null =>
  packedFormats.find((format) =>
    PACKED_FORMATS[format].endings.some((ending) => path.toLowerCase().endsWith(ending)),
  ) ?? null;

/** The path of a piece of the image at `path`, from 0 on. */
export const pieceAt = (path: string, index: number): string => `${path}.${String(index).padStart(3, '0')}`;

/** The path of the first piece of the image at `path`. */
export const firstPiece = (path: string): string => pieceAt(path, 0);

/** The path of the image whose first piece is at `path`. */
export const wholeOf = (path: string): string => path.replace(/\.000$/u, '');

/** How the image at `path`, or with its first piece at `path`, is packed; null for a raw image. */
export function packingOf({ format, level, threads, split }: ImageFormat, path: string): Packing | null {
  const packed =
    format === 'byName' ? formatByName(split === null ? path : wholeOf(path)) : format === 'raw' ? null : format;
  return packed === null ? null : { format: packed, level: level ?? PACKED_FORMATS[packed].usual, threads };
}

/** True for a destination that has to be written as a whole: interrupted, it cannot be continued. */
export function isWrittenWhole(
  image: ImageFormat,
  { kind, realPath }: { kind: 'block' | 'file'; realPath: string },
): boolean {
  if (kind !== 'file') return false;
  const packing = packingOf(image, realPath);
  return image.split !== null || (packing !== null && packing.format !== 'zstd');
}
