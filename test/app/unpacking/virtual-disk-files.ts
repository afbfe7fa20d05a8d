// Virtual disks of every format that the decoder reads, made by qemu-img, which also judges the decoded bytes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { lacks } from '../parsers/source-files.ts';

/** Why tests that need qemu-img are skipped; null when it is installed. */
export const lacksQemu = lacks('qemu-img');
if (lacksQemu !== null) console.warn(`skipped: ${lacksQemu}: sudo apt-get install qemu-utils`);

/** The options with which qemu-img makes one. `format` is its name for it. */
export interface Making {
  name: string;
  format: string;
  options: string[];
}

const of = (name: string, format: string, ...options: string[]): Making => ({ name, format, options });

export const MAKINGS: readonly Making[] = [
  of('qcow2 of version 2', 'qcow2', '-o', 'compat=0.10'),
  of('qcow2', 'qcow2'),
  of('qcow2 in the smallest clusters', 'qcow2', '-o', 'cluster_size=512'),
  of('qcow2 in the largest clusters', 'qcow2', '-o', 'cluster_size=2M'),
  of('qcow2 packed by zlib', 'qcow2', '-c'),
  of('qcow2 of version 2 packed by zlib', 'qcow2', '-c', '-o', 'compat=0.10'),
  of('qcow2 packed by zlib in small clusters', 'qcow2', '-c', '-o', 'cluster_size=4k'),
  of('qcow2 packed by zstd', 'qcow2', '-c', '-o', 'compression_type=zstd'),
  of('qcow2 with references of one bit', 'qcow2', '-o', 'refcount_bits=1'),
  of('qcow2 with references of 64 bits', 'qcow2', '-o', 'refcount_bits=64'),
  of('qcow2 whose clusters are all there', 'qcow2', '-o', 'preallocation=metadata'),
  of('qcow2 with parts of clusters', 'qcow2', '-o', 'extended_l2=on,cluster_size=128k'),
  of('VMDK', 'vmdk'),
  of('VMDK with grains of zeros', 'vmdk', '-o', 'zeroed_grain=on'),
  of('streamed VMDK', 'vmdk', '-o', 'subformat=streamOptimized'),
  of('VDI', 'vdi'),
  of('fixed VDI', 'vdi', '-o', 'static=on'),
  of('VHD', 'vpc', '-o', 'force_size=on'),
  of('VHD with a size by its geometry', 'vpc'),
  of('fixed VHD', 'vpc', '-o', 'subformat=fixed,force_size=on'),
  of('VHDX', 'vhdx'),
  of('VHDX in small blocks', 'vhdx', '-o', 'block_size=1M'),
  of('fixed VHDX', 'vhdx', '-o', 'subformat=fixed'),
];

/** Converts a raw disk to `to`. */
export function makeDisk({ format, options }: Making, raw: string, to: string): void {
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, ...options, raw, to], { stdio: 'pipe' });
}

/** The raw disk in `path`, according to qemu-img. */
export function judged({ format }: Making, path: string): Buffer {
  execFileSync('qemu-img', ['convert', '-f', format, '-O', 'raw', path, `${path}.raw`], { stdio: 'pipe' });
  return readFileSync(`${path}.raw`);
}
