// Swap: its first page is all that it keeps. A hibernated system puts another signature there, so it is not taken for
// swap. Pure.
import type { MapAnswer } from './used-map.ts';

/** Bytes of the head: the largest page. */
export const SWAP_BYTES = 65_536;
const PAGES = [4096, 8192, 16_384, 32_768, 65_536] as const;
const [VERSION, LAST_PAGE] = [1024, 1028];

/** The map of a swap area by its first SWAP_BYTES. */
export function swapMap(head: Buffer): MapAnswer {
  const page = PAGES.find((one) => head.length >= one && head.toString('latin1', one - 10, one) === 'SWAPSPACE2');
  if (page === undefined || head.readUInt32LE(VERSION) !== 1) return null;
  const last = head.readUInt32LE(LAST_PAGE);
  if (last === 0) return null;
  // The head says how many pages follow it: nothing else keeps a figure, and nothing else is kept.
  const free = last * page;
  return { end: free + page, free: [{ offset: page, length: free }], counted: free, said: free, unrest: null };
}
