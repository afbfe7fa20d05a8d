// Packed images, made by other people's tools, and the decoder for them.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cmake, decoderLacks } from '../../../build/native.mjs';
import { seededBytes } from '../../lab/lab.ts';
import { lacks } from '../parsers/source-files.ts';

const missing = decoderLacks();
/** True when the decoder cannot be built here. `because` gives the reason, for the name of a test. */
export const cannotBuild = missing.length > 0;
export const because = cannotBuild ? ` (without ${missing.join(', ')}: install the -dev packages)` : '';

const PROGRAM = resolve('out/native/plain/platter-unpack');

/** Builds the decoder. */
export const build = (): Promise<void> => cmake('plain', ['platter-unpack']);

/**
 * The command that packs FILE to standard output, in blocks of PIECE bytes if supported, and the properties of the
 * packed file.
 */
export interface Packing {
  name: string;
  command: string;
  /** Decoding can start in the middle. */
  seekable?: true;
  /** The file has no checksum of its content. */
  unchecked?: true;
  /** The file consists of members. Truncated between two of them, it is complete but shorter. */
  members?: true;
}

/** A command that packs each piece of FILE separately. */
const pieces = (command: string): string => `split -b PIECE --filter='${command}' FILE`;

const ALL: readonly Packing[] = [
  { name: 'xz', command: 'xz -1 -c FILE' },
  { name: 'xz in blocks', command: 'xz -1 --block-size=PIECE -T2 -c FILE', seekable: true },
  { name: 'xz in blocks without sizes', command: 'xz -1 --block-size=PIECE -T1 -c FILE', seekable: true },
  { name: 'xz of several streams', command: pieces('xz -1 -c'), seekable: true, members: true },
  { name: 'xz without checksums', command: 'xz -1 -C none -c FILE', unchecked: true },
  { name: 'pixz', command: 'pixz -1 -f 0.1 FILE FILE.pixz && cat FILE.pixz', seekable: true },
  { name: 'gzip', command: 'gzip -1 -c FILE' },
  { name: 'gzip of several members', command: pieces('gzip -1 -c'), members: true },
  { name: 'pigz', command: 'pigz -1 -c FILE' },
  { name: 'bgzip', command: 'bgzip -c FILE', seekable: true },
  { name: 'bzip2', command: 'bzip2 -1 -c FILE' },
  { name: 'bzip2 of several streams', command: pieces('bzip2 -1 -c'), members: true },
  { name: 'lbzip2', command: 'lbzip2 -1 -c FILE' },
  { name: 'pbzip2', command: 'pbzip2 -1 -b2 -q -c FILE', members: true },
  { name: 'zstd', command: 'zstd -q -1 -c FILE' },
  { name: 'zstd --long', command: 'zstd -q -1 --long=27 -c FILE' },
  {
    name: 'zstd of several frames',
    command: pieces('cat > FILE.piece && zstd -q -1 -c FILE.piece'),
    seekable: true,
    members: true,
  },
  { name: 'zstd without checksums', command: 'zstd -q -1 --no-check -c FILE', unchecked: true },
  { name: 'pzstd', command: 'pzstd -q -1 -c FILE', members: true },
  { name: 'lz4', command: 'lz4 -q -1 -c FILE' },
  { name: 'lz4 with its size', command: 'lz4 -q -1 --content-size -c FILE' },
  { name: 'zip', command: 'zip -q -1 -j - FILE' },
  { name: 'zip without packing', command: 'zip -q -0 -j - FILE', seekable: true },
  { name: 'zip from a pipe', command: 'zip -q -1 - - < FILE' },
  { name: '7zz', command: '7zz a -tzip -mx1 -so x FILE' },
  { name: 'img2simg', command: 'img2simg FILE FILE.simg && cat FILE.simg', seekable: true, unchecked: true },
];

const toolOf = (packing: Packing): string =>
  /^split .*?'(?:cat > \S+ && )?(\w+)/.exec(packing.command)?.[1] ?? packing.command.split(' ')[0]!;

/** Those whose tool is installed. */
export const PACKINGS = ALL.filter((packing) => lacks(toolOf(packing)) === null);

/**
 * zstd frames of `size` bytes that do not contain their length, and a table of the seekable format. `lies` are added to
 * the lengths of the first frames in the table.
 */
export function seekableZstd(content: Buffer, size: number, lies: readonly number[] = []): Buffer {
  const frames: Buffer[] = [];
  const table = Buffer.alloc(8 + 9 + 8 * Math.ceil(content.length / size));
  for (let at = 0; at < content.length; at += size) {
    const piece = content.subarray(at, at + size);
    const frame = execFileSync('zstd', ['-q', '-1', '-c'], { input: piece });
    table.writeUInt32LE(frame.length, 8 + 8 * frames.length);
    table.writeUInt32LE(piece.length + (lies[frames.length] ?? 0), 8 + 8 * frames.length + 4);
    frames.push(frame);
  }
  table.writeUInt32LE(0x184d2a5e, 0);
  table.writeUInt32LE(table.length - 8, 4);
  table.writeUInt32LE(frames.length, table.length - 9);
  table.writeUInt32LE(0x8f92eab1, table.length - 4);
  return Buffer.concat([...frames, table]);
}

/** The result and the output of the decoder. */
export interface Decoded {
  code: number | null;
  out: Buffer;
  report: Record<string, unknown>;
}

/** A folder with an image, which is removed with the test (`using`). */
export class Bench implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'platter-unpack-'));
  readonly content: Buffer;

  /**
   * The default image has data that packs well, data that does not, and data that repeats at a long distance. Its
   * length is a multiple of 4096 bytes, to which img2simg pads.
   */
  constructor(content?: Buffer) {
    const random = seededBytes(400_000, 1);
    this.content = content ?? Buffer.concat([random, Buffer.alloc(900_000), random, Buffer.alloc(24_416, 'text ')]);
    writeFileSync(this.image, this.content);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  /** Path of the image. */
  get image(): string {
    return this.#path('disk.img');
  }

  pack({ command }: Packing): Buffer {
    const piece = String(Math.ceil(this.content.length / 6));
    const whole = command.replaceAll('FILE', this.image).replaceAll('PIECE', piece);
    return execFileSync('bash', ['-ec', whole], { maxBuffer: 64 * 1024 ** 2, stdio: ['ignore', 'pipe', 'ignore'] });
  }

  /** The output of `probe` for `bytes`. */
  probe(bytes: Uint8Array, ...options: string[]): Record<string, unknown> {
    const { out } = this.#run('probe', bytes, options);
    return JSON.parse(out.toString()) as Record<string, unknown>;
  }

  /** Decodes `bytes` from a seekable file. */
  decode(bytes: Uint8Array, ...options: string[]): Decoded {
    return this.#run('decode', bytes, options);
  }

  #run(call: string, bytes: Uint8Array, options: readonly string[]): Decoded {
    const packed = this.#path('packed');
    const said = this.#path('said');
    writeFileSync(packed, bytes);
    const command = `exec "$0" "$@" < "${packed}" 3> "${said}"`;
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command, PROGRAM, call, ...options], {
      maxBuffer: 64 * 1024 ** 2,
    });
    const last = (readFileSync(said, 'utf8') || stderr.toString()).trim().split('\n').at(-1)!;
    return { code: status, out: stdout, report: last === '' ? {} : (JSON.parse(last) as Record<string, unknown>) };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
