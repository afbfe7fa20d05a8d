// Writes the seeds that show the fuzzer the formats: run `node test/fuzz/seeds.ts` after a format has changed. Findings
// are stored beside them under libFuzzer's names.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeFrame } from '../../app/client/frames.ts';
import type { LogRecord } from '../../app/engine/formats/job-records.ts';
import { encodeManifest, type Manifest } from '../../app/engine/formats/manifest.ts';
import { Bench, PACKINGS, seekableZstd } from '../app/unpacking/unpack-files.ts';
import { forged, FORGINGS } from '../app/unpacking/partclone-files.ts';
import { diskSeeds } from './disk-seeds.ts';
import { bmapOf } from '../app/parsers/bmap-files.ts';
import { extended, gptDisk, hybridDisk, LOGICAL } from '../app/parsers/forged-tables.ts';
import { encoded, header } from './job-log.ts';
import { usedSeeds } from './used-seeds.ts';

const corpus = join(import.meta.dirname, 'corpus');

function seed(name: string, bytes: Uint8Array | string): void {
  const path = join(corpus, `${name}.seed`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

const log = (...records: LogRecord[]): Buffer => encoded(header, records);

const manifest = (bytes: number, change: Partial<Manifest> = {}): Uint8Array => {
  const chunks = Math.ceil(bytes / 65536);
  const known = Uint8Array.from(
    { length: Math.ceil(chunks / 8) },
    (_, index) => 2 ** Math.min(8, chunks - index * 8) - 1,
  );
  const source = { path: '/dev/sda', model: 'M', serial: null, size: bytes };
  return encodeManifest({
    chunkSize: 65536,
    bytes,
    source,
    createdAt: 1,
    program: 'p',
    known,
    hashes: new Uint8Array(chunks * 16).fill(7),
    ...change,
  });
};

const request = { id: 1, method: 'list', params: { all: true } };
seed('frames/one', Buffer.concat([Buffer.of(63), encodeFrame(request)]));
const values = [request, 'ü\u{1f4bf}', [1e300, -0, null, true, { __proto__: 1 }]];
seed('frames/three', Buffer.concat([Buffer.of(4), ...values.map(encodeFrame)]));
seed('frames/empty', Buffer.from([0, 0, 0, 0, 0]));
seed('frames/long', Buffer.from([0, 0, 0x40, 0, 1, 0x22]));

seed('manifest/empty', manifest(0));
seed('manifest/nine', manifest(9 * 65536 - 1));
seed('manifest/holes', manifest(65536 * 2, { known: Uint8Array.of(2), hashes: new Uint8Array(32).fill(9, 16) }));

const { destinations } = header;
seed('job-log/header', log());
seed(
  'job-log/all',
  log(
    { type: 'durable', destination: 0, first: 0, count: 3, hashes: new Uint8Array(48).fill(5) },
    { type: 'durable', destination: 1, first: 1, count: 2, hashes: null },
    { type: 'withdrawn', destination: 0, first: 1, count: 1 },
    { type: 'state', destination: 1, state: 'failed', verified: false },
    {
      type: 'closed',
      result: {
        readErr: 0,
        writeErr: 2,
        seconds: 1,
        bytes: 2,
        cancelled: false,
        errors: [],
        manifest: null,
        rescue: null,
        sourceWritten: false,
        notes: [],
        destinations: destinations.map(({ path }) => ({
          path,
          state: 'done',
          verified: null,
          uncompared: 0,
          written: 1,
          kept: 0,
          seconds: 1,
          errors: [],
        })),
      },
    },
    { type: 'resumed', at: 5 },
    { type: 'durable', destination: 1, first: 39, count: 1, hashes: null },
  ),
);

const status = '# current_pos  current_status  current_pass\n';
seed(
  'mapfile/written',
  `# Mapfile. Created by platter\n${status}0x00000000     ?               1\n#      pos        size  status\n` +
    '0x00000000  0x00117000  +\n0x00117000  0x00000200  -\n0x00117200  0x00001000  /\n' +
    '0x00118200  0x00007E00  *\n0x00120000  0x00048000  ?\n',
);
seed('mapfile/spelled', ' 010 F 3 # octal\n\n\t0X10 0x7FFFFFFFFFFFFFEF +\r\n');
seed('mapfile/old', '0 G\n0 512 -\n');
const folder = mkdtempSync(join(tmpdir(), 'platter-seeds-'));
try {
  writeFileSync(join(folder, 'source'), Buffer.alloc(1e6));
  execFileSync('ddrescue', ['--quiet', '--size=500000', 'source', 'copy', 'map'], { cwd: folder });
  seed('mapfile/ddrescue', readFileSync(join(folder, 'map')));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const mapped = Buffer.alloc(50_000, 1);
for (const version of ['1.2', '1.3', '1.4', '2.0'] as const)
  seed(
    `bmap/${version}`,
    bmapOf(
      mapped,
      [
        [0, 1],
        [4, 4],
        [9, 12],
      ],
      { version },
    ),
  );

/** The first bytes of a disk, preceded by their place and the sector size (see app/parsers/disk-content.ts). */
const disk = (place: number, sector: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.of(place, sector), bytes]);
seed('inside/gpt', disk(0, 1, gptDisk(256 * 1024).subarray(0, 2048)));
seed('inside/gpt-of-4096', disk(3, 2, gptDisk(256 * 1024, { sector: 4096 }).subarray(4096, 8190)));
seed('inside/hybrid', disk(0, 0, hybridDisk().subarray(0, 2048)));
seed(
  'inside/logical',
  disk(
    0,
    0,
    extended([
      { at: 0, own: LOGICAL, next: 2 },
      { at: 2, own: LOGICAL, next: 4 },
      { at: 4, own: LOGICAL },
    ]).subarray(0, 4094),
  ),
);
for (const [name, place, from, make] of [
  ['ext4', 2, 1024, 'mke2fs -q -t ext4 -L a d'],
  ['fat', 0, 0, 'mkfs.vfat -F 12 -n A d'],
  ['exfat', 0, 0, 'mkfs.exfat -L a d'],
  ['ntfs', 0, 0, 'mkfs.ntfs -Q -F -q -L a d'],
  ['luks', 0, 0, 'echo -n a | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 d -'],
  ['swap', 2, 1024, 'mkswap -q -L a d'],
  ['btrfs', 5, 65_536, 'truncate -s 128M d; mkfs.btrfs -q -L a d'],
  ['f2fs', 2, 1024, 'truncate -s 64M d; mkfs.f2fs -q -l a d'],
  ['iso', 4, 32_768, 'mkdir f; echo a > f/a; genisoimage -quiet -J -V A -o d f'],
] as const) {
  const made = mkdtempSync(join(tmpdir(), 'platter-seeds-'));
  try {
    execFileSync('bash', ['-euc', `truncate -s 8M d; ${make}`], { cwd: made });
    seed(`inside/${name}`, disk(place, 0, readFileSync(join(made, 'd')).subarray(from, from + 4094)));
  } finally {
    rmSync(made, { recursive: true });
  }
}

for (const [name, bytes] of diskSeeds()) seed(`unpack-${name}`, bytes);
for (const { name, how } of FORGINGS) seed(`unpack-partclone/${name.replaceAll(' ', '-')}`, forged(how).image);
for (const [name, bytes] of usedSeeds()) seed(`used-blocks/${name}`, bytes);

/** The formats of packed images, by a file's first bytes. */
const FORMATS: Record<string, string> = {
  fd37: 'xz',
  '1f8b': 'gzip',
  '425a': 'bzip2',
  '28b5': 'zstd',
  '502a': 'zstd',
  '0422': 'lz4',
  '504b': 'zip',
  '3aff': 'android-sparse',
};
{
  // A mixture of data in 4096 bytes, to which img2simg pads.
  const content = Buffer.concat([manifest(99 * 65536), Buffer.alloc(4096)]).subarray(0, 4096);
  using bench = new Bench(content);
  seed('unpack-zstd/seekable', seekableZstd(content, 1000));
  seed('unpack-bzip2/two-blocks', execFileSync('bzip2', ['-1', '-c'], { input: Buffer.alloc(150_000, 'ab') }));
  for (const packing of PACKINGS) {
    const bytes = bench.pack(packing);
    const format = FORMATS[bytes.toString('hex', 0, 2)]!;
    seed(`unpack-${format}/${packing.name.replaceAll(' ', '-')}`, bytes);
  }
}
