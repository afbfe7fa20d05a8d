// Keys and signatures of minisign and OpenBSD's signify, which share the same bytes for Ed25519. Pure.
import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';

const COMMENT = 'untrusted comment: ';
const TRUSTED = 'trusted comment: ';
/** Two letters for the algorithm, and an id of eight bytes. */
const HEADER = 10;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** A public key. */
export interface Ed25519Key {
  /** In minisign's spelling. */
  id: string;
  key: KeyObject;
}

/** A signature. */
export interface Ed25519Signature {
  /** Id of the key. */
  id: string;
  /** It signs the BLAKE2b-512 hash of the file instead of the file. */
  isOfHash: boolean;
  bytes: Buffer;
  /** minisign's comment, in the bytes that are signed, and the signature of `bytes` and of them; null for signify. */
  trusted: { comment: Buffer; bytes: Buffer } | null;
}

/** The public keys in a file, or one alone in base64. Each may have a comment in front. */
export function ed25519KeysIn(text: string): Ed25519Key[] {
  return text.split(/\r?\n/u).flatMap((line) => {
    const bytes = decoded(line, HEADER + KEY_BYTES);
    if (bytes === null || algorithmOf(bytes) !== 'Ed') return [];
    const x = bytes.subarray(HEADER).toString('base64url');
    return { id: idOf(bytes), key: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }) };
  });
}

/** The signature in a file; null when there is none. In a file of signify -e the text follows it. */
export function ed25519SignatureIn(file: Buffer): Ed25519Signature | null {
  // A comment may be in any encoding, and its bytes are signed. In this one each byte is a character.
  const [first = '', second = '', third = '', fourth = ''] = file.toString('latin1').split(/\r?\n/u);
  const bytes = first.startsWith(COMMENT) ? decoded(second, HEADER + SIGNATURE_BYTES) : null;
  if (bytes === null || !['Ed', 'ED'].includes(algorithmOf(bytes))) return null;
  const isOfMinisign = third.startsWith(TRUSTED);
  const global = isOfMinisign ? decoded(fourth, SIGNATURE_BYTES) : null;
  // A minisign signature without that of its comment is truncated.
  if ((isOfMinisign || algorithmOf(bytes) === 'ED') && global === null) return null;
  return {
    id: idOf(bytes),
    isOfHash: algorithmOf(bytes) === 'ED',
    bytes: bytes.subarray(HEADER),
    trusted: global === null ? null : { comment: Buffer.from(third.slice(TRUSTED.length), 'latin1'), bytes: global },
  };
}

/** The text in a file of signify -e, after the comment and the signature. */
export function embeddedIn(bytes: Buffer): Buffer {
  const comment = bytes.indexOf('\n');
  return bytes.subarray(bytes.indexOf('\n', comment + 1) + 1);
}

/** The bytes that were signed for `content`: its hash or the content itself, depending on the signature. */
export const signedOf = ({ isOfHash }: Ed25519Signature, content: Buffer): Buffer =>
  isOfHash ? createHash('blake2b512').update(content).digest() : content;

/** True when this key signed `signed` (a hash, or the content) and the comment. */
export function isSignedBy({ key }: Ed25519Key, { bytes, trusted }: Ed25519Signature, signed: Buffer): boolean {
  if (!verify(null, signed, key, bytes)) return false;
  return trusted === null || verify(null, Buffer.concat([bytes, trusted.comment]), key, trusted.bytes);
}

function decoded(base64: string, length: number): Buffer | null {
  const bytes = /^[A-Za-z0-9+/]+=*$/u.test(base64.trim()) ? Buffer.from(base64, 'base64') : null;
  return bytes?.length === length ? bytes : null;
}

const algorithmOf = (bytes: Buffer): string => bytes.toString('latin1', 0, 2);
const idOf = (bytes: Buffer): string => Buffer.from(bytes.subarray(2, HEADER)).reverse().toString('hex').toUpperCase();
