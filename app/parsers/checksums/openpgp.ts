// The parts of OpenPGP that are needed to pass its files to gpgv. Pure.

const SIGNATURE = 2;
const PUBLIC_KEY = 6;
const ARMOUR = /^-----BEGIN PGP ([A-Z ]+)-----$/u;

/** True for a detached signature, with or without armour. */
export const isSignature = (bytes: Buffer): boolean => packetIn(bytes) === SIGNATURE || labelOf(bytes) === 'SIGNATURE';

/** The public keys in a file, in the form for gpgv, which does not read armour; null when there are none. */
export function keyringIn(bytes: Buffer): Buffer | null {
  if (packetIn(bytes) === PUBLIC_KEY || isKeybox(bytes)) return bytes;
  const blocks = blocksIn(bytes.toString('latin1'));
  return blocks.length > 0 && blocks.every((block) => packetIn(block) === PUBLIC_KEY) ? Buffer.concat(blocks) : null;
}

/** The tag of the first packet, in its old or new form (RFC 9580, 4.2); null when there is none. */
function packetIn(bytes: Buffer): number | null {
  const [first = 0] = bytes;
  if ((first & 0x80) === 0) return null;
  return (first & 0x40) === 0 ? (first >> 2) & 0xf : first & 0x3f;
}

/** GnuPG's own format of keyrings. */
const isKeybox = (bytes: Buffer): boolean => bytes.subarray(8, 12).toString('latin1') === 'KBXf';

function labelOf(bytes: Buffer): string | null {
  const start = bytes.toString('latin1', 0, 64).trimStart();
  return ARMOUR.exec(start.split(/\r?\n/u)[0]!.trimEnd())?.[1] ?? null;
}

/** The content of each armoured public key in `text`. Empty when one of them has a wrong checksum. */
function blocksIn(text: string): Buffer[] {
  const blocks: Buffer[] = [];
  const lines = text.split(/\r?\n/u).map((line) => line.trim());
  for (let at = 0; at < lines.length; at++) {
    if (ARMOUR.exec(lines[at]!)?.[1] !== 'PUBLIC KEY BLOCK') continue;
    const end = lines.findIndex((line, index) => index > at && line.startsWith('-----END PGP '));
    const empty = lines.indexOf('', at);
    if (end < 0 || empty < 0 || empty > end) return [];
    const body = lines.slice(empty + 1, end).filter((line) => line !== '');
    const block = Buffer.from(body.filter((line) => !line.startsWith('=')).join(''), 'base64');
    const sum = body.find((line) => line.startsWith('='));
    if (sum !== undefined && !Buffer.from(sum.slice(1), 'base64').equals(crc24(block))) return [];
    blocks.push(block);
    at = end;
  }
  return blocks;
}

/** The checksum of armour (RFC 4880, 6.1). */
function crc24(bytes: Buffer): Buffer {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x800000) === 0 ? crc << 1 : ((crc << 1) ^ 0x864cfb) & 0xffffff;
  }
  return Buffer.from([crc >> 16, (crc >> 8) & 0xff, crc & 0xff]);
}
