// The formats in which images are written. Which one a new image gets is decided by its name, unless the request says it.

/** The formats that pack an image, with their levels. */
export const PACKED_FORMATS = {
  zstd: { endings: ['.zst', '.zstd'], least: 1, most: 22, usual: 3 },
  xz: { endings: ['.xz'], least: 0, most: 9, usual: 3 },
  gzip: { endings: ['.gz'], least: 1, most: 9, usual: 6 },
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

/** How the image at `path` is packed; null for a raw image. */
export function packingOf({ format, level, threads }: ImageFormat, path: string): Packing | null {
  const packed = format === 'byName' ? formatByName(path) : format === 'raw' ? null : format;
  return packed === null ? null : { format: packed, level: level ?? PACKED_FORMATS[packed].usual, threads };
}

/** True for a destination that has to be written as a whole: interrupted, it cannot be continued. */
export function isWrittenWhole(
  image: ImageFormat,
  { kind, realPath }: { kind: 'block' | 'file'; realPath: string },
): boolean {
  const packing = kind === 'file' ? packingOf(image, realPath) : null;
  return packing !== null && packing.format !== 'zstd';
}
