// Rows of the decoder of packed images, with each format's plain decoder on one core and the tools that use several.
// All write to /dev/null.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Entry } from './contenders.ts';
import { MiB } from './figures.ts';
import { decodeBy, fillWithPrograms, pack, PACKINGS } from './packed-image.ts';
import type { Row, RowPlan } from './rows.ts';
import { missingProgram } from './shell.ts';

/** The decoder of packed images. */
export const PROGRAM = fileURLToPath(new URL('../../out/native/platter-unpack', import.meta.url));
const MOST = 128 * MiB;

export const DECODER = 'platter-unpack';
export const ONE_CORE = 'limit: one core';

/** A format: the command that packs an image, the decoder on one core, and other decoders. PACKED is the file. */
interface Packed {
  id: string;
  title: string;
  packing: string;
  plain: string;
  peers: readonly string[];
}

const FORMATS: readonly Packed[] = [
  {
    id: 'decode-xz',
    title: 'decode xz in blocks',
    packing: PACKINGS.xz,
    plain: 'xz -dc -T1 PACKED',
    peers: ['xz -dc -T0 PACKED', 'pixz -d -i PACKED -o /dev/stdout'],
  },
  {
    id: 'decode-bz2',
    title: 'decode bzip2',
    packing: PACKINGS.bzip2,
    plain: 'bzip2 -dc PACKED',
    peers: ['lbzip2 -dc PACKED', 'pbzip2 -dc PACKED'],
  },
  {
    id: 'decode-zst',
    title: 'decode zstd of several frames',
    packing: PACKINGS.zstd,
    plain: 'zstd -dcq PACKED',
    peers: ['pzstd -dcq PACKED'],
  },
  // The decoder uses zlib when ISA-L is missing, so put an invalid file in ISA-L's place.
  {
    id: 'decode-gz',
    title: 'decode gzip',
    packing: PACKINGS.gzip,
    plain: 'ZLIB',
    peers: ['gzip -dc PACKED', 'pigz -dc PACKED'],
  },
  {
    id: 'decode-xz-one',
    title: 'decode xz of one block',
    packing: PACKINGS.xzOfOneBlock,
    plain: 'xz -dc -T1 PACKED',
    peers: [],
  },
  {
    id: 'decode-zst-one',
    title: 'decode zstd of one frame',
    packing: PACKINGS.zstdOfOneFrame,
    plain: 'zstd -dcq PACKED',
    peers: [],
  },
  { id: 'decode-lz4', title: 'decode lz4', packing: PACKINGS.lz4, plain: 'lz4 -dcq PACKED', peers: [] },
];

function entry(name: string, kind: Entry['kind'], command: string): Entry {
  const missing = missingProgram(command.split(' ').find((word) => !word.includes('='))!);
  if (missing !== null) return { name, kind, run: missing };
  return { name, kind, run: () => decodeBy(command), writes: kind === 'platter' };
}

function decodeRow({ id, title, packing, plain, peers }: Packed): RowPlan {
  return {
    id,
    title,
    bytes: (size) => Math.min(size, MOST),
    destinations: 0,
    make(bytes) {
      const folder = mkdtempSync(join(tmpdir(), 'platter-decode-'));
      const [image, packed] = [join(folder, 'image'), join(folder, 'packed')];
      fillWithPrograms(image, bytes);
      pack(packing, image, packed);
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
