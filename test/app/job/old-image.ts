// A zstd image as the first version wrote it: with a manifest in its end, and no summary.

const LINES = [
  'KLUv/aQAABAApAEAFAJQbGF0dGVyIDAuMS4wIHdyb3RlIHRoaXMgbGluZS4KVaoEAPD7IId2CUIF4MZzC1U5AUwAAAh0AQD8/zkQ',
  'AkwAAAgwAQD8/zkQAkwAAAgwAQD8/zkQAkwAAAhvAQD8/zkQAkwAAAh0AQD8/zkQAkwAAAggAQD8/zkQAk0AAAhlAQD8/zkQAtaC',
  'RNYotS/9pAAAEABEAQD4bGF0dGVyIDAuMS4wIHdyb3RlIHRoaXMgbGluZS4KUAEAe/+LXDkBTAAACGUBAPz/ORACTAAACC4BAPz/',
  'ORACTAAACCABAPz/ORACTAAACHQBAPz/ORACTAAACGgBAPz/ORACTAAACGwBAPz/ORACTQAACC4BAPz/ORACG2zKSyi1L/1kAAU9',
  'AQD4YXR0ZXIgMC4xLjAgd3JvdGUgdGhpcyBsaW5lLgpQbAEAeyd+5QTNdbEzUCpNGA0BAABQTEFUVEVSLU1BTklGRVNUAAAAAQAA',
  'AKR7ImNodW5rU2l6ZSI6MTA0ODU3NiwiYnl0ZXMiOjIwOTg2ODgsInNvdXJjZSI6eyJwYXRoIjoiL21udC9vbGQuaW1nIiwibW9k',
  'ZWwiOm51bGwsInNlcmlhbCI6bnVsbCwic2l6ZSI6MjA5ODY4OH0sImNyZWF0ZWRBdCI6MTc5NjA2OTg4MzI1MCwicHJvZ3JhbSI6',
  'InBsYXR0ZXIgMC4xLjAifQcWSgqb63b0IEfjLaumb/qSaFAiswcpguvwvWdElWhbPHw6SmZDCBa3X9hmAd2a3mHBhRZcQPPBY41I',
  'X5jmBJ09RRgNldlXqE4/3/dey7FoR14qTRgpAAAAmAAAAAAAEACMAAAAAAAQADUAAAAABgAAFQEAAAAAAAAEAAAAALHqko8=',
];

/** The file. */
export const oldImage = (): Buffer => Buffer.from(LINES.join(''), 'base64');

/** What is in it. */
export function inOldImage(): Buffer {
  const bytes = Buffer.alloc(2 * 1024 ** 2 + 1536, 'Platter 0.1.0 wrote this line.\n');
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}
