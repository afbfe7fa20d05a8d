// Prints how long it takes from `platter mount` to the first file of a large image. It asserts no time.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { serverLacks } from '../../../build/native.mjs';
import { canLab } from '../../lab/lab.ts';
import { platter } from '../cli/support.ts';
import { Folder } from '../parsers/source-files.ts';

const FRAME = 1024 ** 2;
const SIZE = 20 * 1024 ** 3;

const missing = serverLacks();
const why = missing.length > 0 ? `without ${missing.join(', ')}: install the -dev packages` : canLab();

/** Packs a file into frames of 1 MiB with a seek table (zstd's contrib/seekable_format). */
function packSeekable(from: string, to: string): void {
  const pack = (bytes: Buffer): Buffer =>
    zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_compressionLevel]: 1 } });
  const zeros = Buffer.alloc(FRAME);
  const packedZeros = pack(zeros);
  const [input, output] = [openSync(from, 'r'), openSync(to, 'w')];
  const entries: Buffer[] = [];
  const bytes = Buffer.alloc(FRAME);
  for (let at = 0; at < SIZE; at += FRAME) {
    readSync(input, bytes, 0, FRAME, at);
    const frame = bytes.equals(zeros) ? packedZeros : pack(bytes);
    writeSync(output, frame);
    const entry = Buffer.alloc(8);
    entry.writeUInt32LE(frame.length, 0);
    entry.writeUInt32LE(FRAME, 4);
    entries.push(entry);
  }
  const table = Buffer.concat(entries);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a5e, 0);
  head.writeUInt32LE(table.length + 9, 4);
  const foot = Buffer.alloc(9);
  foot.writeUInt32LE(entries.length, 0);
  foot.writeUInt32LE(0x8f92eab1, 5);
  writeSync(output, Buffer.concat([head, table, foot]));
  [input, output].forEach((file) => closeSync(file));
}

test.skipIf(why !== null)(
  `the first file of 20 GiB in frames is read after${why === null ? '' : ` (${why})`}`,
  async () => {
    using folder = new Folder();
    mkdirSync(folder.at('files'));
    writeFileSync(folder.at('files/first'), 'the first file\n');
    execFileSync('sh', ['-ec', `truncate -s ${SIZE} large.img; mke2fs -q -t ext4 -d files large.img`], {
      cwd: folder.path,
    });
    packSeekable(folder.at('large.img'), folder.at('large.img.zst'));

    const began = performance.now();
    const { code } = await platter(['mount', folder.at('large.img.zst'), folder.at('view')]);
    const mounted = performance.now();
    const first = readFileSync(join(folder.at('view'), 'disk', 'first'), 'utf8');
    const read = performance.now();
    const closed = await platter(['unmount', folder.at('view')]);

    console.log(
      `mount ${(mounted - began).toFixed(0)} ms, then the first file ${(read - mounted).toFixed(0)} ms (20 GiB, zstd in frames)`,
    );
    expect([code, first, closed.code]).toEqual([0, 'the first file\n', 0]);
  },
  300_000,
);
