// Rows of the decoder of packed images, beside the plain decoder of each format on one core and the tools that use
// several. All write to /dev/null.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Entry } from './contenders.ts';
import { MiB } from './figures.ts';
import { runProgram } from './measure.ts';
import type { Row, RowPlan } from './rows.ts';
import { missingProgram } from './shell.ts';

const PROGRAM = fileURLToPath(new URL('../../out/native/platter-unpack', import.meta.url));
const MOST = 128 * MiB;

export const DECODER = 'platter-unpack';
export const ONE_CORE = 'limit: one core';

/** A format: how an image is packed, by what one core decodes it, and what others do. PACKED is the file. */
interface Packed {
  id: string;
  title: string;
  pack: string;
  plain: string;
  peers: readonly string[];
}

const FORMATS: readonly Packed[] = [
  {
    id: 'decode-xz',
    title: 'decode xz in blocks',
    pack: 'xz -1 -T2 --block-size=4MiB -c IMAGE',
    plain: 'xz -dc -T1 PACKED',
    peers: ['xz -dc -T0 PACKED', 'pixz -d -i PACKED -o /dev/stdout'],
  },
  {
    id: 'decode-bz2',
    title: 'decode bzip2',
    pack: 'bzip2 -9 -c IMAGE',
    plain: 'bzip2 -dc PACKED',
    peers: ['lbzip2 -dc PACKED', 'pbzip2 -dc PACKED'],
  },
  {
    id: 'decode-zst',
    title: 'decode zstd of several frames',
    pack: "split -b 1M --filter='zstd -q -3 -c' IMAGE",
    plain: 'zstd -dcq PACKED',
    peers: ['pzstd -dcq PACKED'],
  },
  // zlib is what the decoder has where ISA-L is missing: here a file that is none is in its place.
  {
    id: 'decode-gz',
    title: 'decode gzip',
    pack: 'gzip -6 -c IMAGE',
    plain: 'ZLIB',
    peers: ['gzip -dc PACKED', 'pigz -dc PACKED'],
  },
  {
    id: 'decode-xz-one',
    title: 'decode xz of one block',
    pack: 'xz -1 -T1 -c IMAGE',
    plain: 'xz -dc -T1 PACKED',
    peers: [],
  },
  {
    id: 'decode-zst-one',
    title: 'decode zstd of one frame',
    pack: 'zstd -q -3 -c IMAGE',
    plain: 'zstd -dcq PACKED',
    peers: [],
  },
  { id: 'decode-lz4', title: 'decode lz4', pack: 'lz4 -q -1 -c IMAGE', plain: 'lz4 -dcq PACKED', peers: [] },
];

/** Programs one after the other, as an image of a system has them. */
function fill(path: string, bytes: number): void {
  const folder = '/usr/bin';
  const file = openSync(path, 'w');
  let left = bytes;
  while (left > 0) {
    for (const name of readdirSync(folder)) {
      const program = join(folder, name);
      if (left === 0 || !statSync(program, { throwIfNoEntry: false })?.isFile()) continue;
      left -= writeSync(file, readFileSync(program), 0, Math.min(left, statSync(program).size));
    }
  }
  closeSync(file);
}

function entry(name: string, kind: Entry['kind'], command: string): Entry {
  const missing = missingProgram(command.split(' ').find((word) => !word.includes('='))!);
  if (missing !== null) return { name, kind, run: missing };
  const run = async (): ReturnType<Exclude<Entry['run'], string>> => {
    const { wall, busy, memory } = await runProgram('sh', ['-c', `exec ${command} > /dev/null`]);
    return { seconds: wall, cpu: null, wall, busy, memory };
  };
  return { name, kind, run, writes: kind === 'platter' };
}

function decodeRow({ id, title, pack, plain, peers }: Packed): RowPlan {
  return {
    id,
    title,
    bytes: (size) => Math.min(size, MOST),
    destinations: 0,
    make(bytes) {
      const folder = mkdtempSync(join(tmpdir(), 'platter-decode-'));
      const [image, packed] = [join(folder, 'image'), join(folder, 'packed')];
      fill(image, bytes);
      const tool = missingProgram(/(?:filter=')?(xz|bzip2|zstd|gzip|lz4) /.exec(pack)![1]!);
      if (tool === null) execFileSync('sh', ['-c', `${pack.replace('IMAGE', image)} > ${packed}`]);
      writeFileSync(join(folder, 'libisal.so.2'), 'none');
      const ours = `${PROGRAM} decode < ${packed}`;
      const alone = plain === 'ZLIB' ? `env LD_LIBRARY_PATH=${folder} ${ours}` : plain.replace('PACKED', packed);
      const entries = [
        entry(ONE_CORE, 'limit', alone),
        entry(DECODER, 'platter', ours),
        ...peers.map((peer) => entry(peer.replace('PACKED', 'FILE'), 'peer', peer.replace('PACKED', packed))),
      ];
      const check = (): Promise<void> => {
        execFileSync('sh', ['-c', `${ours} | cmp - ${image}`]);
        return Promise.resolve();
      };
      const close = (): Promise<void> => rm(folder, { recursive: true });
      const row: Row = { bed: { close }, limit: ONE_CORE, entries, before: () => Promise.resolve(), check };
      return Promise.resolve(row);
    },
  };
}

export const decodeRows: readonly RowPlan[] = FORMATS.map(decodeRow);
