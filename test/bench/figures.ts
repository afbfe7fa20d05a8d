// Numbers from samples: medians, straight lines, sizes as people write them. Pure.

export const MiB = 1024 ** 2;
export const GiB = 1024 ** 3;

/** The median of `values`: the mean of the two middle ones when their number is even. NaN when empty. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

/** A point of a line: the input and the measured value. */
export interface Point {
  x: number;
  y: number;
}

/**
 * Fits a line by least squares: y = `offset` + `slope` x. `worst` is the largest distance of a point, as a share of the
 * line's y there.
 */
export function straightLine(points: readonly Point[]): { offset: number; slope: number; worst: number } {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((p) => p.x), mean((p) => p.y)];
  const slope = mean((p) => (p.x - x) * (p.y - y)) / mean((p) => (p.x - x) ** 2);
  const offset = y - slope * x;
  return { offset, slope, worst: Math.max(...points.map((p) => Math.abs(p.y / (offset + slope * p.x) - 1))) };
}

/** Parses "64M" or "2G" to bytes. Throws for anything else, and for 0. */
export function sizeOf(text: string): number {
  const [, digits, unit] = /^([1-9]\d*)([MG])$/u.exec(text) ?? [];
  if (digits === undefined) throw new Error(`a size is a number with M or G, as in 512M, not "${text}"`);
  return Number(digits) * (unit === 'G' ? GiB : MiB);
}

/** "512 MiB" or "2 GiB". */
export function sizeText(bytes: number): string {
  const unit = bytes >= GiB && bytes % GiB === 0 ? GiB : MiB;
  return `${String(Math.round(bytes / unit))} ${unit === GiB ? 'GiB' : 'MiB'}`;
}
