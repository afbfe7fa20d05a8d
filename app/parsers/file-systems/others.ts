// File systems of optical discs and of Apple.
import { createHash } from 'node:crypto';
import { within, type Bytes } from '../bytes/sample.ts';
import { signature, textOf, type Reader } from './signature.ts';

/** ECMA-119, 8.4: the primary volume descriptor is sector 16 of 2048 bytes. */
const ISO = { at: 0x8000, sector: 2048, label: 40, created: 813, modified: 830, escapes: 88 } as const;
const MOST_DESCRIPTORS = 16;

export const iso9660: Reader = (place) => {
  if (!place.has(ISO.at + 1, 'CD001')) return null;
  const label = textOf(place.bytes(ISO.at + ISO.label, 32)?.toString('utf8') ?? '');
  return signature('iso9660', {
    label: jolietLabel(place, label) ?? label,
    uuid: dateAt(place, ISO.at + ISO.modified) ?? dateAt(place, ISO.at + ISO.created),
  });
};

/** The Joliet label, if it differs from the ISO 9660 label only in what ISO 9660 cannot spell; otherwise null. */
function jolietLabel(place: Bytes, label: string | null): string | null {
  for (let index = 1; index < MOST_DESCRIPTORS; index += 1) {
    const at = ISO.at + index * ISO.sector;
    if (!place.has(at + 1, 'CD001') || place.u8(at) === 255) return null;
    const isJoliet = place.u8(at) === 2 && ['%/@', '%/C', '%/E'].some((level) => place.has(at + ISO.escapes, level));
    if (!isJoliet) continue;
    const bytes = place.bytes(at + ISO.label, 32);
    const text = bytes === null ? null : textOf(Buffer.from(bytes).swap16().toString('utf16le'));
    return text !== null && label?.toUpperCase().startsWith(text.toUpperCase()) === true ? text : null;
  }
  return null;
}

/** A date of 16 digits in the form of libblkid's UUIDs; null when there is none. */
function dateAt(place: Bytes, at: number): string | null {
  const digits = place.bytes(at, 16)?.toString('latin1') ?? '';
  if (!/^\d{16}$/u.test(digits) || /^0+$/u.test(digits)) return null;
  return digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/u, '$1-$2-$3-$4-$5-$6-$7');
}

/** Apple's Technical Note 1150: the volume header at byte 1024, its identifier in the last 8 bytes of finderInfo. */
const HFS_PLUS = { at: 1024, id: 104 } as const;
/** The name space with which Apple and libblkid derive UUIDs from the identifier. */
const HFS_NAME_SPACE = Buffer.from('b3e20f39f29211d697a400306543ecac', 'hex');

export const hfsPlus: Reader = (place) => {
  const { at } = HFS_PLUS;
  if (!(place.has(at, 'H+') || place.has(at, 'HX')) || !within(place.u16be(at + 2), 4, 5)) return null;
  const id = place.bytes(at + HFS_PLUS.id, 8);
  if (id === null || id.every((byte) => byte === 0)) return signature('hfsplus');
  const hash = createHash('md5').update(HFS_NAME_SPACE).update(id).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x30;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const uuid = hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
  return signature('hfsplus', { uuid });
};
