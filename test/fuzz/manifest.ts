// The manifest: a file is refused with a ManifestError, or is exactly what is written for its content.
import { createHash } from 'node:crypto';
import { decodeManifest, encodeManifest, manifestDigest, ManifestError } from '../../app/engine/formats/manifest.ts';
import { allowing, must } from './property.ts';

function check(file: Buffer): void {
  const manifest = allowing(ManifestError, () => decodeManifest(file));
  if (manifest === null) return;
  must(manifest.hashes.length + manifest.known.length < file.length, 'nothing is larger than the file');
  must(Buffer.from(encodeManifest(manifest)).equals(file), 'what is decoded is encoded as it was');
  must(manifestDigest(manifest) === file.subarray(-32).toString('hex'), 'the digest is the end of the file');
}

/** The file with its checksum corrected, because a fuzzer does not guess it. */
const summed = (rest: Buffer): Buffer => Buffer.concat([rest, createHash('sha256').update(rest).digest()]);

/** A valid file except for the header and the content of bitmap and hashes, whose lengths fit the header. */
function built(header: Buffer, body: Buffer): Buffer {
  const head = Buffer.alloc(24);
  head.write('PLATTER-MANIFEST');
  head.writeUInt32BE(1, 16);
  head.writeUInt32BE(header.length, 20);
  const said = /"chunkSize":(\d{5,8}),"bytes":(\d{1,9}),/.exec(header.toString('latin1'));
  const chunks = said === null ? 0 : Math.ceil(Number(said[2]) / Number(said[1]));
  const wanted = chunks > 4096 ? body.length : Math.ceil(chunks / 8) + chunks * 16;
  return summed(
    Buffer.concat([head, header, body.subarray(0, wanted), Buffer.alloc(Math.max(0, wanted - body.length))]),
  );
}

export function fuzz(data: Buffer): void {
  check(data);
  if (data.length >= 32) check(summed(data.subarray(0, -32)));
  const end = data.indexOf('}', data.indexOf('"createdAt"') + 1) + 1;
  const begin = Math.max(0, data.indexOf('{'));
  if (end > begin) check(built(data.subarray(begin, end), data.subarray(end)));
}
