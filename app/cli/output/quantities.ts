// Times in words, and parsing of sizes in options.

const BINARY: Record<string, number> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/**
 * Bytes in `text`: "16M", "1G", "16 MiB" or a plain number of bytes; binary units. null when it is not a size or not a
 * safe integer.
 */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/iu.exec(text.trim());
  if (match === null) return null;
  const unit = BINARY[(match[2] ?? '').toUpperCase()];
  const bytes = Number(match[1]) * (unit ?? NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A duration in words: "12 s", "4 min", "2 h 10 min", "14 h". */
export function formatTime(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes < 600 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.round(minutes / 60)} h`;
}
