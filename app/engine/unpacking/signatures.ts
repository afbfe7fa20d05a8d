// Finds the signatures of lists of checksums and of images, and their signers.
import { closeSync, constants, openSync } from 'node:fs';
import { basename } from 'node:path';
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Reason, Remedy } from '../../contract/facts.ts';
import { isKeyText } from '../../contract/request-facts.ts';
import { readPlainFile } from '../../base/durable-file.ts';
import { failureOf, nullIfRefused, Refusal, refuse } from '../../base/errors.ts';
import { linesOf, textOfList } from '../../parsers/checksums/list-text.ts';
import {
  ed25519KeysIn,
  ed25519SignatureIn,
  embeddedIn,
  isSignedBy,
  signedOf,
  type Ed25519Key,
  type Ed25519Signature,
} from '../../parsers/checksums/minisign.ts';
import { isSignature, keyringIn } from '../../parsers/checksums/openpgp.ts';
import { SYSTEM_PATH } from '../devices/run-program.ts';
import { runGpgv, type GpgVerdict } from './gpgv.ts';
import { failureBy } from './packed-source.ts';
import { only } from './source-files.ts';
import { decodeFile, type Decoder } from './unpack-program.ts';

/** The endings of signatures beside a file. */
const ENDINGS = ['.asc', '.gpg', '.sig', '.sign', '.minisig'] as const;
/** Most bytes of a signature and of a file of keys. */
const SIGNATURE_BYTES = 1024 * 1024;
const KEY_BYTES = 16 * 1024 * 1024;

/** Public keys of one kind. */
export type PublicKey = { kind: 'openpgp'; ring: Buffer } | { kind: 'ed25519'; name: string; keys: Ed25519Key[] };

/** A signature of a file. */
export interface Signature {
  kind: PublicKey['kind'];
  /** The file that contains it: one beside the signed file, or that file itself. */
  path: string;
  bytes: Buffer;
  /** The signature in these bytes; null when gpgv reads them. */
  made: Ed25519Signature | null;
  isInside: boolean;
}

/** The signer of a good signature: a name, and the fingerprint or the id of the key. */
export interface Signer {
  by: string;
  key: string;
}

/** Reads `given`: a file of public keys, or a key of minisign in base64. Rejects with a Refusal. */
export async function readPublicKey(given: string): Promise<PublicKey> {
  const bytes = isKeyText(given) ? Buffer.from(given) : await readPlainFile(given, KEY_BYTES);
  const keys = ed25519KeysIn(bytes.toString('utf8'));
  if (keys.length > 0) return { kind: 'ed25519', name: isKeyText(given) ? given : basename(given), keys };
  const ring = keyringIn(bytes);
  if (ring !== null) return { kind: 'openpgp', ring };
  return refuse({ code: 'BAD_FILE', op: 'check', device: given, reason: { kind: 'noPublicKey' } });
}

/** The signatures of the file at `path`. `list`: its bytes when it is a list, which can have one inside. */
export async function signaturesOf(path: string, list: Buffer | null): Promise<Signature[]> {
  const framing = list === null ? null : linesOf(textOfList(list)).framing;
  if (list !== null && framing === 'openpgp')
    return [{ kind: 'openpgp', path, bytes: list, made: null, isInside: true }];
  if (list !== null && framing === 'signify') {
    // A list in UTF-16, or of another algorithm, looks like a signed one and has no signature that can be read.
    const made = ed25519SignatureIn(list);
    return made === null ? [] : [{ kind: 'ed25519', path, bytes: list, made, isInside: true }];
  }
  const found: Signature[] = [];
  for (const ending of ENDINGS) {
    const bytes = await readPlainFile(`${path}${ending}`, SIGNATURE_BYTES).catch(nullIfRefused);
    if (bytes === null) continue;
    const beside = { path: `${path}${ending}`, bytes, isInside: false };
    const made = ed25519SignatureIn(bytes);
    if (isSignature(bytes)) found.push({ kind: 'openpgp', made: null, ...beside });
    else if (made !== null) found.push({ kind: 'ed25519', made, ...beside });
  }
  return found;
}

/** The signer of a list, and the text that is signed. Rejects with a Refusal unless the signature is good. */
export async function signerOfList(
  path: string,
  list: Buffer,
  signature: Signature,
  key: PublicKey,
): Promise<{ signer: Signer; text: Buffer }> {
  if (key.kind === 'openpgp') {
    const { isInside, bytes } = signature;
    const verdict = await runGpgv(key.ring, bytes, isInside ? null : (input): void => void input.end(list));
    const { by, key: print, text } = requireGood(path, signature.path, verdict);
    return { signer: { by, key: print }, text: isInside ? text : list };
  }
  const made = signature.made!;
  const text = signature.isInside ? embeddedIn(list) : list;
  return { signer: signerBy(path, signature.path, key, made, signedOf(made, text)), text };
}

/** The signer of an image, and the sha256 of the bytes that were checked. Rejects with a Refusal unless it is good. */
export async function signerOfImage(
  path: string,
  realPath: string,
  signature: Signature,
  key: PublicKey,
): Promise<{ signer: Signer; checksum: string }> {
  const file = opened(path, realPath);
  try {
    if (key.kind === 'openpgp') {
      let decoder: Decoder | null = null;
      const verdict = await runGpgv(key.ring, signature.bytes, (input) => (decoder = pipeFile(file, input)));
      const { by, key: print } = requireGood(path, signature.path, verdict);
      return { signer: { by, key: print }, checksum: await checksumOf(path, decoder) };
    }
    const made = signature.made!;
    if (!made.isOfHash)
      refuse({ code: 'BAD_FILE', op: 'check', device: path, reason: { kind: 'signatureWhole' }, remedy: OTHER });
    const { hash, decoder } = await blake2b(file, (said) =>
      refuseSignature(path, { kind: 'signatureUnread', signature: signature.path, said }),
    );
    const checksum = await checksumOf(path, decoder);
    return { signer: signerBy(path, signature.path, key, made, hash), checksum };
  } finally {
    closeSync(file);
  }
}

const OTHER: Remedy = { kind: 'getSignature' };

/** Writes all bytes of the open file to `input`. The decoder's report has their sha256. */
function pipeFile(file: number, input: Writable): Decoder {
  const options = { entry: null, isRaw: true, from: 0, threads: 1, digests: ['sha256'], map: null };
  const decoder = decodeFile(only(file), input, options);
  // The decoder has a copy; the reader would wait for the end of this one too.
  input.destroy();
  return decoder;
}

/** The sha256 of what a decoder has passed on. Rejects with a Refusal when that was not the whole file. */
async function checksumOf(path: string, decoder: Decoder | null): Promise<string> {
  const end = await decoder?.ended;
  if (end?.kind === 'done') return `sha256:${end.of.digests.sha256!}`;
  if (end?.kind === 'lost') throw new Refusal([failureBy(path, end)]);
  const said = end?.kind === 'fault' ? end.fault.said : 'it was not read to its end';
  return refuse({ code: 'BAD_FILE', op: 'check', device: path, reason: { kind: 'packedUnreadable', said } });
}

/**
 * The BLAKE2b-512 of the open file, by b2sum of the coreutils: no byte of an image is read here. `fail` gets the reason
 * when there is none.
 */
async function blake2b(file: number, fail: (said: string) => never): Promise<{ hash: Buffer; decoder: Decoder }> {
  const child = spawn('b2sum', [], { stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: SYSTEM_PATH }, detached: true });
  const ended = new Promise<string>((resolve) => {
    child
      .on('error', (error) => resolve(error.message))
      .on('close', (code) => resolve(code === 0 ? '' : 'b2sum failed'));
  });
  if (child.pid === undefined) return fail(await ended);
  // A b2sum that ends too early has failed, which `ended` says.
  child.stdin.on('error', () => undefined);
  const decoder = pipeFile(file, child.stdin);
  const text: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (part: string) => text.push(part));
  const said = await ended;
  const hash = Buffer.from(text.join('').slice(0, 128), 'hex');
  return said === '' && hash.length === 64 ? { hash, decoder } : fail(said);
}

function signerBy(
  path: string,
  signature: string,
  { keys, name }: Extract<PublicKey, { kind: 'ed25519' }>,
  made: Ed25519Signature,
  signed: Buffer,
): Signer {
  const those = keys.filter(({ id }) => id === made.id);
  if (those.length === 0) refuseSignature(path, { kind: 'signatureOfOther', signature, key: made.id });
  if (!those.some((key) => isSignedBy(key, made, signed)))
    refuseSignature(path, { kind: 'signatureWrong', signature, key: made.id });
  const comment = made.trusted?.comment.toString('utf8');
  return { by: comment === undefined ? name : `${name} (${comment})`, key: made.id };
}

function requireGood(path: string, signature: string, verdict: GpgVerdict): Extract<GpgVerdict, { kind: 'good' }> {
  switch (verdict.kind) {
    case 'good':
      return verdict;
    case 'wrong':
      return refuseSignature(path, { kind: 'signatureWrong', signature, key: verdict.key });
    case 'stranger':
      return refuseSignature(path, { kind: 'signatureOfOther', signature, key: verdict.key });
    case 'expired':
    case 'revoked':
      return refuseSignature(path, { kind: 'signatureOfOld', signature, key: verdict.key, how: verdict.kind });
    case 'unread':
      return refuseSignature(path, { kind: 'signatureUnread', signature, said: verdict.said });
    case 'noGpgv':
      return refuse({
        code: 'ENGINE_UNAVAILABLE',
        op: 'check',
        device: path,
        reason: { kind: 'noGpgv' },
        remedy: { kind: 'installGpgv' },
      });
  }
}

function refuseSignature(path: string, reason: Reason): never {
  const isWrong = reason.kind === 'signatureWrong';
  return refuse({
    code: isWrong ? 'BAD_IMAGE' : 'BAD_FILE',
    op: 'check',
    device: path,
    reason,
    remedy: { kind: isWrong ? 'getSigned' : 'otherKey' },
  });
}

function opened(path: string, realPath: string): number {
  try {
    return openSync(realPath, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new Refusal([failureOf(error, 'open', path, 'file')]);
  }
}
