// Lists of checksums as publishers put them beside an image: SHA256SUMS, disk.img.xz.sha256. Pure and bounded.

/** The hashes that a list can be of, by the number of hexadecimal digits. */
const BY_DIGITS: Readonly<Record<number, string>> = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' };

/** Most bytes of a list that are read. */
export const LIST_BYTES = 1024 * 1024;

/** "HEX  name", "HEX *name" (sha256sum), with or without a folder. */
const GNU = /^\\?([0-9a-f]+)[ \t]+\*?(.+)$/iu;
/** "SHA256 (name) = HEX" (BSD, sha256sum --tag). */
const BSD = /^(?:MD5|SHA1|SHA256|SHA512) \((.+)\) = ([0-9a-f]+)$/iu;

/**
 * Finds the checksum of the file `name` in `text`, as "sha256:0f34…"; null when the list has none. Digits alone on a line
 * belong to the file that the list lies beside. Other lines, such as the frame of a signature, are skipped. The strongest
 * hash counts. Two different checksums of one hash count as none.
 */
export function checksumIn(text: string, name: string): string | null {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/u)) {
    const hex = hexFor(line.trim(), name);
    const hash = hex === null ? undefined : BY_DIGITS[hex.length];
    if (hex === null || hash === undefined) continue;
    if ((found.get(hash) ?? hex) !== hex) return null;
    found.set(hash, hex);
  }
  for (const hash of ['sha512', 'sha256', 'sha1', 'md5']) {
    const hex = found.get(hash);
    if (hex !== undefined) return `${hash}:${hex}`;
  }
  return null;
}

function hexFor(line: string, name: string): string | null {
  if (/^[0-9a-f]+$/iu.test(line)) return line.toLowerCase();
  const bsd = BSD.exec(line);
  if (bsd !== null) return isNamed(bsd[1]!, name) ? bsd[2]!.toLowerCase() : null;
  const gnu = GNU.exec(line);
  return gnu !== null && isNamed(gnu[2]!, name) ? gnu[1]!.toLowerCase() : null;
}

const isNamed = (listed: string, name: string): boolean => listed.slice(listed.lastIndexOf('/') + 1) === name;

/** Names of the lists that may lie beside the file `name`. */
export const listsBeside = (name: string): string[] => [
  ...['sha512', 'sha256', 'sha1', 'md5'].flatMap((hash) => [`${name}.${hash}`, `${name}.${hash}sum`]),
  ...['SHA512SUMS', 'SHA256SUMS', 'SHA1SUMS', 'MD5SUMS', 'sha512sum.txt', 'sha256sum.txt', 'CHECKSUM'],
];
