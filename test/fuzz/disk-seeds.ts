// Small virtual disks that show the fuzzer the formats. qemu-img makes them, and large parts are cut out.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededBytes } from '../lab/lab.ts';

const KiB = 1024;

/** A file for a disk of 4 KiB. Half of it is zeros, and one block packs well. */
function made(format: string, ...options: string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'platter-seeds-'));
  try {
    const disk = Buffer.concat([seededBytes(KiB, 3), Buffer.alloc(KiB, 'ab'), Buffer.alloc(2 * KiB)]);
    writeFileSync(join(folder, 'd'), disk);
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, ...options, 'd', 'o'], { cwd: folder });
    return readFileSync(join(folder, 'o'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A VMDK with its parts moved together: one sector each for the header, the text and both tables. */
function vmdk(isStreamed: boolean): Buffer {
  const whole = made('vmdk', '-o', `subformat=${isStreamed ? 'streamOptimized' : 'monolithicSparse'}`);
  const header = Buffer.from(whole.subarray(0, 512));
  const table = whole.readUInt32LE(Number(header.readBigUInt64LE(56)) * 512) * 512;
  const grain = whole.readUInt32LE(table) * 512;
  const text = Number(header.readBigUInt64LE(28)) * 512;
  const tables = Buffer.alloc(1024);
  tables.writeUInt32LE(3, 0);
  tables.writeUInt32LE(4, 512);
  header.writeUInt32LE(header.readUInt32LE(8) & ~2, 8);
  header.writeBigUInt64LE(1n, 28);
  header.writeBigUInt64LE(1n, 36);
  header.writeUInt32LE(1, 44);
  header.writeBigUInt64LE(2n, 56);
  return Buffer.concat([header, whole.subarray(text, text + 512), tables, whole.subarray(grain, grain + 4 * KiB)]);
}

function vdi(): Buffer {
  const whole = made('vdi');
  whole.writeUInt32LE(4 * KiB, 376);
  return whole.subarray(0, KiB + 4 * KiB);
}

function vhd(): Buffer {
  const whole = made('vpc', '-o', 'force_size=on');
  const footer = whole.subarray(0, 512);
  const table = Number(whole.readBigUInt64BE(512 + 16));
  whole.writeUInt32BE(4 * KiB, 512 + 32);
  const block = whole.readUInt32BE(table) * 512;
  whole.writeUInt32BE(4, table);
  const start = Buffer.concat([whole.subarray(0, 1536), whole.subarray(table, table + 512)]);
  start.writeBigUInt64BE(1536n, 512 + 16);
  return Buffer.concat([start, whole.subarray(block, block + 512), whole.subarray(block + 512, block + 4608), footer]);
}

/** The parts that fuzz.cc moves apart again. */
function vhdx(): Buffer {
  const whole = made('vhdx', '-o', 'block_size=1M');
  const header = Buffer.from(whole.subarray(64 * KiB, 64 * KiB + 80));
  const regions = Buffer.from(whole.subarray(192 * KiB, 192 * KiB + 112));
  let metadata = 0;
  for (const at of [16, 48]) {
    const isTable = regions.readUInt32LE(at) === 0x2dc27766;
    if (!isTable) metadata = Number(regions.readBigUInt64LE(at + 16));
    regions.writeBigUInt64LE(BigInt((isTable ? 2 : 1) * KiB * KiB), at + 16);
  }
  const values = whole.subarray(metadata + 64 * KiB, metadata + 64 * KiB + 64);
  const blocks = Buffer.alloc(16);
  blocks.writeBigUInt64LE((2n << 20n) | 6n);
  return Buffer.concat([
    whole.subarray(0, 8),
    header,
    regions,
    whole.subarray(metadata, metadata + 256),
    values,
    blocks,
    seededBytes(100, 4),
  ]);
}

export const diskSeeds = (): [name: string, bytes: Buffer][] => [
  ['qcow2/plain', made('qcow2', '-o', 'cluster_size=512')],
  ['qcow2/old', made('qcow2', '-o', 'cluster_size=512,compat=0.10')],
  ['qcow2/zlib', made('qcow2', '-c', '-o', 'cluster_size=512')],
  ['qcow2/zstd', made('qcow2', '-c', '-o', 'cluster_size=1k,compression_type=zstd,refcount_bits=2')],
  ['vmdk/sparse', vmdk(false)],
  ['vmdk/streamed', vmdk(true)],
  ['vdi/plain', vdi()],
  ['vhd/dynamic', vhd()],
  ['vhd/fixed', made('vpc', '-o', 'force_size=on,subformat=fixed')],
  ['vhdx/plain', vhdx()],
];
